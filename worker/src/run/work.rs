//! A unit at work on its server, and what happens when the server dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mrt_report::{Evidence, Finding, FindingKind, Severity};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::error::BeginError;
use super::python::Interpreter;
use super::server::{Running, StartError};
use super::told::Told;
use super::{RunError, StationOptions, Unit};
use crate::check::CheckError;
use crate::check::outcome::Outcome;
use crate::check::outside::{self, ServerWide};
use crate::check::replay::Keep;
use crate::check::shard::{self, Shard, Suspicion};
use crate::check::slot::TargetContext;
use crate::check::under_way::UnderWay;

/// How often a revision may take a fresh server down, alone, before that is its finding.
const FRESH_SERVERS: u32 = 2;

/// What a unit is checked with.
pub(super) struct Tools<'a> {
    pub(super) options: &'a StationOptions,
    /// How many jobs run at a time, over all units.
    pub(super) jobs: &'a Semaphore,
    pub(super) python: &'a Interpreter,
    pub(super) cancel: &'a CancellationToken,
}

/// A unit on its server.
pub(super) struct Work<'a> {
    tools: Tools<'a>,
    unit: &'a Unit,
    running: &'a mut Running,
    told: Told<'a>,
    under_way: UnderWay<'a>,
    /// Revisions that cannot be applied.
    blocked: BTreeSet<usize>,
    /// Revisions that write outside of their database, as far as that is known, with what they write.
    outside: BTreeMap<usize, ServerWide>,
    /// The server may not be as it was found.
    used: bool,
}

