//! A suite from its files to its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::{io, thread};

use mrt_chain::graph::{Chain, Draft, GraphError, Revision, RevisionFile};
use mrt_chain::settings::{EngineKind, Framework, Suite};

use crate::accepted::Accepted;
use crate::case::{Case, Findings};
use crate::django::{self, DiscoveryError};
use crate::environment::{self, EnvironmentFile};
use crate::finding::Finding;
use crate::library::Library;
use crate::migration::{self, Migration, Read};
use crate::python::Steps;
use crate::rules::{self, Check, Rule};
pub use crate::selection::Selection;
use crate::selection::{Node, SelectionError};
use crate::source::{Source, SourceError};
use crate::telling::{Looked, Telling, Wishes};
use crate::undo::{Applied, Undo, World};

/// Room for reading what nests as deeply as is allowed, on all of its levels at once. Only what is used of it is taken.
const STACK: usize = 256 << 20;

/// What was found in a suite.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Sorted by file and line.
    pub findings: Vec<Finding>,
    /// What else would be among them, and is accepted.
    pub accepted: Vec<Accepted>,
    /// The texts of the files that have findings, by the name that findings give them.
    pub sources: BTreeMap<String, String>,
    /// How many files there are.
    pub files: usize,
    /// How many of them findings are asked for of.
    pub asked: usize,
    /// The revisions that they hold, and whether findings are asked for of them.
    pub revisions: BTreeMap<String, bool>,
}

/// A suite that cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is nothing to check.
    #[error(transparent)]
    Files(#[from] GraphError),
    /// What is asked for means nothing here.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// There is nothing to check in a project of Django.
    #[error(transparent)]
    Django(#[from] DiscoveryError),
    /// The machine has no room for a thread.
    #[error("cannot start a thread to read the revisions; give mrt more memory")]
    Thread(#[source] io::Error),
}

/// Checks every revision of a suite for all of its engines.
///
/// # Errors
/// When there is no revision, a version directory cannot be read, or settings or selection name what is not there.
pub fn check(suite: &Suite, selection: &Selection) -> Result<Checked, CheckError> {
    let engines: BTreeSet<EngineKind> = suite.targets.iter().map(|target| target.engine).collect();
    if suite.framework == Framework::Django {
        let engines: Vec<EngineKind> = engines.into_iter().collect();
        let wishes = Wishes::by(suite, vec![suite.dir.clone()]);
        return django::suite::check(&suite.dir, &engines, &wishes, selection);
    }
    let mut files: BTreeMap<RevisionFile, Vec<EngineKind>> = BTreeMap::new();
    for engine in &engines {
        for file in suite.revision_files(*engine)? {
            files.entry(file).or_default().push(*engine);
        }
    }
    let files: Vec<(RevisionFile, Vec<EngineKind>)> = files.into_iter().collect();
    let read = read_all(&files, &Library::of(suite))?;
    let path = suite.alembic.script_location.join(environment::FILE);
    let environment = if path.exists() {
        let display = path.strip_prefix(&suite.dir).unwrap_or(&path).display().to_string();
        let file = RevisionFile { path, display };
        Some(on_a_large_stack(|| {
            let source = Source::read(&file.path);
            EnvironmentFile::new(file, source, engines.clone())
        })?)
    } else {
        None
    };
    let locations = engines.iter().flat_map(|engine| suite.alembic.locations(*engine)).cloned().collect();
    let wishes = Wishes::by(suite, locations);
    judge(&files, read, environment, &wishes, selection)
}

/// Checks texts that need not be files, as revisions of one chain on these engines; one that is called `env.py` is no revision.
///
/// # Errors
/// When the machine has no room for a thread, or the selection names what is not there.
pub fn check_texts(
    texts: &[(&str, &str)],
    engines: &[EngineKind],
    selection: &Selection,
) -> Result<Checked, CheckError> {
    let (environments, texts): (Vec<_>, Vec<_>) =
        texts.iter().copied().partition(|(name, _)| *name == environment::FILE);
    let files: Vec<(RevisionFile, Vec<EngineKind>)> = texts
        .iter()
        .map(|(name, _)| (RevisionFile { path: name.into(), display: (*name).to_owned() }, engines.to_vec()))
        .collect();
    let (read, environment) = on_a_large_stack(|| {
        let read_text = |(file, (_, text)): (&(RevisionFile, Vec<EngineKind>), &(&str, &str))| {
            let source = Source::new(*text);
            (migration::read(&file.0, &source, engines, &Library::default()), source.text)
        };
        let read = files.iter().zip(&texts).map(read_text).collect::<Vec<_>>();
        let environment = environments.first().map(|(name, text)| {
            let file = RevisionFile { path: (*name).into(), display: (*name).to_owned() };
            EnvironmentFile::new(file, Ok(Source::new(*text)), engines.iter().copied().collect())
        });
        (read, environment)
    })?;
    judge(&files, read, environment, &Wishes::default(), selection)
}

/// Checks texts that need not be files, as migrations of one project of Django. Each is called `APP/migrations/NAME.py`.
///
/// # Errors
/// When the machine has no room for a thread.
pub fn check_django_texts(
    texts: &[(&str, &str)],
    engines: &[EngineKind],
    selection: &Selection,
) -> Result<Checked, CheckError> {
    django::suite::check_texts(texts, engines, selection)
}

type ReadFile = (Result<Read, SourceError>, String);

fn read_all(
    files: &[(RevisionFile, Vec<EngineKind>)],
    library: &Library,
) -> Result<Vec<ReadFile>, CheckError> {
    let read = |(file, engines): &(RevisionFile, Vec<EngineKind>)| match Source::read(&file.path) {
        Ok(source) => (migration::read(file, &source, engines, library), source.text),
        Err(error) => (Err(error), String::new()),
    };
    in_parts(files, read)
}

/// Reads files side by side, in their order.
pub(crate) fn in_parts<T: Sync, R: Send>(
    files: &[T],
    read: impl Fn(&T) -> R + Copy + Send,
) -> Result<Vec<R>, CheckError> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let part = files.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let started: Vec<_> = files
            .chunks(part)
            .map(|part| {
                let work = move || part.iter().map(read).collect::<Vec<_>>();
                thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(CheckError::Thread)
            })
            .collect::<Result<_, _>>()?;
        Ok(started.into_iter().flat_map(joined).collect())
    })
}

