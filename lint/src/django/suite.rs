//! A project of Django from its files to its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mrt_chain::graph::{ResolveError, RevisionFile};
use mrt_chain::settings::EngineKind;
use mrt_chain::text;

use super::graph::{self, Node, Order, ProblemKind};
use super::replay;
use super::state::State;
use super::written::{self, Written};
use super::{Django, app, files};
use crate::finding::{Finding, Severity};
use crate::migration::Migration;
use crate::operation::Operation;
use crate::project::{self, CheckError, Checked, Judge, Selection};
use crate::rules;
use crate::selection;
use crate::source::{Noqa, Source, SourceError};
use crate::telling::{Looked, Telling, Wishes};
use crate::undo::{Applied, World};

/// Checks every migration below a directory.
pub(crate) fn check(
    dir: &Path,
    engines: &[EngineKind],
    wishes: &Wishes<'_>,
    selection: &Selection,
) -> Result<Checked, CheckError> {
    let found = files::find(dir)?;
    let directories: BTreeSet<&Path> = found.iter().map(|file| files::app_directory(&file.path)).collect();
    let labels: Vec<(&Path, String)> =
        directories.into_iter().map(|directory| (directory, app::label(directory))).collect();
    let label = |path: &Path| {
        let own = files::app_directory(path);
        labels.iter().find(|(directory, _)| *directory == own).map_or("", |(_, label)| label.as_str())
    };
    let read = project::in_parts(found.iter(), |file| match Source::read(&file.path) {
        Ok(source) => File::read(file, label(&file.path), source),
        Err(error) => File::new(file, label(&file.path), Err(error), String::new()),
    })?;
    judge(read, engines, wishes, selection)
}

/// Checks texts that need not be files. Each is called `APP/migrations/NAME.py`.
pub(crate) fn check_texts(
    texts: &[(&str, &str)],
    engines: &[EngineKind],
    selection: &Selection,
) -> Result<Checked, CheckError> {
    let read = project::on_a_large_stack(|| {
        let read = |(name, text): &(&str, &str)| {
            let file = RevisionFile { path: name.into(), display: (*name).to_owned() };
            let label = files::app_directory(&file.path).file_name().unwrap_or_default().to_string_lossy();
            File::read(&file, &label, Source::new(*text))
        };
        texts.iter().map(read).collect()
    })?;
    judge(read, engines, &Wishes::default(), selection)
}

/// A file, read once.
struct File {
    file: RevisionFile,
    app: String,
    name: String,
    read: Result<Content, SourceError>,
    text: String,
    noqa: Noqa,
}

enum Content {
    Migration(Box<Written>),
    /// There is a `Migration`, and it is not written here.
    Elsewhere,
    None,
}

impl File {
    fn new(file: &RevisionFile, app: &str, read: Result<Content, SourceError>, text: String) -> Self {
        let name = file.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self { file: file.clone(), app: app.to_owned(), name, read, text, noqa: Noqa::default() }
    }

    fn read(file: &RevisionFile, app: &str, source: Source) -> Self {
        let parsed = match source.parse() {
            Ok(parsed) => parsed,
            Err(error) => return Self::new(file, app, Err(error), source.text),
        };
        let module = parsed.syntax();
        let content = match written::class(module) {
            Some(class) => Content::Migration(Box::new(written::read(module, class, &source.lines, app))),
            None if written::mentions_migration(module) => Content::Elsewhere,
            None => Content::None,
        };
        let noqa = Noqa::of_elements(&source, &parsed);
        Self { noqa, ..Self::new(file, app, Ok(content), source.text) }
    }

    /// The migration's id; empty where there is none.
    fn id(&self) -> String {
        self.written().map(|_| format!("{}.{}", self.app, self.name)).unwrap_or_default()
    }

    fn written(&self) -> Option<&Written> {
        match &self.read {
            Ok(Content::Migration(written)) => Some(written),
            _ => None,
        }
    }
}

fn judge(
    files: Vec<File>,
    engines: &[EngineKind],
    wishes: &Wishes<'_>,
    selection: &Selection,
) -> Result<Checked, CheckError> {
    let apps: BTreeSet<PathBuf> = files
        .iter()
        .filter(|file| matches!(file.read, Ok(Content::Migration(_))))
        .map(|file| files::app_directory(&file.file.path).to_owned())
        .collect();
    // Other directories are called `migrations`, too, and Django never looks into them.
    let files: Vec<File> =
        files.into_iter().filter(|file| apps.contains(files::app_directory(&file.file.path))).collect();
    let mut telling = Telling::of(files.iter().map(|file| &file.file), wishes, selection)?;
    for file in &files {
        let (message, line) = match &file.read {
            Err(error) => (format!("this file {error}"), error.line()),
            Ok(Content::None) => (
                "this file has no class `Migration`: Django loads no migration of the application then; begin its name with `_`, \
                 or put it elsewhere"
                    .to_owned(),
                1,
            ),
            Ok(_) => continue,
        };
        add(&mut telling, rules::UNREADABLE, file, line, &message);
    }
    for group in groups(&files) {
        judge_group(&group, engines, &mut telling);
    }
    let looked = files.into_iter().map(|file| Looked {
        revision: file.id(),
        file: file.file,
        engines: engines.len(),
        noqa: Some(file.noqa),
        text: file.text,
    });
    Ok(telling.finish(looked.collect(), None)?)
}

