//! A slice of a chain on one server: advances the lineage and checks cells side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use mrt_chain::graph::Revision;
use mrt_chain::settings::Bootstrap;
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::{debug, warn};

use crate::check::judge;
use crate::check::labels::Labels;
use crate::check::outcome::Outcome;
use crate::check::outside::ServerWide;
use crate::check::pristine::{self, Advance, Advanced, Copied, Pristine, Sent, Snapshot};
use crate::check::replay::{Again, Keep};
use crate::check::schedule::{Job, Retry, State};
use crate::check::slot::{Slot, TargetContext, bootstrap_limit};
use crate::check::under_way::UnderWay;
use crate::check::{CheckError, apart};
use crate::database::DatabaseName;
use crate::host::Failure;

/// What is added to a failed upgrade that works on a new database.
const IN_ONE_RUN: &str = "; in one run with the revisions before it, as on a new database, the upgrade works, so only databases that stand in between are stuck";

/// What a shard tells while it works.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The lineage has taken a revision.
    Stands { revision: usize },
    /// A cell has come to its end.
    Finished { revision: usize, outcome: Outcome, attempts: u32, time: Duration },
}

/// What to check.
pub(crate) struct Shard<'a> {
    pub(crate) target: &'a TargetContext,
    /// Indexes into the chain: the revisions to judge.
    pub(crate) cells: BTreeSet<usize>,
    /// Of those, the ones that still are to be begun.
    pub(crate) wanted: watch::Receiver<BTreeSet<usize>>,
    pub(crate) under_way: &'a UnderWay<'a>,
    /// Indexes into the chain: revisions with which the lineage begins, all their ancestors included. They are
    /// applied to the one database that there is then, so they may write outside of it. All cells need them.
    pub(crate) floor: BTreeSet<usize>,
    /// Indexes into the chain: revisions that are judged already and cannot be applied.
    pub(crate) unusable: BTreeSet<usize>,
    pub(crate) slots: usize,
    /// Shared by all shards of a process: how many jobs run at a time.
    pub(crate) jobs: &'a Semaphore,
    /// Leave databases for a look.
    pub(crate) keep: Option<Keep<'a>>,
}

/// A failure of the server under a revision.
#[derive(Debug, Clone)]
pub(crate) struct Suspicion {
    pub(crate) reason: String,
    /// The server went away, rather than being out of something.
    pub(crate) server_gone: bool,
}

impl Suspicion {
    pub(crate) fn of(error: &CheckError) -> Self {
        Self { reason: error.in_full(), server_gone: !error.is_about_resources() }
    }
}

