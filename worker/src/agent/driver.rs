//! What moves the desk: the stream, units as tasks, the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use mrt_ops::connect::Channel;
use mrt_proto::v1;
use mrt_proto::v1::coordinator_message::Message as Theirs;
use mrt_proto::v1::workers_client::WorkersClient;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::desk::{Desk, Effect, Settings, UnitId};
use super::engine::Watched;
use super::job::{Checks, Job, Shop};
use super::line::{self, Line};
use super::{AgentError, AgentOptions, Metrics, Projects, bounded};

/// How long units may take to end once they were cancelled.
const GOODBYE: Duration = Duration::from_secs(10);
/// What has come and waits for its turn.
const QUEUE: usize = 16;

/// See [`super::serve`].
pub(super) async fn serve(
    client: WorkersClient<Channel>,
    checks: Arc<dyn Checks>,
    projects: Arc<dyn Projects>,
    options: AgentOptions,
    drain: CancellationToken,
) -> Result<(), AgentError> {
    let AgentOptions { slots, host, grace, rest, engine, connection, metrics } = options;
    let worker = super::identity()?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    info!(worker, slots, "a worker begins");
    let engine = engine.map(|engine| Arc::new(Watched::new(engine)));
    let first = match &engine {
        Some(engine) => engine.answers().await,
        None => true,
    };
    if let Some(engine) = engine.as_ref().filter(|_| !first) {
        warn!("no {} answers; shards that need one are left to others until one does", engine.name());
    }
    let (there, mut containers) = watch::channel(first);
    let mut background = JoinSet::new();
    if let Some(engine) = engine.clone() {
        background.spawn(async move { engine.watch(there).await });
    }
    let (line, mut lines) = mpsc::channel(QUEUE);
    let hello = v1::Hello { protocol: mrt_proto::PROTOCOL, version, worker, host };
    background.spawn(line::keep(bounded(client), hello, connection, line));
    let (words, mut heard) = mpsc::unbounded_channel();

    let slots = u32::try_from(slots.get()).unwrap_or(u32::MAX);
    let alone = engine.is_none();
    let desk = Desk::new(Settings { slots, grace, containers: first, rest, alone });
    let shop = Arc::new(Shop {
        checks,
        projects,
        engine,
        metrics: metrics.clone(),
        expectations: Arc::default(),
        words,
    });
    let (units, tasks) = (BTreeMap::new(), JoinSet::new());
    let mut driver = Driver { desk, shop, units, tasks, sender: None, metrics, fenced: 0 };
    let ended = loop {
        driver.act();
        let now = now();
        if driver.desk.is_done(now) {
            break Ok(());
        }
        tokio::select! {
            biased;
            Some((unit, word)) = heard.recv() => driver.desk.told(now, unit, word),
            room = driver.room(), if driver.desk.has_next(now) => driver.send(room),
            Some(line) = lines.recv() => if let Err(error) = driver.line(line) { break Err(error) },
            () = drain.cancelled(), if !driver.desk.is_draining() => driver.drain(),
            Ok(()) = containers.changed() => {
                let there = *containers.borrow_and_update();
                driver.desk.containers(there);
            }
            Some(_) = driver.tasks.join_next() => {}
            () = until(driver.desk.deadline()) => driver.desk.pass(self::now()),
        }
    };
    drop(background);
    driver.end().await;
    ended
}

/// Something that is sent to the coordinator, or the stream's end.
type Room = Option<OwnedPermit<v1::WorkerMessage>>;

struct Driver {
    desk: Desk,
    shop: Arc<Shop>,
    units: BTreeMap<UnitId, Running>,
    tasks: JoinSet<()>,
    sender: Option<mpsc::Sender<v1::WorkerMessage>>,
    metrics: Metrics,
    /// Shards that were let go of, as far as it was told.
    fenced: u64,
}

/// A unit at work.
struct Running {
    cells: watch::Sender<BTreeSet<usize>>,
    cancel: CancellationToken,
}

