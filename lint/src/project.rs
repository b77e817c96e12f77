//! A suite from its files to its findings.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::{io, thread};

use mrt_chain::graph::{Chain, Draft, GraphError, Revision, RevisionFile};
use mrt_chain::settings::{EngineKind, Suite};

use crate::case::{Case, Findings};
use crate::environment::{self, EnvironmentFile};
use crate::finding::Finding;
use crate::migration::{self, Migration, Read};
use crate::python::Steps;
use crate::rules::{self, Check, Rule};
use crate::source::{Source, SourceError};
use crate::undo::{Undo, World};

/// Room for reading what nests as deeply as is allowed, on all of its levels at once. Only what is used of it is taken.
const STACK: usize = 256 << 20;

/// Which rules look.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// These codes or families (`MRT2`) alone; none is all.
    pub select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Also what breaks the version before, which still runs while a new one is rolled out.
    pub rolling: bool,
}

/// What was found in a suite.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Sorted by file and line.
    pub findings: Vec<Finding>,
    /// The texts of the files that have findings, by the name that findings give them.
    pub sources: BTreeMap<String, String>,
    /// How many files there are.
    pub files: usize,
    /// The revisions that they hold.
    pub revisions: BTreeSet<String>,
}

/// A suite that cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is nothing to check.
    #[error(transparent)]
    Files(#[from] GraphError),
    /// The machine has no room for a thread.
    #[error("cannot start a thread to read the revisions; give mrt more memory")]
    Thread(#[source] io::Error),
}

impl Selection {
    fn wants(&self, code: &str) -> bool {
        let is_chosen = if rules::is_on_request(code) {
            self.rolling || rules::is_by_name(code, &self.select)
        } else {
            self.select.is_empty() || rules::is_among(code, &self.select)
        };
        is_chosen && !rules::is_among(code, &self.ignore)
    }
}

/// Checks every revision of a suite for all of its engines.
///
/// # Errors
/// When there is no revision, or a version directory cannot be read.
pub fn check(suite: &Suite, selection: &Selection) -> Result<Checked, CheckError> {
    let engines: BTreeSet<EngineKind> = suite.targets.iter().map(|target| target.engine).collect();
    let mut files: BTreeMap<RevisionFile, Vec<EngineKind>> = BTreeMap::new();
    for engine in &engines {
        for file in suite.revision_files(*engine)? {
            files.entry(file).or_default().push(*engine);
        }
    }
    let files: Vec<(RevisionFile, Vec<EngineKind>)> = files.into_iter().collect();
    let read = read_all(&files)?;
    let path = suite.alembic.script_location.join(environment::FILE);
    let environment = if path.exists() {
        let display = path.strip_prefix(&suite.dir).unwrap_or(&path).display().to_string();
        Some(on_a_large_stack(|| EnvironmentFile::new(display, Source::read(&path), engines))?)
    } else {
        None
    };
    Ok(judge(&files, read, environment, selection))
}

/// Checks texts that need not be files, as revisions of one chain on these engines; one that is called `env.py` is no revision.
///
/// # Errors
/// When the machine has no room for a thread.
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
            (migration::read(&file.0, &source, engines), source.text)
        };
        let read = files.iter().zip(&texts).map(read_text).collect::<Vec<_>>();
        let environment = environments.first().map(|(name, text)| {
            EnvironmentFile::new(
                (*name).to_owned(),
                Ok(Source::new(*text)),
                engines.iter().copied().collect(),
            )
        });
        (read, environment)
    })?;
    Ok(judge(&files, read, environment, selection))
}

type ReadFile = (Result<Read, SourceError>, String);

