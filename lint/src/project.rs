//! A suite from its files to its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::{io, mem, thread};

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
    // Most suites have the same files on every engine.
    let mut by_locations: BTreeMap<&[PathBuf], Vec<EngineKind>> = BTreeMap::new();
    for engine in &engines {
        by_locations.entry(suite.alembic.locations(*engine)).or_default().push(*engine);
    }
    let mut files: BTreeMap<RevisionFile, Vec<EngineKind>> = BTreeMap::new();
    for engines in by_locations.values() {
        for file in suite.revision_files(engines[0])? {
            files.entry(file).or_default().extend(engines);
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
    in_parts(files.iter(), read)
}

/// Works on things side by side, in their order.
pub(crate) fn in_parts<T: Send, R: Send>(
    things: impl ExactSizeIterator<Item = T>,
    work: impl Fn(T) -> R + Copy + Send,
) -> Result<Vec<R>, CheckError> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let part = things.len().div_ceil(threads).max(1);
    let mut things = things.peekable();
    thread::scope(|scope| {
        let mut started = Vec::with_capacity(threads);
        while things.peek().is_some() {
            let part: Vec<T> = things.by_ref().take(part).collect();
            let work = move || part.into_iter().map(work).collect::<Vec<_>>();
            let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            started.push(thread.map_err(CheckError::Thread)?);
        }
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
    mut read: Vec<ReadFile>,
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
    if let Some(file) = &mut environment {
        judge_environment(file, &read, &mut telling);
    }
    let broken = read.iter().any(|(read, _)| read.is_err());
    let engines: BTreeSet<EngineKind> =
        files.iter().flat_map(|(_, engines)| engines.iter().copied()).collect();
    let works: Vec<Work> = engines.into_iter().map(|engine| Work::of(engine, files, &mut read)).collect();
    for judged in in_parts(works.into_iter(), Work::judge)? {
        match judged.chain {
            Ok(chain) => learn(&mut telling, &chain),
            // A file that could not be read is what is missing then.
            Err(_) if broken => {}
            Err(error) => {
                if let (Some(rule), Some((file, _))) = (rules::find(rules::NO_CHAIN), files.first()) {
                    let finding = finding(rule, "", &file.display, 1, error.to_string());
                    telling.add(finding, Some(judged.engine));
                }
            }
        }
        judged.found.into_iter().for_each(|finding| telling.add(finding, Some(judged.engine)));
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

/// What is to be judged for an engine.
struct Work {
    engine: EngineKind,
    drafts: Vec<Draft>,
    /// By file.
    steps: BTreeMap<String, Steps>,
}

/// What was found for an engine.
struct Judged {
    engine: EngineKind,
    chain: Result<Chain, GraphError>,
    found: Vec<Finding>,
}

impl Work {
    /// Takes what the files do on an engine.
    fn of(engine: EngineKind, files: &[(RevisionFile, Vec<EngineKind>)], read: &mut [ReadFile]) -> Self {
        let mut work = Self { engine, drafts: Vec::with_capacity(files.len()), steps: BTreeMap::new() };
        for ((file, _), (read, _)) in files.iter().zip(read) {
            let Ok(read) = read else { continue };
            let own = read.steps.iter_mut().find(|(own, _)| *own == engine);
            if let (Ok(draft), Some((_, steps))) = (&read.draft, own) {
                work.drafts.push(draft.clone());
                work.steps.insert(file.display.clone(), mem::take(steps));
            }
        }
        work
    }

    fn judge(mut self) -> Judged {
        let mut judge = Judge::new(self.engine, false);
        let chain = Chain::from_drafts(self.drafts.clone());
        match &chain {
            Ok(chain) => judge.chain(chain, &mut self.steps),
            Err(_) => {
                for draft in &self.drafts {
                    let migration = migration_of(draft.as_revision(), &mut self.steps);
                    judge.migration(&migration, &World::default());
                }
            }
        }
        Judged { engine: self.engine, chain, found: judge.found }
    }
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

fn migration_of(revision: &Revision, steps: &mut BTreeMap<String, Steps>) -> Migration {
    let Steps { upgrade, downgrade, refused } = steps.remove(&revision.display_file).unwrap_or_default();
    Migration {
        revision: revision.id.clone(),
        file: revision.display_file.clone(),
        upgrade,
        downgrade,
        refused,
        upgrade_line: revision.upgrade_line,
        downgrade_line: revision.downgrade_line.unwrap_or(revision.upgrade_line),
        django: None,
    }
}

/// Asks every rule about the migrations of one engine.
pub(crate) struct Judge {
    engine: EngineKind,
    rules: Vec<&'static Rule>,
    pub(crate) found: Vec<Finding>,
}

impl Judge {
    /// `django`: the migrations are Django's.
    pub(crate) fn new(engine: EngineKind, django: bool) -> Self {
        let is_meant = |rule: &&Rule| rule.is_of(django) && rule.concerns(engine);
        Self { engine, rules: rules::all().filter(is_meant).collect(), found: Vec::new() }
    }

    fn chain(&mut self, chain: &Chain, steps: &mut BTreeMap<String, Steps>) {
        for rule in &self.rules {
            let Check::Chain(look) = rule.check else { continue };
            for (position, message) in look(chain) {
                let revision = &chain.revisions()[position];
                self.found.push(finding(rule, &revision.id, &revision.display_file, 1, message));
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
            let undo = self.migration(&migration_of(revision, steps), &world);
            world.upgraded(position, undo);
        }
    }

    /// One migration, on what is known before it; the value is what it comes to.
    pub(crate) fn migration(&mut self, migration: &Migration, before: &World) -> Undo {
        let undo = Undo::of(migration, before, self.engine);
        let case = Case { migration, engine: self.engine, before, undo: &undo };
        for rule in &self.rules {
            let Check::Migration(look) = rule.check else { continue };
            let mut findings = Findings {
                rule,
                revision: &migration.revision,
                file: &migration.file,
                django: migration.django.is_some(),
                out: Vec::new(),
            };
            look(&case, &mut findings);
            self.found.append(&mut findings.out);
        }
        undo
    }
}
