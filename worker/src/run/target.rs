//! One target of a run: its server, the suites that it serves, and what happens when the server dies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use mrt_chain::settings::{EngineKind, Suite, Target};
use mrt_report::{Cell, Evidence, Finding, FindingKind, Severity};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::cells::Selection;
use super::server::{Running, StartError};
use super::{BeginError, Event, RunError, RunOptions};
use crate::check::CheckError;
use crate::check::shard::{self, Outcome, Progress, Shard, Suspicion};
use crate::check::slot::TargetContext;
use crate::check::touch::{self, ServerWide};
use crate::host::environment::{self, Driver, EnvironmentEvent};

/// How often a revision may take a fresh server down, alone, before that is its finding.
const FRESH_SERVERS: u32 = 2;

/// What all targets of a run share.
pub(super) struct Run<'a> {
    pub(super) options: &'a RunOptions,
    pub(super) interpreters: &'a BTreeMap<String, Interpreter>,
    pub(super) jobs: &'a Semaphore,
    pub(super) events: &'a mpsc::UnboundedSender<Event>,
    pub(super) cancel: &'a CancellationToken,
}

impl Run<'_> {
    fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop checking.
        let _ = self.events.send(event);
    }
}

/// Checks what the suites ask of one target, one suite after the other, on one server.
pub(super) async fn check_all(
    run: &Run<'_>,
    running: &mut Running,
    target: &Target,
    selections: &[Selection],
) -> Result<Vec<Cell>, RunError> {
    let mut cells = Vec::new();
    for selection in selections {
        run.tell(Event::TargetStarted {
            suite: selection.suite.name.clone(),
            target: target.name.clone(),
            cells: selection.judged.len() + selection.skipped.len(),
            server: running.description(),
        });
        let mut one = OneSuite {
            run,
            selection,
            running: &mut *running,
            earlier: &mut cells,
            done: BTreeMap::new(),
            blocked: BTreeSet::new(),
            outside: BTreeMap::new(),
            used: true,
        };
        one.expect_outside();
        one.check().await?;
        let done = one.into_cells();
        cells.extend(done);
        run.tell(Event::TargetFinished { suite: selection.suite.name.clone(), target: target.name.clone() });
    }
    Ok(cells)
}

struct OneSuite<'a> {
    run: &'a Run<'a>,
    selection: &'a Selection,
    running: &'a mut Running,
    /// Of suites before this one on the same server.
    earlier: &'a mut Vec<Cell>,
    done: BTreeMap<usize, Cell>,
    /// Revisions that cannot be applied.
    blocked: BTreeSet<usize>,
    /// Revisions that write outside of their database, as far as that is known, with what they write.
    outside: BTreeMap<usize, ServerWide>,
    /// The server may not be as it was found.
    used: bool,
}

