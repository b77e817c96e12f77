//! A slice of a chain on one server: advances the lineage and checks cells side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use mrt_chain::graph::Revision;
use mrt_chain::settings::Bootstrap;
use mrt_report::{Coverage, Finding, Severity};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::check::CheckError;
use crate::check::judge;
use crate::check::labels::Labels;
use crate::check::pristine::{self, Advanced, Pristine, Sent, Snapshot};
use crate::check::schedule::{Job, Retry, State};
use crate::check::slot::{Slot, TargetContext, bootstrap_limit};
use crate::check::trial;
use crate::database::DatabaseName;
use crate::host::Failure;

/// What one revision came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was checked.
    Judged {
        findings: Vec<Finding>,
        coverage: Coverage,
        phases_ms: BTreeMap<String, u64>,
        kept: Option<String>,
    },
    /// A revision that it needs cannot be applied.
    Blocked { by: usize },
    /// Infrastructure failed.
    Error { reason: String },
}

impl Outcome {
    /// Findings that no trial stands behind.
    pub(crate) fn found(findings: Vec<Finding>) -> Self {
        Self::Judged { findings, coverage: Coverage::default(), phases_ms: BTreeMap::new(), kept: None }
    }
}

/// What a shard tells while it works.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A cell is under way.
    Started { revision: usize },
    /// A cell has come to its end.
    Finished { revision: usize, outcome: Outcome, attempts: u32, time: Duration },
}

/// What to check.
pub(crate) struct Shard<'a> {
    pub(crate) target: &'a TargetContext,
    /// Indexes into the chain: the revisions to judge.
    pub(crate) cells: BTreeSet<usize>,
    /// Indexes into the chain: revisions that are judged already and cannot be applied.
    pub(crate) unusable: BTreeSet<usize>,
    pub(crate) slots: usize,
    /// Shared by all shards of a process: how many jobs run at a time.
    pub(crate) jobs: &'a Semaphore,
    /// Leave the databases of failing cells.
    pub(crate) keep: bool,
}

/// How a shard ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Revisions that were under way when the server failed, with the failure. To be tried alone.
    pub(crate) suspects: BTreeMap<usize, String>,
    /// Cells that were not begun, because the server failed or the run was cancelled.
    pub(crate) left: BTreeSet<usize>,
}

