//! The coordinator's side of a worker's stream.

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use mrt_bundle::Digest;
use mrt_proto::v1;
use mrt_proto::v1::coordinator_message::Message as Ours;
use mrt_proto::v1::worker_message::Message as Theirs;
use mrt_proto::v1::workers_server::Workers;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::{debug, info, warn};

use super::archive::archive;
use super::check_protocol;
use super::words::{FREE, NAME, SHORT, few, free, name};
use crate::farm::{Assignment, Ended, Said, Spoken};
use crate::head::{Head, HeadError};
use crate::lease::{Answer, Lease, ShardId, WorkerId};
use crate::plan::{Capability, ColumnId};
use crate::store::Store;

/// A worker speaks so often in the time of a lease that a lost message costs it nothing.
const STATES_PER_LEASE: u64 = 4;

/// The most engines that a worker serves.
const SERVES: usize = 64;
/// The most shards that a worker believes to hold, and servers that it has running.
const HELD: usize = 1_024;
/// The most revisions of one shard at which a worker can be.
const AT: usize = 10_000;
/// How many causes of a failure are kept.
const CAUSES: usize = 64;

/// How long a worker may take to say who it is.
const GREETING: Duration = Duration::from_secs(10);

pub(super) struct Working {
    head: Head,
    store: Store,
    stop: CancellationToken,
}

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Working {
    pub(super) fn new(head: Head, store: Store, stop: CancellationToken) -> Self {
        Self { head, store, stop }
    }
}

#[tonic::async_trait]
impl Workers for Working {
    type WorkStream = Parts<v1::CoordinatorMessage>;
    type FetchBundleStream = Parts<v1::BundleChunk>;