/// Files that are one project: of several directories whose application has the same label, each is another project's.
fn groups(files: &[File]) -> Vec<Vec<&File>> {
    let mut directories: BTreeMap<&str, Vec<PathBuf>> = BTreeMap::new();
    let mut groups: Vec<Vec<&File>> = Vec::new();
    for file in files.iter().filter(|file| file.written().is_some()) {
        let known = directories.entry(&file.app).or_default();
        let own = files::app_directory(&file.file.path);
        let at = known.iter().position(|directory| directory == own).unwrap_or_else(|| {
            known.push(own.to_owned());
            known.len() - 1
        });
        if groups.len() <= at {
            groups.resize_with(at + 1, Vec::new);
        }
        groups[at].push(file);
    }
    groups
}

fn judge_group(files: &[&File], engines: &[EngineKind], telling: &mut Telling<'_>) {
    let nodes: Vec<Node<'_>> = files
        .iter()
        .filter_map(|file| Some(Node { app: &file.app, name: &file.name, written: file.written()? }))
        .collect();
    let order = graph::order(&nodes);
    let beside = graph::stand_beside(&nodes);
    for problem in &order.problems {
        let (code, line) = match problem.kind {
            ProblemKind::Leaves => (rules::HEADS, nodes[problem.node].written.line),
            ProblemKind::NoOrder => (rules::NO_CHAIN, nodes[problem.node].written.dependencies_line),
        };
        add(telling, code, files[problem.node], line, &problem.message);
    }
    learn(telling, files, &order);
    for engine in engines.iter().copied() {
        let mut judge = Judge::new(engine, true);
        let (mut state, mut world, mut applied) = (State::default(), World::default(), Applied::default());
        let mut one = |at: usize, state: &mut State, world: &World| {
            let (node, written) = (&nodes[at], nodes[at].written);
            let replayed = replay::migration(&written.actions, node.app, state, engine, written.atomic);
            let migration = Migration {
                revision: format!("{}.{}", node.app, node.name),
                file: files[at].file.display.clone(),
                upgrade: replayed.upgrade,
                downgrade: Some(replayed.downgrade),
                refused: Vec::new(),
                upgrade_line: written.line,
                downgrade_line: written.line,
                django: Some(Django {
                    name: node.name.to_owned(),
                    atomic: written.atomic,
                    replaces: !written.replaces.is_empty(),
                    stands_beside: beside[at].clone(),
                    line: written.line,
                    steps: replayed.steps,
                }),
            };
            judge.migration(&migration, world)
        };
        for (position, at) in order.plan.iter().copied().enumerate() {
            for (apart, _) in order.apart.iter().filter(|(_, before)| *before == Some(at)) {
                one(*apart, &mut state.clone(), &world);
            }
            let undo = one(at, &mut state, &world);
            world.upgraded(position, undo);
            applied.add(position);
            world.show(applied.clone());
        }
        for (apart, _) in order.apart.iter().filter(|(_, before)| before.is_none()) {
            one(*apart, &mut State::default(), &World::default());
        }
        judge.found.into_iter().for_each(|finding| telling.add(finding, Some(engine)));
    }
}

/// Takes in which migrations run after which.
fn learn(telling: &mut Telling<'_>, files: &[&File], order: &Order) {
    let ids: Vec<String> = files.iter().map(|file| file.id()).collect();
    let mut nodes: Vec<selection::Node<'_>> = Vec::with_capacity(files.len());
    for ((id, file), before) in ids.iter().zip(files).zip(&order.before) {
        nodes.push(selection::Node { id, file: &file.file.path, before: before.iter().copied().collect() });
    }
    telling.learn(&nodes, |name| {
        let begins = |at: &usize| ids[*at].starts_with(name);
        let exactly = ids.iter().position(|id| id == name);
        let found: Vec<usize> =
            exactly.map_or_else(|| (0..ids.len()).filter(begins).collect(), |at| vec![at]);
        match found.as_slice() {
            [only] => Ok(*only),
            [] => {
                let hint = text::nearest(name, ids.iter().map(String::as_str)).map(ToOwned::to_owned);
                Err(ResolveError::Unknown { name: name.to_owned(), hint })
            }
            several => {
                let candidates = several.iter().map(|at| ids[*at].clone()).collect();
                Err(ResolveError::Ambiguous { name: name.to_owned(), candidates })
            }
        }
    });
}

fn add(telling: &mut Telling<'_>, code: &str, file: &File, line: u32, message: &str) {
    let Some(rule) = rules::find(code) else { return };
    let finding = Finding {
        code: rule.code,
        // What Django refuses is certain.
        severity: Severity::Error,
        revision: file.id(),
        file: file.file.display.clone(),
        line,
        message: crate::case::in_words_of_django(message),
    };
    telling.add(finding, None);
}

/// What each of these migrations does and undoes on an engine, one after the other. A text that is none does nothing.
pub fn operations(app: &str, texts: &[&str], engine: EngineKind) -> Vec<(Vec<Operation>, Vec<Operation>)> {
    let mut state = State::default();
    let file = RevisionFile { path: PathBuf::new(), display: String::new() };
    let one = |text: &&str| {
        let file = File::read(&file, app, Source::new(*text));
        let replayed = file
            .written()
            .map(|written| replay::migration(&written.actions, app, &mut state, engine, written.atomic));
        replayed.map(|replayed| (replayed.upgrade, replayed.downgrade)).unwrap_or_default()
    };
    texts.iter().map(one).collect()
}
