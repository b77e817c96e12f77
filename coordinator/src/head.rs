//! The head of the farm: one task in whose turns everything is decided.
//!
//! What comes in is taken together: a turn begins in the database, the farm is brought up to what other coordinators have
//! written, every task is applied to it, what has changed is written down and committed, and only then is anything
//! answered. A turn that cannot be written has not happened: the farm is read anew.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use mrt_proto::v1;
use prometheus_client::registry::Registry;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::farm::{Assignment, Changes, Demands, Ended, Farm, NewRun, Settings, Spoken};
use crate::in_full;
use crate::lease::{Answer, Lease, Time};
use crate::metrics::Metrics;
use crate::plan::{ColumnId, RunId};
use crate::store::{Bundles, Seen, Store, StoreError, Turn};

/// How many tasks one turn takes at most.
const TASKS: usize = 1_024;
/// How often leases are looked at.
const TICK: Duration = Duration::from_millis(250);
/// How often metrics tell what there is to do: in a monorepo's night it takes 20 ms to count that.
const SURVEY: Duration = Duration::from_secs(1);
/// How often is looked what other coordinators have written, when there is nothing else to do.
const OTHERS: Duration = Duration::from_secs(1);
/// How often what nobody needs is removed.
const COLLECT: Duration = Duration::from_secs(60);

/// What is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long runs are kept that have ended, in milliseconds.
    pub runs: u64,
    /// What bundles may take.
    pub bundles: Bundles,
}

/// Why a task was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The state cannot be written at present; trying again may help.
    #[error("the coordinator cannot write its state now, and tries again: {reason}")]
    State {
        /// What the database says.
        reason: String,
    },
    /// The coordinator stops.
    #[error("the coordinator is stopping")]
    Stopping,
    /// A run refers to a bundle that is not there.
    #[error("bundle {digest} is not there; upload it before the run is submitted")]
    NoBundle {
        /// Which.
        digest: String,
    },
    /// There is no such run.
    #[error("there is no run {0}; `mrt-cli runs` lists those that there are", run.0)]
    NoRun {
        /// Its name.
        run: RunId,
    },
}

/// The numbers of the next events, by run.
pub type NextEvents = BTreeMap<RunId, u64>;

type Reply<T> = oneshot::Sender<Result<T, HeadError>>;

/// What can be asked of the head.
enum Task {
    Submit(Box<NewRun>, Reply<RunId>),
    Heard(Box<Spoken>, Reply<Vec<Assignment>>),
    Offer(Box<Spoken>, Reply<Vec<Assignment>>),
    Result(ColumnId, Lease, usize, Box<Ended>, Reply<Answer>),
    Failed(ColumnId, Lease, v1::Failure, bool, Reply<Answer>),
    Note(ColumnId, Lease, v1::note::Note),
    Cancel(RunId, Reply<bool>),
    Demand(Reply<Demands>),
}

/// Speaks to the head. Cheap to clone.
#[derive(Clone)]
pub struct Head {
    tasks: mpsc::Sender<Task>,
    written: watch::Receiver<NextEvents>,
    work: watch::Receiver<u64>,
    ready: watch::Receiver<bool>,
    lease: u64,
    metrics: Metrics,
    closing: CancellationToken,
}

impl Head {
    /// Starts it; the future ends when all that speak to it are gone, or it was closed and has done what was asked before.
    pub fn start(store: Store, settings: Settings, retention: Retention) -> (Self, impl Future<Output = ()>) {
        let (tasks, inbox) = mpsc::channel(4 * TASKS);
        let (written, written_rx) = watch::channel(NextEvents::new());
        let (work, work_rx) = watch::channel(0);
        let (ready, ready_rx) = watch::channel(false);
        let lease = settings.lease;
        let metrics = Metrics::new();
        let closing = CancellationToken::new();
        let mind = Mind {
            store,
            settings,
            retention,
            farm: Farm::default(),
            seen: Seen::default(),
            written,
            work,
            ready,
            collected: None,
            last: None,
            heard: None,
            metrics: metrics.clone(),
        };
        let run = mind.run(inbox, closing.clone());
        (Self { tasks, written: written_rx, work: work_rx, ready: ready_rx, lease, metrics, closing }, run)
    }