/// Checks a shard. Everything that is known of a cell goes to `progress`, exactly once per finished cell.
///
/// Dropping the future kills its children; their databases go with the server or the directory.
///
/// # Errors
/// When not even the base database can be made.
pub(crate) async fn check(
    shard: &Shard<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<End, CheckError> {
    let mut free: Vec<Slot> = (0..shard.slots.max(1)).map(|number| Slot::new(shard.target, number)).collect();
    let base = match free.first_mut() {
        Some(slot) => base(shard.target, slot).await?,
        None => return Ok(End::default()),
    };
    let state = State::new(&shard.target.chain, &shard.cells, &shard.unusable, shard.slots, base);
    let mut runner = Runner { shard, state, progress, suspects: BTreeMap::new() };
    // All awaiting happens in here. A job that is not polled may hold a half-open connection, and dropping a
    // database waits for every connection to be open or gone.
    let mut under_way = FuturesUnordered::new();
    let mut cleaning = FuturesUnordered::new();
    loop {
        while let Some(slot) = free.pop() {
            let Some(job) = runner.next() else {
                free.push(slot);
                break;
            };
            under_way.push(perform(shard, slot, job));
        }
        let done = tokio::select! {
            done = under_way.next() => done,
            Some(()) = cleaning.next() => continue,
        };
        let Some(Done { slot, job, result, time }) = done else { break };
        runner.take(&slot, job, result, time);
        free.push(slot);
        let unneeded = runner.state.garbage();
        if !unneeded.is_empty() {
            cleaning.push(drop_all(shard.target, unneeded));
        }
    }
    while let Some(()) = cleaning.next().await {}
    drop(under_way);
    for slot in &mut free {
        slot.stop().await;
    }
    let Runner { state, suspects, .. } = runner;
    let left = state.unfinished().into_iter().filter(|cell| !suspects.contains_key(cell)).collect();
    Ok(End { suspects, left })
}

struct Runner<'a, 'p> {
    shard: &'a Shard<'a>,
    state: State<'a>,
    progress: &'p mut (dyn FnMut(Progress) + Send),
    suspects: BTreeMap<usize, String>,
}

impl Runner<'_, '_> {
    fn next(&mut self) -> Option<Job> {
        // A server that failed once is not given another job.
        let job = if self.suspects.is_empty() { self.state.next() } else { None };
        for (revision, outcome) in self.state.take_settled() {
            self.finished(revision, outcome, 1, Duration::ZERO);
        }
        if let Some(Job::Cell(revision, _)) = job
            && self.state.attempts(revision) == 1
        {
            (self.progress)(Progress::Started { revision });
        }
        job
    }

    fn finished(&mut self, revision: usize, outcome: Outcome, attempts: u32, time: Duration) {
        (self.progress)(Progress::Finished { revision, outcome, attempts, time });
    }

    fn take(&mut self, slot: &Slot, job: Job, result: Result<Answer, CheckError>, time: Duration) {
        let revision = job.revision();
        match result {
            Ok(Answer::Advanced(Advanced::Done(pristine))) => self.state.advanced(revision, pristine),
            Ok(Answer::Advanced(Advanced::Failed { failed, statements })) => {
                if self.state.broken(revision) {
                    let target = self.shard.target;
                    let known = &target.chain.revisions()[revision];
                    let finding = judge::cannot_be_applied(target, slot, known, &failed, &statements);
                    (self.progress)(Progress::Started { revision });
                    self.finished(revision, Outcome::found(vec![finding]), 1, time);
                }
            }
            Ok(Answer::Judged(outcome)) => {
                self.state.cell_done(revision);
                self.finished(revision, outcome, self.state.attempts(revision), time);
            }
            Err(error) if error.speaks_of_server() => {
                warn!(revision, "{}", error.in_full());
                self.suspects.insert(revision, error.in_full());
            }
            Err(error) => {
                let reason = error.in_full();
                debug!(revision, "{reason}");
                match self.state.failed(job, &reason) {
                    Retry::Again => {}
                    Retry::GiveUp { attempts } => {
                        self.finished(revision, Outcome::Error { reason }, attempts, time);
                    }
                }
            }
        }
    }
}

/// Drops databases that nothing needs any more; one that stays goes with its server.
async fn drop_all(target: &TargetContext, databases: Vec<DatabaseName>) {
    for database in databases {
        if let Err(error) = target.engine.drop_database(&database).await {
            debug!(%database, "cannot drop a snapshot: {error}");
        }
    }
}

/// Makes the empty database with which every chain begins.
async fn base(target: &TargetContext, slot: &mut Slot) -> Result<Snapshot, CheckError> {
    slot.host(target).await?;
    target.engine.create(&slot.database).await?;
    let mut sent = Sent::default();
    match &target.suite.bootstrap {
        None => {}
        Some(Bootstrap::Callable(callable)) => {
            let limit = bootstrap_limit(target.suite.timeout);
            let mut outcome = slot.host(target).await?.bootstrap(callable, limit).await?;
            sent.add(&mut outcome);
            if let Some(failure) = outcome.failure {
                return Err(CheckError::Bootstrap { what: callable.clone(), reason: reason_of(&failure) });
            }
        }
        Some(Bootstrap::Sql(file)) => {
            let what = file.display().to_string();
            let sql = std::fs::read_to_string(file)
                .map_err(|error| CheckError::Bootstrap { what: what.clone(), reason: error.to_string() })?;
            let done = target.engine.execute_as_project(&slot.database, &sql).await?;
            done.map_err(|rejection| CheckError::Bootstrap { what, reason: rejection.message })?;
        }
    }
    target.engine.disconnect(&slot.database).await?;
    pristine::freeze(target, slot, &DatabaseName::new("base", 0), &Labels::default(), &sent).await
}

fn reason_of(failure: &Failure) -> String {
    match failure {
        Failure::Raised(raised) => format!("{}: {}\n{}", raised.class, raised.message, raised.traceback),
        Failure::TimedOut { after, .. } => format!("did not end within {} s", after.as_secs()),
        Failure::Died { how } => format!("the process ended: {how}"),
    }
}

enum Answer {
    Advanced(Advanced),
    Judged(Outcome),
}

struct Done {
    slot: Slot,
    job: Job,
    result: Result<Answer, CheckError>,
    time: Duration,
}

async fn perform(shard: &Shard<'_>, mut slot: Slot, job: Job) -> Done {
    let permit = shard.jobs.acquire().await;
    let clock = Instant::now();
    let target = shard.target;
    let result = match &job {
        Job::Advance(_, plan) => pristine::advance(target, &mut slot, plan).await.map(Answer::Advanced),
        Job::Cell(index, pristine) => {
            let revision = &target.chain.revisions()[*index];
            judge_cell(shard, &mut slot, *index, pristine, revision).await
        }
    };
    if result.is_err() {
        // Whatever state the host is in, the next job begins with a new one.
        slot.stop().await;
    }
    drop(permit);
    Done { slot, job, result, time: clock.elapsed() }
}

async fn judge_cell(
    shard: &Shard<'_>,
    slot: &mut Slot,
    index: usize,
    pristine: &Pristine,
    revision: &Revision,
) -> Result<Answer, CheckError> {
    let target = shard.target;
    if let Some(what) = trial::server_wide(target, pristine) {
        // In a clone the role would be there already, which is the server's fault and not the revision's.
        let reason =
            format!("{what} writes outside of the database, and mrt cannot check such a revision yet");
        return Ok(Answer::Judged(Outcome::Error { reason }));
    }
    let judged = judge::check(target, slot, pristine, revision).await?;
    let fails = judged.findings.iter().any(|finding| finding.severity == Severity::Fail);
    let kept = if shard.keep && fails {
        judge::replay(target, slot, pristine).await?;
        let name = DatabaseName::new("keep", index);
        target.engine.disconnect(&slot.database).await?;
        target.engine.rename(&slot.database, &name).await?;
        Some(target.engine.connect_hint(&name))
    } else {
        None
    };
    let outcome = Outcome::Judged {
        findings: judged.findings,
        coverage: judged.coverage,
        phases_ms: judged.phases.millis(),
        kept,
    };
    Ok(Answer::Judged(outcome))
}