fn read_all(files: &[(RevisionFile, Vec<EngineKind>)]) -> Result<Vec<ReadFile>, CheckError> {
    let read = |(file, engines): &(RevisionFile, Vec<EngineKind>)| match Source::read(&file.path) {
        Ok(source) => (migration::read(file, &source, engines), source.text),
        Err(error) => (Err(error), String::new()),
    };
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

fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, CheckError> {
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
    selection: &Selection,
) -> Checked {
    let mut found: BTreeMap<Finding, BTreeSet<EngineKind>> = BTreeMap::new();
    let mut add =
        |finding: Finding, engine: Option<EngineKind>| found.entry(finding).or_default().extend(engine);
    let of_reader = |code: &str| rules::find(code).filter(|rule| selection.wants(rule.code));
    for ((file, _), (read, _)) in files.iter().zip(&read) {
        let (problem, line) = match read {
            Err(error) => (format!("this file {error}"), error.line()),
            Ok(Read { draft: Err(error), .. }) => located(&error.to_string(), &file.display),
            Ok(_) => continue,
        };
        if let Some(rule) = of_reader(rules::UNREADABLE) {
            add(finding(rule, "", &file.display, line, problem), None);
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
            Ok(chain) => judge_chain(&chain, &steps, engine, selection, &mut add),
            Err(error) => {
                // A file that could not be read is what is missing then.
                if !broken && let (Some(rule), Some((file, _))) = (of_reader(rules::NO_CHAIN), files.first())
                {
                    add(finding(rule, "", &file.display, 1, error.to_string()), Some(engine));
                }
                for draft in &drafts {
                    let migration = migration_of(draft.as_revision(), &steps);
                    judge_migration(&migration, engine, &World::default(), selection, &mut add);
                }
            }
        }
    }
    if let Some(file) = &mut environment {
        for finding in judge_environment(file, &read, selection) {
            found.entry(finding).or_default();
        }
    }
    finish(files, read, environment.as_ref(), found)
}

fn judge_environment(file: &mut EnvironmentFile, read: &[ReadFile], selection: &Selection) -> Vec<Finding> {
    let environment = match &mut file.read {
        Ok((environment, _)) => environment,
        Err(error) => {
            let rule = rules::find(rules::UNREADABLE).filter(|rule| selection.wants(rule.code));
            let found = |rule| finding(rule, "", &file.display, error.line(), format!("this file {error}"));
            return rule.map(found).into_iter().collect();
        }
    };
    let mut steps = read.iter().filter_map(|(read, _)| read.as_ref().ok()).flat_map(|read| &read.steps);
    environment.leaves_transactions = steps.any(|(_, steps)| {
        let down = steps.downgrade.iter().flatten();
        steps.upgrade.iter().chain(down).any(|operation| operation.autocommit)
    });
    let mut out = Vec::new();
    for rule in rules::all().filter(|rule| selection.wants(rule.code)) {
        let Check::Environment(look) = rule.check else { continue };
        if environment.engines.iter().any(|engine| rule.concerns(*engine)) {
            let mut findings = Findings { rule, revision: "", file: &file.display, out: Vec::new() };
            look(environment, &mut findings);
            out.append(&mut findings.out);
        }
    }
    out
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

fn judge_chain(
    chain: &Chain,
    steps: &BTreeMap<&str, &Steps>,
    engine: EngineKind,
    selection: &Selection,
    add: &mut impl FnMut(Finding, Option<EngineKind>),
) {
    for rule in rules::all().filter(|rule| rule.concerns(engine) && selection.wants(rule.code)) {
        let Check::Chain(look) = rule.check else { continue };
        for (position, message) in look(chain) {
            let revision = &chain.revisions()[position];
            add(finding(rule, &revision.id, &revision.display_file, 1, message), Some(engine));
        }
    }
    // What is known after a revision is handed on to the one that follows; where several follow or several meet, it is made again.
    let mut after: BTreeMap<String, World> = BTreeMap::new();
    for revision in chain.revisions() {
        let parents: Vec<&Revision> = chain.parents(&revision.id).collect();
        let handed_on = match parents.as_slice() {
            [] => Some(World::default()),
            [parent] if chain.children(&parent.id).count() == 1 => after.remove(&parent.id),
            [parent] => after.get(&parent.id).cloned(),
            _ => None,
        };
        let mut world = handed_on.unwrap_or_else(|| replayed(chain, revision, steps, engine));
        let migration = migration_of(revision, steps);
        let undo = judge_migration(&migration, engine, &world, selection, add);
        world.upgraded(&undo);
        after.insert(revision.id.clone(), world);
    }
}

/// What is known after all ancestors of a merge.
fn replayed(chain: &Chain, revision: &Revision, steps: &BTreeMap<&str, &Steps>, engine: EngineKind) -> World {
    let mut world = World::default();
    for position in chain.ancestors(&revision.id) {
        let mut ancestor = migration_of(&chain.revisions()[position], steps);
        ancestor.downgrade = None;
        let undo = Undo::of(&ancestor, &world, engine);
        world.upgraded(&undo);
    }
    world
}

fn migration_of(revision: &Revision, steps: &BTreeMap<&str, &Steps>) -> Migration {
    let own = steps.get(revision.display_file.as_str());
    Migration {
        revision: revision.id.clone(),
        file: revision.display_file.clone(),
        upgrade: own.map(|steps| steps.upgrade.clone()).unwrap_or_default(),
        downgrade: own.and_then(|steps| steps.downgrade.clone()),
        upgrade_line: revision.upgrade_line,
        downgrade_line: revision.downgrade_line.unwrap_or(revision.upgrade_line),
    }
}

fn judge_migration(
    migration: &Migration,
    engine: EngineKind,
    before: &World,
    selection: &Selection,
    add: &mut impl FnMut(Finding, Option<EngineKind>),
) -> Undo {
    let undo = Undo::of(migration, before, engine);
    let case = Case { migration, engine, before, undo: &undo };
    for rule in rules::all().filter(|rule| rule.concerns(engine) && selection.wants(rule.code)) {
        let Check::Migration(look) = rule.check else { continue };
        let mut findings =
            Findings { rule, revision: &migration.revision, file: &migration.file, out: Vec::new() };
        look(&case, &mut findings);
        findings.out.into_iter().for_each(|finding| add(finding, Some(engine)));
    }
    undo
}

/// Says on which engines a finding is, where not on all; leaves out what files ask to be silent about; sorts.
fn finish(
    files: &[(RevisionFile, Vec<EngineKind>)],
    read: Vec<ReadFile>,
    environment: Option<&EnvironmentFile>,
    found: BTreeMap<Finding, BTreeSet<EngineKind>>,
) -> Checked {
    let by_name: BTreeMap<&str, usize> =
        files.iter().enumerate().map(|(at, (file, _))| (file.display.as_str(), at)).collect();
    let mut findings = Vec::with_capacity(found.len());
    let mut sources = BTreeMap::new();
    for (mut finding, engines) in found {
        let Some(at) = by_name.get(finding.file.as_str()) else {
            let Some(file) = environment.filter(|file| file.display == finding.file) else { continue };
            let noqa = file.read.as_ref().map(|(_, noqa)| noqa);
            if !noqa.is_ok_and(|noqa| noqa.silences(finding.line, finding.code)) {
                sources.entry(finding.file.clone()).or_insert_with(|| file.text.clone());
                findings.push(finding);
            }
            continue;
        };
        let (result, text) = &read[*at];
        if result.as_ref().is_ok_and(|read| read.noqa.silences(finding.line, finding.code)) {
            continue;
        }
        let all = &files[*at].1;
        if !engines.is_empty() && engines.len() < all.len() {
            let names: Vec<&str> = engines.iter().map(|engine| engine.title()).collect();
            finding.message = format!("{} (on {})", finding.message, names.join(", "));
        }
        sources.entry(finding.file.clone()).or_insert_with(|| text.clone());
        findings.push(finding);
    }
    findings
        .sort_by(|a, b| (&a.file, a.line, a.code, &a.message).cmp(&(&b.file, b.line, b.code, &b.message)));
    let revisions = read
        .iter()
        .filter_map(|(read, _)| Some(read.as_ref().ok()?.draft.as_ref().ok()?.as_revision().id.clone()));
    Checked { findings, sources, files: files.len(), revisions: revisions.collect() }
}