/// How a shard ended.
#[derive(Debug, Default)]
pub(crate) struct End {
    /// Revisions that were under way when the server failed, with the failure. To be tried alone.
    pub(crate) suspects: BTreeMap<usize, Suspicion>,
    /// Revisions that turned out to write outside of their database, with what they write. They are to be checked
    /// apart, and what needs them on a floor that holds them. The server is not as it was found any more.
    pub(crate) outside: BTreeMap<usize, ServerWide>,
    /// Revisions that cannot be applied.
    pub(crate) broken: BTreeSet<usize>,
    /// Cells that have no outcome, because the server failed, or since what was seen of them may have been another
    /// revision's doing.
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
    if shard.target.apart {
        return apart::check(shard, progress).await;
    }
    let mut free: Vec<Slot> = (0..shard.slots.max(1)).map(Slot::new).collect();
    let Some((slot, others)) = free.split_first_mut() else { return Ok(End::default()) };
    // Importing a project takes a while, and those that will be needed can do so side by side.
    // Not beside a floor, which may write outside of its database.
    let side_by_side = if shard.floor.is_empty() { shard.cells.len().saturating_sub(1) } else { 0 };
    let needed = others.iter_mut().take(side_by_side);
    let others = join_all(needed.map(|slot| slot.get_ready(shard.target)));
    let (base, _) = tokio::join!(base(shard, slot), others);
    let base = match base? {
        Ok(base) => base,
        Err(broken) => {
            stop(&mut free).await;
            return Ok(End { broken: BTreeSet::from([broken]), left: shard.cells.clone(), ..End::default() });
        }
    };
    let chain = &shard.target.chain;
    let (cells, floor) = (shard.cells.clone(), shard.floor.clone());
    let state = State::new(chain, cells, floor, &shard.unusable, shard.slots, base);
    let mut runner = Runner::new(shard, state, progress);
    // All awaiting happens in here. A job that is not polled may hold a half-open connection, and dropping a
    // database waits for every connection to be open or gone.
    let mut under_way = FuturesUnordered::new();
    let mut cleaning = FuturesUnordered::new();
    let (copies, mut copied) = mpsc::unbounded_channel();
    loop {
        while let Some(slot) = free.pop() {
            let Some(job) = runner.next(&slot) else {
                free.push(slot);
                break;
            };
            runner.under_way.insert(slot.number);
            under_way.push(perform(shard, slot, job, copies.clone()));
        }
        let done = tokio::select! {
            done = under_way.next() => done,
            Some(()) = cleaning.next() => continue,
            Some((revision, copied)) = copied.recv() => {
                runner.state.copied(revision, copied);
                continue;
            }
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
    stop(&mut free).await;
    match runner.fatal.take() {
        Some(error) => Err(error),
        None => Ok(runner.end()),
    }
}

async fn stop(slots: &mut [Slot]) {
    join_all(slots.iter_mut().map(Slot::stop)).await;
}

struct Runner<'a, 'p> {
    shard: &'a Shard<'a>,
    wanted: watch::Receiver<BTreeSet<usize>>,
    state: State<'a>,
    progress: &'p mut (dyn FnMut(Progress) + Send),
    /// Numbers of the slots in which a job runs.
    under_way: BTreeSet<usize>,
    /// Outcomes that wait for the jobs that ran beside them.
    held: Vec<Held>,
    told: BTreeSet<usize>,
    suspects: BTreeMap<usize, Suspicion>,
    outside: BTreeMap<usize, ServerWide>,
    broken: BTreeSet<usize>,
    /// No cell can be checked.
    fatal: Option<CheckError>,
}

/// An outcome, while a job that ran beside it may turn out to have written outside of its database.
struct Held {
    revision: usize,
    /// `None` when nobody asked for the revision.
    outcome: Option<Outcome>,
    attempts: u32,
    time: Duration,
    /// It cannot be applied.
    broken: bool,
    /// The slots of those jobs.
    beside: BTreeSet<usize>,
}

impl<'a, 'p> Runner<'a, 'p> {
    fn new(shard: &'a Shard<'a>, state: State<'a>, progress: &'p mut (dyn FnMut(Progress) + Send)) -> Self {
        let mut wanted = shard.wanted.clone();
        wanted.mark_changed();
        Self {
            shard,
            wanted,
            state,
            progress,
            under_way: BTreeSet::new(),
            held: Vec::new(),
            told: BTreeSet::new(),
            suspects: BTreeMap::new(),
            outside: BTreeMap::new(),
            broken: BTreeSet::new(),
            fatal: None,
        }
    }

    fn next(&mut self, slot: &Slot) -> Option<Job> {
        let wanted = self.wanted.borrow_and_update();
        if wanted.has_changed() {
            self.state.leave_out_all_but(&wanted);
        }
        drop(wanted);
        // A server that failed once, or that is not as it was found, is not given another job.
        let usable = self.suspects.is_empty() && self.outside.is_empty() && self.fatal.is_none();
        let job = if usable { self.state.next(slot.is_warm_for()) } else { None };
        for (revision, outcome) in self.state.take_settled() {
            self.finished(revision, Some(outcome), 1, Duration::ZERO, false);
        }
        job
    }

    fn finished(
        &mut self,
        revision: usize,
        outcome: Option<Outcome>,
        attempts: u32,
        time: Duration,
        broken: bool,
    ) {
        let shares = self.shard.target.engine.shares_objects();
        let beside = if shares { self.under_way.clone() } else { BTreeSet::new() };
        self.held.push(Held { revision, outcome, attempts, time, broken, beside });
        self.release(None);
    }

    /// Tells what waits for no job any more, now that the one in `slot` has ended.
    fn release(&mut self, slot: Option<usize>) {
        for held in std::mem::take(&mut self.held) {
            let Held { revision, outcome, attempts, time, broken, mut beside } = held;
            if let Some(slot) = slot {
                beside.remove(&slot);
            }
            if !beside.is_empty() {
                self.held.push(Held { revision, outcome, attempts, time, broken, beside });
                continue;
            }
            if broken {
                self.broken.insert(revision);
            }
            if let Some(outcome) = outcome {
                self.told.insert(revision);
                (self.progress)(Progress::Finished { revision, outcome, attempts, time });
            }
        }
    }

    fn take(&mut self, slot: &Slot, job: Job, result: Result<Answer, CheckError>, time: Duration) {
        self.under_way.remove(&slot.number);
        if let Err(CheckError::WritesOutside { revision, found }) = result {
            debug!(revision, what = found.what, "writes outside of its database");
            self.outside.extend(self.shard.target.chain.position(&revision).map(|index| (index, found)));
            self.held.retain(|held| !held.beside.contains(&slot.number));
            return;
        }
        // What ended after such a revision had begun says nothing.
        if self.outside.is_empty() {
            self.take_in(slot, job, result, time);
        }
        self.release(Some(slot.number));
    }

    fn take_in(&mut self, slot: &Slot, job: Job, result: Result<Answer, CheckError>, time: Duration) {
        let revision = job.revision();
        match result {
            Ok(Answer::Advanced(Advanced::Done(pristine), _)) => {
                self.state.advanced(revision, pristine);
                (self.progress)(Progress::Stands { revision });
            }
            Ok(Answer::Advanced(Advanced::Discarded, _)) => self.state.discarded(revision),
            Ok(Answer::Advanced(Advanced::Failed { revision: by, failed, statements, after }, kept)) => {
                let target = self.shard.target;
                let by = target.chain.position(&by).unwrap_or(revision);
                let in_one_run = after.is_some();
                let is_cell = match after {
                    Some(after) => self.state.applied_with_ancestors(revision, after),
                    None => self.state.broken(revision, by),
                };
                let outcome = if by == revision {
                    let known = &target.chain.revisions()[revision];
                    let mut findings = judge::cannot_be_applied(target, slot, known, &failed, &statements);
                    if in_one_run && let Some(failure) = findings.first_mut() {
                        failure.message.push_str(IN_ONE_RUN);
                    }
                    Outcome::found(findings, kept)
                } else {
                    self.finished(by, None, 1, time, true);
                    Outcome::Blocked { by }
                };
                let broken = by == revision && !in_one_run;
                self.finished(revision, is_cell.then_some(outcome), 1, time, broken);
            }
            Ok(Answer::Judged(outcome)) => {
                self.state.cell_done(revision);
                self.finished(revision, Some(outcome), self.state.attempts(revision), time, false);
            }
            Err(error @ CheckError::Environment(_)) => self.fatal = Some(error),
            Err(error) if error.speaks_of_server() => {
                warn!(revision, "{}", error.in_full());
                self.suspects.insert(revision, Suspicion::of(&error));
            }
            Err(error) => {
                let reason = error.in_full();
                debug!(revision, "{reason}");
                match self.state.failed(job, &reason) {
                    Retry::Again => {}
                    Retry::GiveUp { attempts } => {
                        let outcome = Outcome::error(&error);
                        let is_cell = self.shard.cells.contains(&revision);
                        self.finished(revision, is_cell.then_some(outcome), attempts, time, false);
                    }
                }
            }
        }
    }

    fn end(self) -> End {
        let Self { shard, told, suspects, outside, broken, .. } = self;
        let has_no_outcome = |cell: &&usize| !told.contains(cell) && !suspects.contains_key(cell);
        let left = shard.cells.iter().filter(has_no_outcome).copied().collect();
        End { suspects, outside, broken, left }
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

/// Makes the database with which the shard begins; the other answer is a revision of the floor that cannot be applied.
async fn base(shard: &Shard<'_>, slot: &mut Slot) -> Result<Result<Snapshot, usize>, CheckError> {
    let target = shard.target;
    slot.host(target).await?;
    let mut sent = prepare(target, slot).await?;
    let chain = &target.chain;
    let floor: Vec<String> = shard.floor.iter().map(|&at| chain.revisions()[at].id.clone()).collect();
    shard.under_way.begin(slot.number, shard.floor.clone());
    let replayed = apart::replay(target, slot, &floor, &mut sent).await;
    shard.under_way.end(slot.number);
    if let Some(broken) = replayed? {
        debug!(revision = broken.revision, failed = ?broken.failed, "cannot be applied");
        return chain
            .position(&broken.revision)
            .map(Err)
            .ok_or(CheckError::Replay { revision: broken.revision });
    }
    pristine::freeze(target, slot, &DatabaseName::new("base", 0), &Labels::default(), &sent).await.map(Ok)
}

/// Makes the slot's database the empty one with which every chain begins, and tells what the bootstrap sent to it.
///
/// What env.py makes by itself, a schema for its version table for instance, is in it too, since no downgrade is to
/// undo that. An env.py that cannot run without a step makes it with the first one.
pub(crate) async fn prepare(target: &TargetContext, slot: &mut Slot) -> Result<Sent, CheckError> {
    let sent = bootstrap(target, slot).await?;
    let settled = slot.host(target).await?.settle(target.suite.timeout).await?;
    target.engine.disconnect(&slot.database).await?;
    if let Some(name) = settled.version_table {
        target.learn_version_table(name);
    }
    match settled.raised {
        None => Ok(sent),
        Some(reason) => {
            debug!(reason, "env.py with no step");
            bootstrap(target, slot).await
        }
    }
}

async fn bootstrap(target: &TargetContext, slot: &mut Slot) -> Result<Sent, CheckError> {
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
    Ok(sent)
}

fn reason_of(failure: &Failure) -> String {
    match failure {
        Failure::Raised(raised) => format!("{}: {}\n{}", raised.class, raised.message, raised.traceback),
        Failure::TimedOut { after, .. } => format!("did not end within {} s", after.as_secs()),
        Failure::Died { how } => format!("the process ended: {how}"),
    }
}

enum Answer {
    /// How the lineage was advanced, and how to connect to what was kept of a failure.
    Advanced(Advanced, Option<String>),
    Judged(Outcome),
}

struct Done {
    slot: Slot,
    job: Job,
    result: Result<Answer, CheckError>,
    time: Duration,
}

async fn perform(
    shard: &Shard<'_>,
    mut slot: Slot,
    job: Job,
    copies: mpsc::UnboundedSender<(usize, Copied)>,
) -> Done {
    let permit = shard.jobs.acquire().await;
    shard.under_way.begin(slot.number, job.runs(&shard.target.chain));
    let clock = Instant::now();
    let target = shard.target;
    let result = match &job {
        Job::Advance(revision, plan) => {
            // Nobody hears of it any more when the shard is over.
            let mut tell = |copied| drop(copies.send((*revision, copied)));
            match pristine::advance(target, &mut slot, plan, &mut tell).await {
                Ok(advanced) => keep_failed(shard, &mut slot, *revision, plan, advanced).await,
                Err(error) => Err(error),
            }
        }
        Job::Cell(index, pristine) => {
            let revision = &target.chain.revisions()[*index];
            judge_cell(shard, &mut slot, *index, pristine, revision).await
        }
    };
    if result.is_err() {
        // Whatever state the host is in, the next job begins with a new one.
        slot.stop().await;
    }
    shard.under_way.end(slot.number);
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
    let judged = judge::check(target, slot, pristine, revision).await?;
    let kept = match &shard.keep {
        Some(keep) => keep.judged(target, slot, index, pristine, &judged.found).await?,
        None => None,
    };
    Ok(Answer::Judged(Outcome::judged(judged, kept)))
}

/// Leaves what an upgrade that fails has made, where that is asked for.
async fn keep_failed(
    shard: &Shard<'_>,
    slot: &mut Slot,
    index: usize,
    plan: &Advance,
    advanced: Advanced,
) -> Result<Answer, CheckError> {
    let target = shard.target;
    let kept = match (&shard.keep, &advanced) {
        (Some(keep), Advanced::Failed { revision: by, failed, statements, .. })
            if *by == plan.revision && plan.is_cell =>
        {
            let revision = &target.chain.revisions()[index];
            let findings = judge::cannot_be_applied(target, slot, revision, failed, statements);
            keep.failed_upgrade(target, slot, index, Again::From(plan), &findings).await?
        }
        _ => None,
    };
    Ok(Answer::Advanced(advanced, kept))
}