impl OneSuite<'_> {
    async fn check(&mut self) -> Result<(), RunError> {
        let mut first = true;
        while let Some(cells) = self.next_cells() {
            if let Err(reason) = self.clean().await {
                self.give_up(&cells, &reason);
                continue;
            }
            let known = (self.outside.len(), self.blocked.len());
            let end = match self.shard(&cells, self.run.options.jobs.max(1), false).await {
                Ok(end) => end,
                Err(CheckError::Host(error)) if first && self.running.run_as().is_some() => {
                    // Often the interpreter lies in a home directory that nobody else may read.
                    self.running.run_as_ourselves(&error.to_string());
                    continue;
                }
                Err(CheckError::Environment(broken))
                    if first && broken.is_about_permissions() && self.running.run_as().is_some() =>
                {
                    self.running.run_as_ourselves(&broken.to_string());
                    continue;
                }
                Err(source) if first => {
                    return Err(RunError::Begin {
                        suite: self.selection.suite.name.clone(),
                        target: self.selection.target.name.clone(),
                        source: BeginError(Box::new(source)),
                    });
                }
                Err(error) => {
                    self.give_up(&cells, &error.in_full());
                    continue;
                }
            };
            first = false;
            if self.run.cancel.is_cancelled() {
                let left: BTreeSet<usize> = self.selection.judged.clone();
                self.give_up(&left, "the run was interrupted before this cell was done");
                return Ok(());
            }
            if end.suspects.is_empty() {
                if known == (self.outside.len(), self.blocked.len()) {
                    self.give_up(&end.left, "the cell was never reached");
                }
                continue;
            }
            let why = self.running.why_died().await;
            warn!(
                target = self.selection.target.name,
                suspects = end.suspects.len(),
                "the server failed: {why}"
            );
            for (suspect, suspicion) in &end.suspects {
                self.alone(*suspect, suspicion).await;
            }
            if let Err(error) = self.fresh().await {
                self.give_up(&end.left, &format!("no server: {error}"));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Begins with what the files let expect of revisions that write outside of their database.
    fn expect_outside(&mut self) {
        if !self.running.engine().shares_objects() {
            return;
        }
        for (index, revision) in self.selection.chain.revisions().iter().enumerate() {
            // One that cannot be read is told of by Alembic, and a hint is all that this is.
            let text = std::fs::read_to_string(&revision.file).unwrap_or_default();
            self.outside.extend(touch::hinted(&text).map(|found| (index, found)));
        }
    }

    /// The cells to check next: those that need the same revisions which write outside of their database, on a server
    /// on which those were applied to one database alone; in the end such revisions themselves.
    /// What cannot be checked any more has come to its end then.
    fn next_cells(&mut self) -> Option<BTreeSet<usize>> {
        self.settle();
        let open = || self.selection.judged.iter().copied().filter(|cell| !self.done.contains_key(cell));
        let inside = || open().filter(|cell| !self.outside.contains_key(cell));
        match inside().next() {
            Some(first) => {
                let needed = self.needs_outside(first);
                Some(inside().filter(|&cell| self.needs_outside(cell) == needed).collect())
            }
            // After what cannot be undone a server is of no use for the next one.
            None if self.has_lasting() => open().next().map(|cell| BTreeSet::from([cell])),
            None => Some(open().collect()).filter(|cells: &BTreeSet<usize>| !cells.is_empty()),
        }
    }

    /// Whether some revision does to its server what mrt cannot undo.
    fn has_lasting(&self) -> bool {
        self.outside.values().any(|found| !found.roles)
    }

    fn ancestors(&self, revision: usize) -> BTreeSet<usize> {
        let chain = &self.selection.chain;
        chain.ancestors(&chain.revisions()[revision].id).into_iter().collect()
    }

    /// The revisions before this one that write outside of their database.
    fn needs_outside(&self, revision: usize) -> BTreeSet<usize> {
        self.ancestors(revision).into_iter().filter(|at| self.outside.contains_key(at)).collect()
    }

    /// Brings cells to their end that need no further check: those behind a revision that cannot be applied, and on a
    /// server that is not ours those that need what mrt cannot undo there.
    fn settle(&mut self) {
        let open: Vec<usize> =
            self.selection.judged.iter().copied().filter(|cell| !self.done.contains_key(cell)).collect();
        for cell in open {
            let mut path = self.ancestors(cell);
            if let Some(&by) = path.intersection(&self.blocked).next() {
                let why = self.running.engine().forbids_server_wide();
                let outcome = match (why, self.outside.get(&by)) {
                    // That mrt does not let it is no word about the revision.
                    (Some(why), Some(found)) => {
                        let by = &self.selection.chain.revisions()[by].id;
                        let what = &found.what;
                        Outcome::Error {
                            reason: format!(
                                "it needs revision {by}, which writes outside of its database ({what}): {why}"
                            ),
                        }
                    }
                    _ => Outcome::Blocked { by },
                };
                self.finish(cell, outcome, 1, std::time::Duration::ZERO);
                continue;
            }
            path.insert(cell);
            let lasting = path.iter().find_map(|at| self.outside.get(at).filter(|found| !found.roles));
            if let Some(found) = lasting.filter(|_| !self.running.is_ours()) {
                let error = CheckError::CannotBeUndone { what: found.what.clone() };
                let outcome = Outcome::Error { reason: error.in_full() };
                self.finish(cell, outcome, 1, std::time::Duration::ZERO);
            }
        }
    }

    /// Makes the server as it was found, where it may not be.
    async fn clean(&mut self) -> Result<(), String> {
        if !std::mem::take(&mut self.used) || !self.running.engine().shares_objects() {
            return Ok(());
        }
        if self.running.is_ours() && (self.has_lasting() || self.running.holds_kept) {
            return self.fresh().await.map_err(|error| format!("no server: {error}"));
        }
        if std::mem::take(&mut self.running.holds_kept) {
            // What was kept for a look on a server that cannot be replaced goes with its other databases.
            self.done.values_mut().chain(self.earlier.iter_mut()).for_each(|cell| cell.kept = None);
        }
        match self.running.engine().reset().await {
            Ok(()) => Ok(()),
            Err(error) if self.running.is_ours() => {
                warn!("another server is started, since this one cannot be made as it was: {error}");
                self.fresh().await.map_err(|error| format!("no server: {error}"))
            }
            Err(error) => Err(CheckError::Database(error).in_full()),
        }
    }

    async fn fresh(&mut self) -> Result<(), StartError> {
        self.used = false;
        self.running.fresh().await
    }

    /// Tries one revision alone, on fresh servers.
    async fn alone(&mut self, revision: usize, suspicion: &Suspicion) {
        let mut reason = suspicion.reason.clone();
        let mut taken_down = 0;
        for _ in 0..FRESH_SERVERS {
            if self.run.cancel.is_cancelled() {
                return;
            }
            if let Err(error) = self.fresh().await {
                self.give_up_on(revision, &format!("{reason}; and no fresh server: {error}"));
                return;
            }
            match self.shard(&BTreeSet::from([revision]), 1, true).await {
                Ok(end) if end.suspects.is_empty() => return,
                Ok(end) => {
                    for (suspect, suspicion) in end.suspects {
                        // One that it needs may have been on its way.
                        taken_down += u32::from(suspect == revision && suspicion.server_gone);
                        reason = suspicion.reason;
                    }
                }
                Err(error) => reason = error.in_full(),
            }
        }
        let server = self.running.why_died().await;
        if taken_down < FRESH_SERVERS || !self.running.is_ours() {
            // What mrt needs for itself was not to be had: no word about the revision.
            self.give_up_on(revision, &format!("{reason}; {server}"));
            return;
        }
        warn!("{reason}; {server}");
        self.blocked.insert(revision);
        let known = &self.selection.chain.revisions()[revision];
        let finding = Finding {
            kind: FindingKind::ServerDied,
            severity: Severity::Fail,
            object: known.id.clone(),
            message: format!(
                "the revision takes the database server down, alone and on {FRESH_SERVERS} fresh servers; look at what it asks of the server"
            ),
            evidence: Evidence { error: Some(self.running.how_died().await), ..Evidence::default() },
            statement: None,
            file: known.display_file.clone(),
            line: known.upgrade_line,
            accepted: None,
        };
        self.finish(revision, Outcome::found(vec![finding]), 1 + FRESH_SERVERS, std::time::Duration::ZERO);
    }

    async fn shard(
        &mut self,
        cells: &BTreeSet<usize>,
        slots: usize,
        alone: bool,
    ) -> Result<shard::End, CheckError> {
        // One that writes outside of its database is never among others.
        let apart = cells.iter().any(|cell| self.outside.contains_key(cell));
        let mut floor = BTreeSet::new();
        if let Some(&first) = cells.first().filter(|_| !apart) {
            for needed in self.needs_outside(first) {
                floor.extend(self.ancestors(needed));
                floor.insert(needed);
            }
        }
        let suite = &self.selection.suite;
        let python = &self.run.interpreters[&suite.name];
        let hosts = self.running.hosts(suite, &python.path)?;
        let context = TargetContext {
            suite: Arc::clone(suite),
            target: self.selection.target.clone(),
            chain: Arc::clone(&self.selection.chain),
            engine: self.running.engine(),
            hosts,
            driver: python.drivers.get(&self.selection.target.engine).cloned(),
            seed_all: self.run.options.seed_all,
            apart,
            version_table: OnceLock::new(),
            env_works: AtomicBool::new(false),
            alone: alone && self.running.is_ours(),
        };
        self.used |= apart || !floor.is_empty();
        let shard = Shard {
            target: &context,
            cells: cells.clone(),
            floor,
            unusable: self.blocked.clone(),
            slots,
            jobs: self.run.jobs,
            keep: self.run.options.keep,
        };
        let (run, selection) = (self.run, self.selection);
        let mut done = std::mem::take(&mut self.done);
        let mut kept = false;
        let mut tell = |progress: Progress| match progress {
            // Nobody asked; it is tried because a server failed under it.
            progress if !selection.judged.contains(&progress.revision()) => {}
            Progress::Started { revision } => run.tell(Event::CellStarted {
                suite: selection.suite.name.clone(),
                target: selection.target.name.clone(),
                revision: selection.chain.revisions()[revision].id.clone(),
            }),
            Progress::Finished { revision, outcome, attempts, time } => {
                let cell = selection.cell(revision, outcome, attempts, time);
                kept |= cell.kept.is_some();
                run.tell(Event::CellFinished(Box::new(cell.clone())));
                done.insert(revision, cell);
            }
        };
        let end = tokio::select! {
            biased;
            () = run.cancel.cancelled() => Ok(shard::End::default()),
            end = shard::check(&shard, &mut tell) => end,
        };
        self.done = done;
        self.running.holds_kept |= kept;
        if let Ok(end) = &end {
            self.used |= !end.outside.is_empty();
            self.outside.extend(end.outside.clone());
            self.blocked.extend(&end.broken);
        }
        end
    }

    fn finish(&mut self, revision: usize, outcome: Outcome, attempts: u32, time: std::time::Duration) {
        if !self.selection.judged.contains(&revision) {
            // Nobody asked; it stood in the way of those that somebody asked for.
            return;
        }
        let cell = self.selection.cell(revision, outcome, attempts, time);
        self.run.tell(Event::CellFinished(Box::new(cell.clone())));
        self.done.insert(revision, cell);
    }

    fn give_up(&mut self, cells: &BTreeSet<usize>, reason: &str) {
        for &revision in cells {
            if !self.done.contains_key(&revision) {
                let outcome = Outcome::Error { reason: reason.to_owned() };
                self.finish(revision, outcome, 1, std::time::Duration::ZERO);
            }
        }
    }

    /// Gives up a revision that could not be tried even alone, and with it those that need it.
    fn give_up_on(&mut self, revision: usize, reason: &str) {
        self.give_up(&BTreeSet::from([revision]), reason);
        let judged = self.selection.judged.iter().copied();
        let need_it = judged.filter(|&cell| self.ancestors(cell).contains(&revision)).collect();
        let id = &self.selection.chain.revisions()[revision].id;
        self.give_up(&need_it, &format!("it needs revision {id}, which could not be tried: {reason}"));
    }

    fn into_cells(self) -> Vec<Cell> {
        let chain = &self.selection.chain;
        let order = |id: &str| chain.revisions().iter().position(|revision| revision.id == id);
        let mut cells: Vec<Cell> = self.done.into_values().collect();
        for cell in self.selection.skipped_cells() {
            self.run.tell(Event::CellFinished(Box::new(cell.clone())));
            cells.push(cell);
        }
        cells.sort_by_key(|cell| order(&cell.revision));
        cells
    }
}

/// The Python of a suite.
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// The SQLAlchemy driver that URLs name, by engine: the settings', else the most usual one that is installed.
    /// Without a name SQLAlchemy chooses, and which one depends on its release.
    pub(super) drivers: BTreeMap<EngineKind, String>,
}

/// The suite's Python, made when it is not there.
pub(super) async fn interpreter(
    suite: &Suite,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<Interpreter, RunError> {
    let engines: BTreeSet<EngineKind> = suite.targets.iter().map(|target| target.engine).collect();
    let driver = |&engine| Driver { engine, name: suite.drivers.get(&engine).cloned() };
    let wanted: Vec<Driver> = engines.iter().map(driver).collect();
    let tell = |event: EnvironmentEvent| {
        let what = event.to_string();
        let _ = events.send(Event::Preparing { suite: suite.name.clone(), target: None, what });
    };
    let failed = |source| RunError::Environment { suite: suite.name.clone(), source: Box::new(source) };
    let path =
        environment::prepare(&suite.python, &suite.dir, &wanted, &environment::default_cache_dir(), tell)
            .await
            .map_err(failed)?;
    let mut drivers = suite.drivers.clone();
    for engine in engines {
        let installed = environment::installed_drivers(&path, engine).await.map_err(failed)?;
        if let (false, Some(first)) = (drivers.contains_key(&engine), installed.first()) {
            drivers.insert(engine, (*first).to_owned());
        }
    }
    Ok(Interpreter { path, drivers })
}