    async fn work(
        &self,
        request: Request<Streaming<v1::WorkerMessage>>,
    ) -> Result<Response<Self::WorkStream>, Status> {
        let mut inbound = request.into_inner();
        let first = tokio::select! {
            first = timeout(GREETING, inbound.message()) => {
                first.map_err(|_| Status::deadline_exceeded("a worker says `hello` at once"))??
            }
            () = self.stop.cancelled() => return Err(HeadError::Stopping.into()),
        };
        let Some(v1::WorkerMessage { message: Some(Theirs::Hello(hello)) }) = first else {
            return Err(Status::invalid_argument("the first message of a worker is `hello`"));
        };
        check_protocol(hello.protocol, "mrt-worker")?;
        let worker = worker_id(&hello.worker)
            .ok_or_else(|| Status::invalid_argument("a worker's name has 16 hexadecimal digits"))?;
        name("the host", &hello.host, SHORT).map_err(Status::invalid_argument)?;
        name("the version", &hello.version, SHORT).map_err(Status::invalid_argument)?;
        info!(worker = hello.worker, host = hello.host, version = hello.version, "a worker has come");
        let (sender, receiver) = mpsc::channel(64);
        let welcome = v1::Welcome {
            protocol: mrt_proto::PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            lease_ms: self.head.lease(),
            state_every_ms: (self.head.lease() / STATES_PER_LEASE).max(1),
        };
        let conversation = Conversation {
            head: self.head.clone(),
            worker,
            host: hello.host,
            version: hello.version,
            outbound: sender,
            spoken: None,
        };
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let outbound = conversation.outbound.clone();
            let ended = tokio::select! {
                ended = conversation.run(welcome, inbound) => ended,
                () = stop.cancelled() => Err(HeadError::Stopping.into()),
            };
            if let Err(status) = ended {
                debug!(worker = hello.worker, "its stream ends: {}", status.message());
                // Who does not listen any more needs no reason, and who does not read is not waited for.
                let _ = outbound.try_send(Err(status));
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn fetch_bundle(
        &self,
        request: Request<v1::FetchBundleRequest>,
    ) -> Result<Response<Self::FetchBundleStream>, Status> {
        let name = request.into_inner().bundle;
        let digest = Digest::parse(&name)
            .ok_or_else(|| Status::invalid_argument(format!("{name:?} is no SHA-256 in hexadecimal")))?;
        let Some(size) = self.store.bundle_size(digest).await? else {
            return Err(Status::not_found(format!("there is no bundle {digest}")));
        };
        let chunks = archive(&self.store, &self.stop, digest, size);
        Ok(Response::new(Box::pin(chunks.map_ok(|data| v1::BundleChunk { data }))))
    }
}

/// One worker's stream.
struct Conversation {
    head: Head,
    worker: WorkerId,
    host: String,
    version: String,
    outbound: mpsc::Sender<Result<v1::CoordinatorMessage, Status>>,
    /// What it said last on this stream, and when.
    spoken: Option<(Spoken, Instant)>,
}

impl Conversation {
    async fn run(
        mut self,
        welcome: v1::Welcome,
        mut inbound: Streaming<v1::WorkerMessage>,
    ) -> Result<(), Status> {
        self.say(Ours::Welcome(welcome)).await?;
        let mut work = self.head.work();
        loop {
            let message = tokio::select! {
                message = inbound.message() => message?,
                changed = work.changed() => {
                    changed.map_err(|_| HeadError::Stopping)?;
                    self.offer().await?;
                    continue;
                }
            };
            let Some(v1::WorkerMessage { message }) = message else { return Ok(()) };
            match message {
                Some(Theirs::Hello(_)) => {
                    return Err(Status::invalid_argument("`hello` comes once per stream"));
                }
                Some(Theirs::State(state)) => self.heard(state).await?,
                Some(Theirs::Result(result)) => self.result(result).await?,
                Some(Theirs::Failure(failure)) => self.failure(failure).await?,
                Some(Theirs::Note(note)) => self.note(note).await?,
                // A newer worker's word that we need not know.
                None => {}
            }
        }
    }

    async fn say(&self, message: Ours) -> Result<(), Status> {
        let message = v1::CoordinatorMessage { message: Some(message) };
        self.outbound.send(Ok(message)).await.map_err(|_| Status::cancelled("the worker has gone"))
    }

    async fn heard(&mut self, state: v1::WorkerState) -> Result<(), Status> {
        bounded(&state).map_err(Status::invalid_argument)?;
        let said = Said {
            serves: state
                .serves
                .into_iter()
                .map(|it| Capability { engine: it.engine, containers: it.containers })
                .collect(),
            warm: state.warm.into_iter().collect(),
            slots: state.slots as usize,
            draining: state.draining,
        };
        let mut held = Vec::new();
        for shard in state.held {
            let (column, lease) = self.lease(shard.lease)?;
            held.push((
                column,
                lease,
                shard.at.into_iter().map(|at| at as usize).collect(),
                shard.handed_back,
            ));
        }
        let (host, version) = (self.host.clone(), self.version.clone());
        let spoken = Spoken { worker: self.worker, host, version, said, held };
        self.spoken = Some((spoken.clone(), Instant::now()));
        let orders = self.head.heard(spoken).await?;
        self.order(orders).await
    }

    /// There may be something to do; only who has room for it, and was heard lately, needs to hear.
    async fn offer(&mut self) -> Result<(), Status> {
        let Some((spoken, at)) = &self.spoken else { return Ok(()) };
        let has_room = !spoken.said.draining && spoken.held.len() < spoken.said.slots;
        if has_room && at.elapsed() < Duration::from_millis(self.head.lease()) / 2 {
            let orders = self.head.offer(spoken.clone()).await?;
            self.order(orders).await?;
        }
        Ok(())
    }

    async fn order(&self, orders: Vec<Assignment>) -> Result<(), Status> {
        let assignments = orders.into_iter().map(|order| order.wire).collect();
        self.say(Ours::Orders(v1::WorkerOrders { assignments })).await
    }

    async fn result(&mut self, result: v1::CellResult) -> Result<(), Status> {
        let (column, lease) = self.lease(result.lease)?;
        let ended = match result.outcome {
            Some(v1::cell_result::Outcome::Cell(cell)) => match serde_json::from_slice(&cell) {
                Ok(cell) => Ended::Cell(Box::new(cell)),
                // Were it refused, the worker would try it again for ever.
                Err(error) => {
                    warn!(host = self.host, "a result is no cell of a report: {error}");
                    Ended::Infrastructure(format!("the worker on {} has sent no cell of a report", self.host))
                }
            },
            Some(v1::cell_result::Outcome::Infrastructure(reason)) => {
                Ended::Infrastructure(free(reason, FREE))
            }
            None => return Err(Status::invalid_argument("a result says how the cell ended")),
        };
        let answer = self.head.result(column, lease, result.position as usize, ended).await?;
        self.acknowledge(result.sequence, answer).await
    }

    async fn failure(&mut self, failure: v1::ShardFailure) -> Result<(), Status> {
        let v1::ShardFailure { sequence, lease, failure, project } = failure;
        let (column, lease) = self.lease(lease)?;
        let v1::Failure { causes, usage } = failure.unwrap_or_default();
        let causes = causes.into_iter().take(CAUSES).map(|cause| free(cause, FREE)).collect();
        let answer = self.head.failed(column, lease, v1::Failure { causes, usage }, project).await?;
        self.acknowledge(sequence, answer).await
    }

    async fn acknowledge(&self, sequence: u64, answer: Answer) -> Result<(), Status> {
        let mut acknowledgement = v1::Acknowledgement::default();
        match answer {
            Answer::Accepted | Answer::Known => acknowledgement.taken.push(sequence),
            Answer::Refused => acknowledgement.refused.push(sequence),
        }
        self.say(Ours::Acknowledgement(acknowledgement)).await
    }

    async fn note(&self, note: v1::ShardNote) -> Result<(), Status> {
        let (column, lease) = self.lease(note.lease)?;
        let note = match note.note {
            Some(v1::shard_note::Note::Preparing(what)) => v1::note::Note::Preparing(free(what, NAME)),
            Some(v1::shard_note::Note::Serving(what)) => v1::note::Note::Serving(free(what, NAME)),
            None => return Ok(()),
        };
        self.head.note(column, lease, note).await;
        Ok(())
    }

    fn lease(&self, lease: Option<v1::Lease>) -> Result<(ColumnId, Lease), Status> {
        let lease = lease.ok_or_else(|| Status::invalid_argument("a lease is missing"))?;
        let held = Lease { shard: ShardId(lease.shard), epoch: lease.epoch, worker: self.worker };
        Ok((ColumnId(lease.column), held))
    }
}

/// A worker's name goes over the wire in one way only.
fn worker_id(text: &str) -> Option<WorkerId> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok().map(WorkerId)).flatten()
}

/// Refuses a state that is larger than any worker's.
fn bounded(state: &v1::WorkerState) -> Result<(), String> {
    few("the engines that it serves", state.serves.len(), SERVES)?;
    few("its warm targets", state.warm.len(), HELD)?;
    few("the shards that it holds", state.held.len(), HELD)?;
    for shard in &state.held {
        few("the revisions at which it is in one shard", shard.at.len(), AT)?;
    }
    state.serves.iter().try_for_each(|it| name("an engine that it serves", &it.engine, NAME))?;
    state.warm.iter().try_for_each(|target| name("a warm target", target, NAME))
}
