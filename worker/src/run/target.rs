//! One target of a run: its server, the suites that it serves, and what happens when the server dies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use mrt_chain::settings::{EngineKind, Suite, Target};
use mrt_report::{Cell, Evidence, Finding, FindingKind, Severity};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::cells::Selection;
use super::server::Running;
use super::{BeginError, Event, RunError, RunOptions};
use crate::check::CheckError;
use crate::check::shard::{self, Outcome, Progress, Shard};
use crate::check::slot::TargetContext;
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
            done: BTreeMap::new(),
            blocked: BTreeSet::new(),
        };
        one.check().await?;
        cells.extend(one.into_cells());
        run.tell(Event::TargetFinished { suite: selection.suite.name.clone(), target: target.name.clone() });
    }
    Ok(cells)
}

struct OneSuite<'a> {
    run: &'a Run<'a>,
    selection: &'a Selection,
    running: &'a mut Running,
    done: BTreeMap<usize, Cell>,
    /// Revisions that cannot be applied since they take the server down.
    blocked: BTreeSet<usize>,
}

impl OneSuite<'_> {
    async fn check(&mut self) -> Result<(), RunError> {
        let mut left = self.selection.judged.clone();
        let mut first = true;
        while !left.is_empty() {
            let end = match self.shard(&left, self.run.options.jobs.max(1), false).await {
                Ok(end) => end,
                Err(CheckError::Host(error)) if first && self.running.run_as().is_some() => {
                    // Often the interpreter lies in a home directory that nobody else may read.
                    warn!("migrations run as root: {error}");
                    self.running.run_as_ourselves();
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
                    self.give_up(&left, &error.in_full());
                    return Ok(());
                }
            };
            first = false;
            if self.run.cancel.is_cancelled() {
                let left: BTreeSet<usize> = self.selection.judged.clone();
                self.give_up(&left, "the run was interrupted before this cell was done");
                return Ok(());
            }
            if end.suspects.is_empty() {
                self.give_up(&end.left, "the cell was never reached");
                return Ok(());
            }
            let why = self.running.why_died().await;
            warn!(
                target = self.selection.target.name,
                suspects = end.suspects.len(),
                "the server failed: {why}"
            );
            for (suspect, reason) in &end.suspects {
                self.alone(*suspect, reason).await;
            }
            if let Err(error) = self.running.fresh().await {
                self.give_up(&end.left, &format!("no server: {error}"));
                return Ok(());
            }
            left = end.left.into_iter().filter(|cell| !self.done.contains_key(cell)).collect();
        }
        Ok(())
    }

    /// Tries one revision alone, on fresh servers.
    async fn alone(&mut self, revision: usize, reason: &str) {
        let mut reason = reason.to_owned();
        for _ in 0..FRESH_SERVERS {
            if self.run.cancel.is_cancelled() {
                return;
            }
            if let Err(error) = self.running.fresh().await {
                self.give_up(&BTreeSet::from([revision]), &format!("{reason}; and no fresh server: {error}"));
                return;
            }
            match self.shard(&BTreeSet::from([revision]), 1, true).await {
                Ok(end) if end.suspects.is_empty() => return,
                Ok(end) => {
                    if let Some(again) = end.suspects.into_values().next() {
                        reason = again;
                    }
                }
                Err(error) => reason = error.in_full(),
            }
        }
        let server = self.running.why_died().await;
        if !self.running.is_ours() {
            self.give_up(&BTreeSet::from([revision]), &format!("{reason}; {server}"));
            return;
        }
        self.blocked.insert(revision);
        let known = &self.selection.chain.revisions()[revision];
        let finding = Finding {
            kind: FindingKind::ServerDied,
            severity: Severity::Fail,
            object: known.id.clone(),
            message: format!(
                "the revision takes the database server down, alone and on {FRESH_SERVERS} fresh servers; look at what it asks of the server"
            ),
            evidence: Evidence { error: Some(reason), output: Some(server), ..Evidence::default() },
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
        let suite = &self.selection.suite;
        let scratch = self.running.scratch(&suite.name)?;
        let python = &self.run.interpreters[&suite.name];
        let context = TargetContext {
            suite: Arc::clone(suite),
            target: self.selection.target.clone(),
            chain: Arc::clone(&self.selection.chain),
            engine: self.running.engine(),
            interpreter: python.path.clone(),
            driver: python.drivers.get(&self.selection.target.engine).cloned(),
            seed_all: self.run.options.seed_all,
            scratch,
            run_as: self.running.run_as(),
            alone,
        };
        let shard = Shard {
            target: &context,
            cells: cells.clone(),
            unusable: self.blocked.clone(),
            slots,
            jobs: self.run.jobs,
            keep: self.run.options.keep,
        };
        let (run, selection) = (self.run, self.selection);
        let mut done = std::mem::take(&mut self.done);
        let mut tell = |progress| match progress {
            Progress::Started { revision } => run.tell(Event::CellStarted {
                suite: selection.suite.name.clone(),
                target: selection.target.name.clone(),
                revision: selection.chain.revisions()[revision].id.clone(),
            }),
            Progress::Finished { revision, outcome, attempts, time } => {
                let cell = selection.cell(revision, outcome, attempts, time);
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
        end
    }

    fn finish(&mut self, revision: usize, outcome: Outcome, attempts: u32, time: std::time::Duration) {
        let cell = self.selection.cell(revision, outcome, attempts, time);
        self.run.tell(Event::CellFinished(Box::new(cell.clone())));
        self.done.insert(revision, cell);
    }

    fn give_up(&mut self, cells: &BTreeSet<usize>, reason: &str) {
        for &revision in cells {
            if self.selection.judged.contains(&revision) && !self.done.contains_key(&revision) {
                let outcome = Outcome::Error { reason: reason.to_owned() };
                self.finish(revision, outcome, 1, std::time::Duration::ZERO);
            }
        }
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