    /// Takes nothing further in, whoever may still want something.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// How long a lease lasts without a word of its holder, in milliseconds.
    pub fn lease(&self) -> u64 {
        self.lease
    }

    /// Changes whenever something was written: the next event's number of each run that goes on.
    pub fn written(&self) -> watch::Receiver<NextEvents> {
        self.written.clone()
    }

    /// Changes whenever there may be something to do for who is free.
    pub fn work(&self) -> watch::Receiver<u64> {
        self.work.clone()
    }

    /// Whether the state can be written.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.ready.clone()
    }

    /// What there is to measure.
    pub fn registry(&self) -> Registry {
        self.metrics.registry()
    }

    /// Submits a run; the same key is the same run.
    ///
    /// # Errors
    /// When a bundle is missing, or the state cannot be written.
    pub async fn submit(&self, run: NewRun) -> Result<RunId, HeadError> {
        self.ask(|reply| Task::Submit(Box::new(run), reply)).await
    }

    /// A worker says how it is, and is told what is its own.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn heard(&self, spoken: Spoken) -> Result<Vec<Assignment>, HeadError> {
        self.ask(|reply| Task::Heard(Box::new(spoken), reply)).await
    }

    /// A worker that has said so may have room for more. This is no word of its own: it renews nothing.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn offer(&self, spoken: Spoken) -> Result<Vec<Assignment>, HeadError> {
        self.ask(|reply| Task::Offer(Box::new(spoken), reply)).await
    }

    /// How a cell ended.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn result(
        &self,
        column: ColumnId,
        lease: Lease,
        position: usize,
        ended: Ended,
    ) -> Result<Answer, HeadError> {
        self.ask(|reply| Task::Result(column, lease, position, Box::new(ended), reply)).await
    }

    /// A shard cannot be checked at all.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn failed(
        &self,
        column: ColumnId,
        lease: Lease,
        failure: v1::Failure,
        project: bool,
    ) -> Result<Answer, HeadError> {
        self.ask(|reply| Task::Failed(column, lease, failure, project, reply)).await
    }

    /// What a worker is busy with; nothing hangs on it.
    pub async fn note(&self, column: ColumnId, lease: Lease, note: v1::note::Note) {
        // A head that stops needs no notes.
        let _ = self.tasks.send(Task::Note(column, lease, note)).await;
    }

    /// Cancels a run; the answer is whether it had ended before.
    ///
    /// # Errors
    /// When there is none of that name, or the state cannot be written.
    pub async fn cancel(&self, run: RunId) -> Result<bool, HeadError> {
        self.ask(|reply| Task::Cancel(run, reply)).await
    }

    /// What there is to do, whichever coordinator was told of it: a turn reads what others have written.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn demand(&self) -> Result<Demands, HeadError> {
        self.ask(Task::Demand).await
    }

    async fn ask<T>(&self, task: impl FnOnce(Reply<T>) -> Task) -> Result<T, HeadError> {
        let (reply, answer) = oneshot::channel();
        self.tasks.send(task(reply)).await.map_err(|_| HeadError::Stopping)?;
        answer.await.map_err(|_| HeadError::Stopping)?
    }
}

/// An answer that waits for what it stands on to be written.
type Answered = Box<dyn FnOnce(Result<(), HeadError>) + Send>;

struct Mind {
    store: Store,
    settings: Settings,
    retention: Retention,
    farm: Farm,
    seen: Seen,
    written: watch::Sender<NextEvents>,
    work: watch::Sender<u64>,
    ready: watch::Sender<bool>,
    collected: Option<Instant>,
    /// When the last turn began.
    last: Option<Instant>,
    /// The same by the database's clock.
    heard: Option<Time>,
    metrics: Metrics,
}

