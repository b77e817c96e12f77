//! A coordinator that does what a test says.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::Stream;
use mrt_ops::connect::in_process;
use mrt_proto::v1::coordinator_message::Message as Ours;
use mrt_proto::v1::worker_message::Message as Theirs;
use mrt_proto::v1::workers_server::{Workers, WorkersServer};
use tokio::sync::mpsc;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use super::*;

pub(super) const LEASE: Duration = Duration::from_secs(30);

/// The coordinator's end of a stream.
pub(super) struct Visit {
    pub(super) hello: v1::Hello,
    inbound: Streaming<v1::WorkerMessage>,
    outbound: mpsc::UnboundedSender<Result<v1::CoordinatorMessage, Status>>,
}

pub(super) struct Coordinator {
    visits: mpsc::UnboundedReceiver<Visit>,
    pub(super) shared: Arc<Shared>,
}

/// What the service is told by a test.
#[derive(Default)]
pub(super) struct Shared {
    /// Refuses whoever comes.
    pub(super) refusal: Mutex<Option<Status>>,
    /// Archives by what they are asked for.
    pub(super) bundles: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(super) fetched: AtomicUsize,
    /// So many fetches break off half way.
    pub(super) torn: AtomicUsize,
}

impl Coordinator {
    pub(super) fn start() -> (WorkersClient<Channel>, Self) {
        let (channel, incoming) = in_process();
        let (visitors, visits) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        let service = WorkersServer::new(Service { visitors, shared: Arc::clone(&shared) })
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        (WorkersClient::new(channel), Self { visits, shared })
    }

    /// The next worker that comes.
    pub(super) async fn visit(&mut self) -> Visit {
        soon("a worker", self.visits.recv()).await.unwrap()
    }

    pub(super) fn refuse(&self, status: Status) {
        *self.shared.refusal.lock().unwrap() = Some(status);
    }
}

impl Visit {
    pub(super) fn say(&self, message: Ours) {
        // A worker that has gone hears nothing.
        let _ = self.outbound.send(Ok(v1::CoordinatorMessage { message: Some(message) }));
    }

    pub(super) fn welcome(&self) {
        let lease_ms = u64::try_from(LEASE.as_millis()).unwrap();
        self.say(Ours::Welcome(v1::Welcome {
            protocol: mrt_proto::PROTOCOL,
            version: "test".to_owned(),
            lease_ms,
            state_every_ms: lease_ms / 4,
        }));
    }

    pub(super) fn order(&self, assignments: &[v1::Assignment]) {
        self.say(Ours::Orders(v1::WorkerOrders { assignments: assignments.to_vec() }));
    }

    pub(super) fn take(&self, sequence: u64) {
        self.say(Ours::Acknowledgement(v1::Acknowledgement { taken: vec![sequence], refused: vec![] }));
    }

    /// Ends the stream.
    pub(super) fn cut(self, status: Status) {
        let _ = self.outbound.send(Err(status));
    }

    /// The next message; nothing when the worker ends the stream.
    pub(super) async fn next(&mut self) -> Option<Theirs> {
        let message = soon("a message", self.inbound.message()).await;
        message.ok().flatten().and_then(|message| message.message)
    }

    pub(super) async fn state(&mut self) -> v1::WorkerState {
        match self.next().await {
            Some(Theirs::State(state)) => state,
            other => panic!("no state: {other:?}"),
        }
    }

    /// Answers states with these orders until a message is what is looked for.
    pub(super) async fn until<T>(
        &mut self,
        orders: &[v1::Assignment],
        mut look: impl FnMut(&Theirs) -> Option<T>,
    ) -> T {
        for _ in 0..1_000 {
            let message = self.next().await.expect("the worker ends the stream");
            if let Some(found) = look(&message) {
                return found;
            }
            if let Theirs::State(_) = message {
                self.order(orders);
            }
        }
        panic!("what is waited for does not come");
    }

    pub(super) async fn until_state(
        &mut self,
        orders: &[v1::Assignment],
        is: impl Fn(&v1::WorkerState) -> bool,
    ) -> v1::WorkerState {
        self.until(orders, |message| match message {
            Theirs::State(state) if is(state) => Some(state.clone()),
            _ => None,
        })
        .await
    }

    pub(super) async fn until_result(&mut self, orders: &[v1::Assignment]) -> v1::CellResult {
        self.until(orders, |message| match message {
            Theirs::Result(result) => Some(result.clone()),
            _ => None,
        })
        .await
    }

    pub(super) async fn until_failure(&mut self, orders: &[v1::Assignment]) -> v1::ShardFailure {
        self.until(orders, |message| match message {
            Theirs::Failure(failure) => Some(failure.clone()),
            _ => None,
        })
        .await
    }
}

struct Service {
    visitors: mpsc::UnboundedSender<Visit>,
    shared: Arc<Shared>,
}

type Parts<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

struct Receiving<T>(mpsc::UnboundedReceiver<T>);

impl<T> Stream for Receiving<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(context)
    }
}

#[tonic::async_trait]
impl Workers for Service {
    type WorkStream = Parts<v1::CoordinatorMessage>;
    type FetchBundleStream = Parts<v1::BundleChunk>;

    async fn work(
        &self,
        request: Request<Streaming<v1::WorkerMessage>>,
    ) -> Result<Response<Self::WorkStream>, Status> {
        if let Some(status) = self.shared.refusal.lock().unwrap().clone() {
            return Err(status);
        }
        let mut inbound = request.into_inner();
        let Some(v1::WorkerMessage { message: Some(Theirs::Hello(hello)) }) = inbound.message().await? else {
            return Err(Status::invalid_argument("no hello"));
        };
        let (outbound, messages) = mpsc::unbounded_channel();
        let _ = self.visitors.send(Visit { hello, inbound, outbound });
        Ok(Response::new(Box::pin(Receiving(messages))))
    }

    async fn fetch_bundle(
        &self,
        request: Request<v1::FetchBundleRequest>,
    ) -> Result<Response<Self::FetchBundleStream>, Status> {
        self.shared.fetched.fetch_add(1, Ordering::Relaxed);
        let bundle = request.into_inner().bundle;
        let archive = self.shared.bundles.lock().unwrap().get(&bundle).cloned();
        let archive = archive.ok_or_else(|| Status::not_found(format!("there is no bundle {bundle}")))?;
        let (chunks, messages) = mpsc::unbounded_channel();
        let is_torn = |left| if left > 0 { Some(left - 1) } else { None };
        let torn = self.shared.torn.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_torn).is_ok();
        for data in archive.chunks(100) {
            let _ = chunks.send(Ok(v1::BundleChunk { data: data.to_vec() }));
            if torn {
                let _ = chunks.send(Err(Status::unavailable("torn")));
                break;
            }
        }
        Ok(Response::new(Box::pin(Receiving(messages))))
    }
}