impl Driver {
    /// Does what the desk says.
    fn act(&mut self) {
        self.desk.warm(self.shop.checks.warm());
        for effect in self.desk.effects() {
            match effect {
                Effect::Start { unit, assignment } => self.start(unit, assignment),
                Effect::Shrink { unit, cells } => {
                    if let Some(running) = self.units.get(&unit) {
                        let is_left =
                            |cell: &usize| u32::try_from(*cell).is_ok_and(|cell| cells.contains(&cell));
                        running.cells.send_if_modified(|cells| {
                            let before = cells.len();
                            cells.retain(is_left);
                            cells.len() < before
                        });
                    }
                }
                Effect::Cancel { unit } => {
                    if let Some(running) = self.units.remove(&unit) {
                        running.cancel.cancel();
                    }
                }
            }
        }
        let counts = self.desk.counts();
        if counts.fenced > self.fenced {
            let shards = counts.fenced - self.fenced;
            warn!(shards, "the coordinator was not heard for as long as a lease lasts; shards are let go of");
            self.fenced = counts.fenced;
        }
        self.metrics.holds(counts);
    }

    fn start(&mut self, unit: UnitId, assignment: v1::Assignment) {
        let v1::Assignment { suite, target, cells, .. } = &assignment;
        info!(suite, target, cells = cells.len(), "a shard begins");
        let cells = watch::Sender::new(cells.iter().map(|&cell| cell as usize).collect());
        let cancel = CancellationToken::new();
        let job = Job { unit, assignment, cells: cells.subscribe(), cancel: cancel.clone() };
        let shop = Arc::clone(&self.shop);
        self.tasks.spawn(async move { shop.work(job).await });
        self.units.insert(unit, Running { cells, cancel });
    }

    /// Waits until something can be sent.
    fn room(&self) -> impl Future<Output = Room> + use<> {
        let sender = self.sender.clone();
        async move {
            match sender {
                Some(sender) => sender.reserve_owned().await.ok(),
                None => pending().await,
            }
        }
    }

    fn send(&mut self, room: Room) {
        match room {
            Some(room) => {
                if let Some(message) = self.desk.next(now()) {
                    room.send(v1::WorkerMessage { message: Some(message) });
                }
            }
            // That the stream has ended is about to be told.
            None => self.sender = None,
        }
    }

    fn line(&mut self, line: Line) -> Result<(), AgentError> {
        let now = now();
        match line {
            Line::Open(sender, welcome) => {
                self.sender = Some(sender);
                let v1::Welcome { lease_ms, state_every_ms, .. } = welcome;
                let (lease, every) = (Duration::from_millis(lease_ms), Duration::from_millis(state_every_ms));
                self.desk.welcomed(now, lease, every);
                self.metrics.connected(true);
            }
            Line::Heard(Theirs::Orders(orders)) => self.desk.ordered(now, orders),
            Line::Heard(Theirs::Acknowledgement(acknowledgement)) => {
                self.desk.acknowledged(now, acknowledgement);
            }
            Line::Heard(Theirs::Welcome(_)) => {}
            Line::Closed => {
                self.sender = None;
                self.desk.lost();
                self.metrics.connected(false);
            }
            Line::Refused(error) => return Err(error),
        }
        Ok(())
    }

    fn drain(&mut self) {
        info!("ending: what is under way comes to its end, the rest is handed back");
        self.desk.drain(now());
    }

    /// Ends what is still at work.
    async fn end(mut self) {
        self.metrics.connected(false);
        self.units.values().for_each(|running| running.cancel.cancel());
        let ended = timeout(GOODBYE, async { while self.tasks.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            warn!("{} units do not end, and are cut off", self.tasks.len());
            self.tasks.shutdown().await;
        }
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

async fn until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => sleep_until(Instant::from_std(deadline)).await,
        None => pending().await,
    }
}