impl Mind {
    async fn run(mut self, mut inbox: mpsc::Receiver<Task>, closing: CancellationToken) {
        let (mut tick, mut survey) = (interval(TICK), interval(SURVEY));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        survey.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tasks = Vec::new();
        loop {
            tokio::select! {
                received = inbox.recv_many(&mut tasks, TASKS) => if received == 0 { break },
                () = closing.cancelled(), if !inbox.is_closed() => {
                    inbox.close();
                    continue;
                }
                _ = survey.tick() => {
                    self.metrics.survey(&self.farm);
                    continue;
                }
                _ = tick.tick() => if !self.is_due() { continue },
            }
            self.turn(std::mem::take(&mut tasks)).await;
        }
    }

    /// Whether time alone may change something.
    fn is_due(&self) -> bool {
        let passed = |at: Option<Instant>, time| at.is_none_or(|at| at.elapsed() >= time);
        // Where others write, too, something may have come.
        let others = self.store.is_shared() && passed(self.last, OTHERS);
        let collect = passed(self.collected, COLLECT);
        self.seen == Seen::default() || collect || others || !self.farm.runs.is_empty()
    }

    async fn turn(&mut self, tasks: Vec<Task>) {
        self.last = Some(Instant::now());
        let mut answers = Vec::new();
        let mut worked = false;
        let done = self.think(tasks, &mut answers, &mut worked).await;
        let failed = match &done {
            Ok(()) => None,
            Err(error) => {
                // What has happened in the turn has not happened.
                (self.farm, self.seen) = (Farm::default(), Seen::default());
                self.metrics.failed();
                let reason = in_full(error);
                error!("{reason}");
                Some(HeadError::State { reason })
            }
        };
        self.ready.send_if_modified(|ready| std::mem::replace(ready, failed.is_none()) != failed.is_none());
        for answer in answers {
            answer(failed.clone().map_or(Ok(()), Err));
        }
        if failed.is_none() {
            let next = self.farm.runs.iter().map(|(id, run)| (*id, run.next_event)).collect();
            self.written.send_if_modified(|told| std::mem::replace(told, next) != *told);
            if worked {
                self.work.send_modify(|count| *count += 1);
            }
        }
    }