pub(crate) fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CheckError> {
    thread::scope(|scope| {
        let started =
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(CheckError::Thread)?;
        Ok(joined(started))
    })
}

fn joined<T>(handle: thread::ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn judge(
    files: &[(RevisionFile, Vec<EngineKind>)],
    read: Vec<ReadFile>,
    mut environment: Option<EnvironmentFile>,
    wishes: &Wishes<'_>,
    selection: &Selection,
) -> Result<Checked, CheckError> {
    let beside = environment.as_ref().map(|environment| &environment.file);
    let revisions = files.iter().map(|(file, _)| file);
    let mut telling = Telling::of(revisions.chain(beside), wishes, selection)?;
    for ((file, _), (read, _)) in files.iter().zip(&read) {
        let (problem, line) = match read {
            Err(error) => (format!("this file {error}"), error.line()),
            Ok(Read { draft: Err(error), .. }) => located(&error.to_string(), &file.display),
            Ok(_) => continue,
        };
        if let Some(rule) = rules::find(rules::UNREADABLE) {
            telling.add(finding(rule, "", &file.display, line, problem), None);
        }
    }
    let engines: BTreeSet<EngineKind> =
        files.iter().flat_map(|(_, engines)| engines.iter().copied()).collect();
    for engine in engines {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut steps: BTreeMap<&str, &Steps> = BTreeMap::new();
        for ((file, _), (read, _)) in files.iter().zip(&read) {
            let Ok(read) = read else { continue };
            let (Ok(draft), Some((_, own))) =
                (&read.draft, read.steps.iter().find(|(own, _)| *own == engine))
            else {
                continue;
            };
            drafts.push(draft.clone());
            steps.insert(&file.display, own);
        }
        let broken = files.iter().zip(&read).any(|(_, (read, _))| read.is_err());
        match Chain::from_drafts(drafts.clone()) {
            Ok(chain) => {
                learn(&mut telling, &chain);
                judge_chain(&chain, &steps, engine, &mut telling);
            }
            Err(error) => {
                // A file that could not be read is what is missing then.
                if !broken
                    && let (Some(rule), Some((file, _))) = (rules::find(rules::NO_CHAIN), files.first())
                {
                    telling.add(finding(rule, "", &file.display, 1, error.to_string()), Some(engine));
                }
                for draft in &drafts {
                    let migration = migration_of(draft.as_revision(), &steps);
                    judge_migration(&migration, engine, &World::default(), &mut telling);
                }
            }
        }
    }
    if let Some(file) = &mut environment {
        judge_environment(file, &read, &mut telling);
    }
    let looked = files.iter().zip(read).map(|((file, engines), (read, text))| {
        let read = read.ok();
        let draft = read.as_ref().and_then(|read| read.draft.as_ref().ok());
        Looked {
            file: file.clone(),
            revision: draft.map(|draft| draft.as_revision().id.clone()).unwrap_or_default(),
            engines: engines.len(),
            noqa: read.map(|read| read.noqa),
            text,
        }
    });
    let beside = environment.map(|EnvironmentFile { file, text, read }| Looked {
        file,
        revision: String::new(),
        engines: 0,
        noqa: read.ok().map(|(_, noqa)| noqa),
        text,
    });
    Ok(telling.finish(looked.collect(), beside)?)
}

fn judge_environment(file: &mut EnvironmentFile, read: &[ReadFile], telling: &mut Telling<'_>) {
    let display = &file.file.display;
    let environment = match &mut file.read {
        Ok((environment, _)) => environment,
        Err(error) => {
            if let Some(rule) = rules::find(rules::UNREADABLE) {
                telling.add(finding(rule, "", display, error.line(), format!("this file {error}")), None);
            }
            return;
        }
    };
    let mut steps = read.iter().filter_map(|(read, _)| read.as_ref().ok()).flat_map(|read| &read.steps);
    environment.leaves_transactions = steps.any(|(_, steps)| {
        let down = steps.downgrade.iter().flatten();
        steps.upgrade.iter().chain(down).any(|operation| operation.autocommit)
    });
    for rule in rules::all() {
        let Check::Environment(look) = rule.check else { continue };
        if environment.engines.iter().any(|engine| rule.concerns(*engine)) {
            let mut findings = Findings { rule, revision: "", file: display, django: false, out: Vec::new() };
            look(environment, &mut findings);
            findings.out.into_iter().for_each(|finding| telling.add(finding, None));
        }
    }
}

/// Takes in which revisions follow on which.
fn learn(telling: &mut Telling<'_>, chain: &Chain) {
    let position = |revision: &Revision| chain.position(&revision.id);
    let mut nodes: Vec<Node<'_>> = Vec::with_capacity(chain.revisions().len());
    for Revision { id, file, .. } in chain.revisions() {
        nodes.push(Node { id, file, before: chain.parents(id).filter_map(position).collect() });
    }
    let resolve = |name: &str| chain.resolve(name).map(|found| position(found).unwrap_or_default());
    telling.learn(&nodes, resolve);
}

/// A message that begins with its place, and the place.
fn located(message: &str, file: &str) -> (String, u32) {
    let rest = message.strip_prefix(file).and_then(|rest| rest.strip_prefix(':')).unwrap_or(message);
    match rest.split_once(':').map(|(line, rest)| (line.parse(), rest)) {
        Some((Ok(line), rest)) => (rest.trim_start().to_owned(), line),
        _ => (rest.trim_start().to_owned(), 1),
    }
}

fn finding(rule: &Rule, revision: &str, file: &str, line: u32, message: String) -> Finding {
    Finding {
        code: rule.code,
        severity: rule.severity,
        revision: revision.to_owned(),
        file: file.to_owned(),
        line,
        message,
    }
}

fn judge_chain(chain: &Chain, steps: &BTreeMap<&str, &Steps>, engine: EngineKind, telling: &mut Telling<'_>) {
    for rule in rules::all().filter(|rule| rule.concerns(engine)) {
        let Check::Chain(look) = rule.check else { continue };
        for (position, message) in look(chain) {
            let revision = &chain.revisions()[position];
            telling.add(finding(rule, &revision.id, &revision.display_file, 1, message), Some(engine));
        }
    }
    let mut world = World::default();
    let mut before: Vec<Applied> = Vec::with_capacity(chain.revisions().len());
    for (position, revision) in chain.revisions().iter().enumerate() {
        let mut applied = Applied::default();
        for parent in chain.parents(&revision.id).filter_map(|parent| chain.position(&parent.id)) {
            applied.add_all(&before[parent]);
            applied.add(parent);
        }
        world.show(applied.clone());
        before.push(applied);
        let migration = migration_of(revision, steps);
        let undo = judge_migration(&migration, engine, &world, telling);
        world.upgraded(position, &undo);
    }
}

fn migration_of(revision: &Revision, steps: &BTreeMap<&str, &Steps>) -> Migration {
    let own = steps.get(revision.display_file.as_str());
    Migration {
        revision: revision.id.clone(),
        file: revision.display_file.clone(),
        upgrade: own.map(|steps| steps.upgrade.clone()).unwrap_or_default(),
        downgrade: own.and_then(|steps| steps.downgrade.clone()),
        refused: own.map(|steps| steps.refused.clone()).unwrap_or_default(),
        upgrade_line: revision.upgrade_line,
        downgrade_line: revision.downgrade_line.unwrap_or(revision.upgrade_line),
        django: None,
    }
}

pub(crate) fn judge_migration(
    migration: &Migration,
    engine: EngineKind,
    before: &World,
    telling: &mut Telling<'_>,
) -> Undo {
    let undo = Undo::of(migration, before, engine);
    let case = Case { migration, engine, before, undo: &undo };
    let is_meant = |rule: &&Rule| rule.is_of(migration.django.is_some()) && rule.concerns(engine);
    for rule in rules::all().filter(is_meant) {
        let Check::Migration(look) = rule.check else { continue };
        let mut findings = Findings {
            rule,
            revision: &migration.revision,
            file: &migration.file,
            django: migration.django.is_some(),
            out: Vec::new(),
        };
        look(&case, &mut findings);
        findings.out.into_iter().for_each(|finding| telling.add(finding, Some(engine)));
    }
    undo
}