impl<'a> Work<'a> {
    /// `used` says that the server has served another unit.
    pub(super) fn new(
        tools: Tools<'a>,
        unit: &'a Unit,
        (running, used): (&'a mut Running, bool),
        told: Told<'a>,
        under_way: UnderWay<'a>,
    ) -> Self {
        let (blocked, outside) = (BTreeSet::new(), BTreeMap::new());
        let mut work = Self { tools, unit, running, told, under_way, blocked, outside, used };
        work.expect_outside();
        work
    }

    /// Checks the unit, and says whether the server can serve another one.
    pub(super) async fn check(mut self) -> Result<bool, RunError> {
        let result = self.check_all().await;
        if self.used && !self.running.is_ours() && self.running.holds_kept {
            // Its roles have to be given back, to which the databases refer.
            self.let_go_of_kept();
        }
        self.told.release();
        // What was under way may still be on its way to the server; what cannot be undone stays there.
        let is_fit = !self.tools.cancel.is_cancelled() && !self.has_lasting();
        result.map(|()| is_fit)
    }

    async fn check_all(&mut self) -> Result<(), RunError> {
        let mut first = true;
        while let Some(cells) = self.next_cells() {
            if let Err(reason) = self.clean(&cells).await {
                self.give_up(&cells, &reason);
                continue;
            }
            let known = (self.outside.len(), self.blocked.len());
            let slots = self.tools.options.jobs.max(1);
            let end = match self.shard(&cells, self.unit.cells.clone(), slots, false).await {
                Ok(end) => end,
                Err(CheckError::Host(error)) if first && self.may_become_ourselves() => {
                    // Often the interpreter lies in a home directory that nobody else may read.
                    self.running.run_as_ourselves(&error.to_string());
                    continue;
                }
                Err(CheckError::Environment(broken))
                    if first && broken.is_about_permissions() && self.may_become_ourselves() =>
                {
                    self.running.run_as_ourselves(&broken.to_string());
                    continue;
                }
                Err(source) if first => {
                    return Err(RunError::Begin {
                        suite: self.unit.suite.name.clone(),
                        target: self.unit.target.name.clone(),
                        source: BeginError(Box::new(source)),
                    });
                }
                Err(error) => {
                    self.give_up(&cells, &error.in_full());
                    continue;
                }
            };
            first = false;
            if self.tools.cancel.is_cancelled() {
                return Ok(());
            }
            if end.suspects.is_empty() {
                if known == (self.outside.len(), self.blocked.len()) {
                    self.give_up(&end.left, "the cell was never reached");
                }
                continue;
            }
            let why = self.running.why_died().await;
            warn!(target = self.unit.target.name, suspects = end.suspects.len(), "the server failed: {why}");
            for (suspect, suspicion) in &end.suspects {
                self.alone(*suspect, suspicion).await;
            }
            if self.tools.cancel.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = self.fresh().await {
                let open = self.open();
                self.give_up(&open, &format!("no server: {error}"));
                return Ok(());
            }
        }
        Ok(())
    }

    /// A stranger's project would only have to fail to run with our rights.
    fn may_become_ourselves(&self) -> bool {
        self.tools.python.is_own && self.running.run_as().is_some()
    }

    /// Begins with what the files let expect of revisions that write outside of their database.
    fn expect_outside(&mut self) {
        let engine = self.running.engine();
        if !engine.shares_objects() {
            return;
        }
        let dialect = engine.dialect();
        for (index, revision) in self.unit.chain.revisions().iter().enumerate() {
            // One that cannot be read is told of by Alembic, and a hint is all that this is.
            let text = std::fs::read_to_string(&revision.file).unwrap_or_default();
            self.outside.extend(outside::hinted(&text, dialect).map(|found| (index, found)));
        }
    }

    /// The cells that have not come to their end and are still the unit's.
    fn open(&self) -> BTreeSet<usize> {
        self.unit.cells.borrow().difference(&self.told.ended).copied().collect()
    }

    /// The cells to check next: those that need the same revisions which write outside of their database, on a server
    /// on which those were applied to one database alone; in the end such revisions themselves.
    /// What cannot be checked any more has come to its end then.
    fn next_cells(&mut self) -> Option<BTreeSet<usize>> {
        self.settle();
        let open = self.open();
        let inside = || open.iter().copied().filter(|cell| !self.outside.contains_key(cell));
        match inside().next() {
            Some(first) => {
                let needed = self.needs_outside(first);
                Some(inside().filter(|&cell| self.needs_outside(cell) == needed).collect())
            }
            // After what cannot be undone a server is of no use for the next one, and one that is left for a look is not reset.
            None if self.has_lasting() || self.tools.options.keep => {
                open.first().map(|&cell| BTreeSet::from([cell]))
            }
            None => Some(open).filter(|cells| !cells.is_empty()),
        }
    }

    /// One that writes outside of its database is never among others.
    fn is_apart(&self, cells: &BTreeSet<usize>) -> bool {
        cells.iter().any(|cell| self.outside.contains_key(cell))
    }

    /// Whether some revision does to its server what mrt cannot undo.
    fn has_lasting(&self) -> bool {
        self.outside.values().any(|found| !found.roles)
    }

    fn ancestors(&self, revision: usize) -> BTreeSet<usize> {
        let chain = &self.unit.chain;
        chain.ancestors(&chain.revisions()[revision].id).into_iter().collect()
    }

    /// The revisions before this one that write outside of their database.
    fn needs_outside(&self, revision: usize) -> BTreeSet<usize> {
        self.ancestors(revision).into_iter().filter(|at| self.outside.contains_key(at)).collect()
    }

    /// Brings cells to their end that need no further check: those behind a revision that cannot be applied, and on a
    /// server that is not ours those that need what mrt cannot undo there.
    fn settle(&mut self) {
        for cell in self.open() {
            let mut path = self.ancestors(cell);
            if let Some(&by) = path.intersection(&self.blocked).next() {
                let why = self.running.engine().forbids_server_wide();
                let outcome = match (why, self.outside.get(&by)) {
                    // That mrt does not let it is no word about the revision.
                    (Some(why), Some(found)) => {
                        let by = &self.unit.chain.revisions()[by].id;
                        let what = &found.what;
                        Outcome::Impossible {
                            reason: format!(
                                "it needs revision {by}, which writes outside of its database ({what}): {why}"
                            ),
                        }
                    }
                    _ => Outcome::Blocked { by },
                };
                self.told.ended(cell, outcome, 1, Duration::ZERO);
                continue;
            }
            path.insert(cell);
            let lasting = path.iter().find_map(|at| self.outside.get(at).filter(|found| !found.roles));
            if let Some(found) = lasting.filter(|_| !self.running.is_ours()) {
                let error = CheckError::CannotBeUndone { what: found.what.clone() };
                self.told.ended(cell, Outcome::error(&error), 1, Duration::ZERO);
            }
        }
    }

    /// Makes the server as it was found for the next cells, where it may not be.
    async fn clean(&mut self, cells: &BTreeSet<usize>) -> Result<(), String> {
        // Those that are checked apart begin with that themselves, and would take along what is kept for a look.
        let resets = self.running.holds_kept && self.is_apart(cells);
        if !(std::mem::take(&mut self.used) || resets) || !self.running.engine().shares_objects() {
            return Ok(());
        }
        if self.running.is_ours() && (self.has_lasting() || self.running.holds_kept) {
            return self.fresh().await.map_err(|error| format!("no server: {error}"));
        }
        self.let_go_of_kept();
        match self.running.engine().reset().await {
            Ok(()) => Ok(()),
            Err(error) if self.running.is_ours() => {
                warn!("another server is started, since this one cannot be made as it was: {error}");
                self.fresh().await.map_err(|error| format!("no server: {error}"))
            }
            Err(error) => Err(CheckError::Database(error).in_full()),
        }
    }

    /// What was kept for a look on a server that cannot be replaced goes with its other databases.
    fn let_go_of_kept(&mut self) {
        if std::mem::take(&mut self.running.holds_kept) {
            warn!(
                target = self.unit.target.name,
                "databases that were kept for a look go: the roles of the server have to be given back"
            );
            self.told.nothing_is_kept();
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
            let is_needed = |&cell: &usize| cell == revision || self.ancestors(cell).contains(&revision);
            if self.tools.cancel.is_cancelled() || !self.open().iter().any(is_needed) {
                return;
            }
            if let Err(error) = self.fresh().await {
                self.give_up_on(revision, &format!("{reason}; and no fresh server: {error}"));
                return;
            }
            let cells = BTreeSet::from([revision]);
            let (_, wanted) = watch::channel(cells.clone());
            match self.shard(&cells, wanted, 1, true).await {
                Ok(end) if end.suspects.is_empty() => return,
                Ok(end) => {
                    for (suspect, suspicion) in end.suspects {
                        // One that it needs may have been on its way.
                        let by_itself = suspect == revision && suspicion.server_gone;
                        taken_down += u32::from(by_itself && !self.running.was_taken().await);
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
        let known = &self.unit.chain.revisions()[revision];
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
        self.told.ended(revision, Outcome::found(vec![finding], None), 1 + FRESH_SERVERS, Duration::ZERO);
    }

    async fn shard(
        &mut self,
        cells: &BTreeSet<usize>,
        wanted: watch::Receiver<BTreeSet<usize>>,
        slots: usize,
        alone: bool,
    ) -> Result<shard::End, CheckError> {
        let apart = self.is_apart(cells);
        let mut floor = BTreeSet::new();
        if let Some(&first) = cells.first().filter(|_| !apart) {
            for needed in self.needs_outside(first) {
                floor.extend(self.ancestors(needed));
                floor.insert(needed);
            }
        }
        let (unit, tools) = (self.unit, &self.tools);
        let context = TargetContext {
            suite: Arc::clone(&unit.suite),
            target: unit.target.clone(),
            chain: Arc::clone(&unit.chain),
            engine: self.running.engine(),
            hosts: self.running.hosts(&unit.suite, &tools.python.path)?,
            driver: tools.python.drivers.get(&unit.target.engine).cloned(),
            seed_all: unit.seed_all,
            apart,
            version_table: OnceLock::new(),
            env_works: AtomicBool::new(false),
            alone: alone && self.running.is_ours(),
        };
        self.used |= apart || !floor.is_empty();
        let counts = |revision: &str, finding: &Finding| unit.counts(revision, finding);
        let keep = Keep { counts: &counts, hears: tools.options.replays.as_ref() };
        let shard = Shard {
            target: &context,
            cells: cells.clone(),
            wanted,
            under_way: &self.under_way,
            floor,
            unusable: self.blocked.clone(),
            slots,
            jobs: tools.jobs,
            keep: tools.options.keep.then_some(keep),
        };
        let told = &mut self.told;
        let mut tell = |progress| told.take(progress);
        let end = tokio::select! {
            biased;
            () = tools.cancel.cancelled() => Ok(shard::End::default()),
            end = shard::check(&shard, &mut tell) => end,
        };
        self.running.holds_kept |= std::mem::take(&mut self.told.kept);
        if let Ok(end) = &end {
            self.used |= !end.outside.is_empty();
            self.outside.extend(end.outside.clone());
            self.blocked.extend(&end.broken);
        }
        end
    }

    fn give_up(&mut self, cells: &BTreeSet<usize>, reason: &str) {
        for &revision in self.open().intersection(cells) {
            let outcome = Outcome::Failed { reason: reason.to_owned() };
            self.told.ended(revision, outcome, 1, Duration::ZERO);
        }
    }

    /// Gives up a revision that could not be tried even alone, and with it those that need it.
    fn give_up_on(&mut self, revision: usize, reason: &str) {
        self.give_up(&BTreeSet::from([revision]), reason);
        let need_it =
            self.open().into_iter().filter(|&cell| self.ancestors(cell).contains(&revision)).collect();
        let id = &self.unit.chain.revisions()[revision].id;
        let reason = format!("it needs revision {id}, which could not be tried: {reason}");
        self.give_up(&need_it, &reason);
    }
}