    async fn think(
        &mut self,
        tasks: Vec<Task>,
        answers: &mut Vec<Answered>,
        worked: &mut bool,
    ) -> Result<(), StoreError> {
        let (waiting, clock) = (self.waiting(), Instant::now());
        let begun = self.begin().await;
        let mut turn = match begun {
            Ok(turn) => turn,
            Err(error) => {
                answers.extend(tasks.into_iter().map(Task::refuse));
                return Err(error);
            }
        };
        let mut changes = Changes::default();
        let mut new = BTreeMap::new();
        let mut failed = None;
        self.farm.tick(&self.settings, turn.now, &mut changes);
        for task in tasks {
            if failed.is_some() {
                answers.push(task.refuse());
                continue;
            }
            match self.apply(&mut turn, task, &mut changes, &mut new).await {
                Ok(answer) => answers.extend(answer),
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if changes.expired > 0 {
            warn!(leases = changes.expired, "leases have run out");
        }
        turn.save(&self.farm, &changes, &new).await?;
        if self.collected.is_none_or(|at| at.elapsed() >= COLLECT) {
            self.collected = Some(Instant::now());
            let runs = Time(turn.now.0.saturating_sub(self.retention.runs));
            turn.collect(runs, self.retention.bundles).await?;
        }
        self.seen = Seen(turn.change);
        turn.commit().await?;
        self.metrics.turned(clock.elapsed(), &self.farm, &changes);
        self.farm.forget();
        *worked = self.waiting() > waiting;
        Ok(())
    }

    async fn begin(&mut self) -> Result<Turn, StoreError> {
        let mut turn = self.store.turn().await?;
        turn.load(&self.settings, &mut self.farm, self.seen).await?;
        if self.seen == Seen::default() {
            debug!(runs = self.farm.runs.len(), "read the state");
            self.heard = None;
        }
        // While nobody listened nobody could be heard: this process was stopped, or the database, or its clock was put on.
        let silence = self.heard.map(|heard| turn.now.0.saturating_sub(heard.0));
        if silence.is_none_or(|silence| silence > self.settings.lease / 2) {
            self.farm.resume(&self.settings, turn.now);
        }
        self.heard = Some(turn.now);
        Ok(turn)
    }

    /// How many shards wait for somebody.
    fn waiting(&self) -> usize {
        let plans = self.farm.plans.values();
        plans.map(|plan| plan.column.shards().iter().filter(|shard| plan.column.waits(shard)).count()).sum()
    }

    /// Does one task to the farm. The answer is given when it is written.
    async fn apply(
        &mut self,
        turn: &mut Turn,
        task: Task,
        changes: &mut Changes,
        new: &mut BTreeMap<RunId, NewRun>,
    ) -> Result<Option<Answered>, StoreError> {
        let (farm, settings) = (&mut self.farm, &self.settings);
        Ok(Some(match task {
            Task::Submit(run, reply) => answer(reply, self.submit(turn, *run, changes, new).await?),
            Task::Heard(spoken, reply) => {
                let orders = farm.heard(settings, turn.now, &spoken, changes);
                answer(reply, Ok(orders))
            }
            Task::Offer(spoken, reply) => answer(reply, Ok(farm.offer(settings, turn.now, &spoken, changes))),
            Task::Result(column, lease, position, ended, reply) => {
                let result = farm.result((column, &lease), position, &ended, changes);
                self.metrics.answered(result);
                answer(reply, Ok(result))
            }
            Task::Failed(column, lease, failure, project, reply) => {
                let result = farm.failed((column, &lease), &failure, project, changes);
                self.metrics.answered(result);
                answer(reply, Ok(result))
            }
            Task::Note(column, lease, note) => {
                farm.note((column, &lease), note, changes);
                return Ok(None);
            }
            Task::Cancel(id, reply) => {
                let had_ended = if farm.cancel(id, changes) {
                    info!(run = id.0, "cancelled");
                    Ok(false)
                } else if turn.exists(id).await? {
                    Ok(true)
                } else {
                    Err(HeadError::NoRun { run: id })
                };
                answer(reply, had_ended)
            }
            Task::Demand(reply) => answer(reply, Ok(farm.demand())),
        }))
    }

    async fn submit(
        &mut self,
        turn: &mut Turn,
        run: NewRun,
        changes: &mut Changes,
        new: &mut BTreeMap<RunId, NewRun>,
    ) -> Result<Result<RunId, HeadError>, StoreError> {
        if let Some((id, _)) = new.iter().find(|(_, known)| known.key == run.key) {
            return Ok(Ok(*id));
        }
        if let Some(id) = turn.submitted(&run.key).await? {
            return Ok(Ok(id));
        }
        let mut weights = Vec::new();
        for column in &run.columns {
            if !turn.use_bundle(&column.bundle).await? {
                return Ok(Err(HeadError::NoBundle { digest: column.bundle.clone() }));
            }
            weights.push(turn.weights(column).await?);
        }
        let (id, first) = (turn.next_run, turn.next_column);
        turn.next_run = RunId(id.0 + 1);
        turn.next_column = ColumnId(first.0 + run.columns.len() as u64);
        self.farm.submit(&self.settings, turn.now, (id, first), &run, &weights, changes);
        info!(run = id.0, columns = run.columns.len(), priority = run.priority, "submitted");
        new.insert(id, run);
        Ok(Ok(id))
    }
}

impl Task {
    /// The answer when the state cannot be written.
    fn refuse(self) -> Answered {
        fn no<T: Send + 'static>(reply: Reply<T>) -> Answered {
            Box::new(move |written: Result<(), HeadError>| {
                let error = written.err().unwrap_or(HeadError::Stopping);
                // Who does not listen any more needs no answer.
                let _ = reply.send(Err(error));
            })
        }
        match self {
            Self::Submit(_, reply) => no(reply),
            Self::Heard(_, reply) | Self::Offer(_, reply) => no(reply),
            Self::Result(.., reply) | Self::Failed(.., reply) => no(reply),
            Self::Cancel(_, reply) => no(reply),
            Self::Demand(reply) => no(reply),
            Self::Note(..) => Box::new(|_| ()),
        }
    }
}

fn answer<T: Send + 'static>(reply: Reply<T>, result: Result<T, HeadError>) -> Answered {
    Box::new(move |written| {
        // Who does not listen any more needs no answer.
        let _ = reply.send(written.and(result));
    })
}
