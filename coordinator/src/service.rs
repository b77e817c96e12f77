//! The two services, as they stand on the head and the store, and what a cluster asks of them.

mod archive;
mod scaling;
mod submissions;
mod submitted;
mod words;
mod workers;

use std::time::Duration;

use mrt_ops::serve::{Role, Tokens};
use mrt_proto::externalscaler;
use mrt_proto::externalscaler::external_scaler_server::ExternalScalerServer;
use mrt_proto::v1::submissions_server::{SERVICE_NAME as SUBMISSIONS, SubmissionsServer};
use mrt_proto::v1::workers_server::{SERVICE_NAME as WORKERS, WorkersServer};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};

use crate::head::{Head, HeadError};
use crate::plan::RunId;
use crate::store::{Store, StoreError, UploadError};
use crate::watch::WatchError;

use scaling::Scaling;
use submissions::Submitting;
use workers::Working;

/// The largest message that is taken, in bytes: a monorepo's run with all its chains.
const SUBMISSION: usize = 64 << 20;
/// The largest message of a worker, in bytes: a cell with its evidence, a state.
const WORKER: usize = 16 << 20;
/// The largest message of a cluster, in bytes: what a ScaledObject says.
const QUESTION: usize = 64 << 10;
/// What a probe asks for that wants to know whether the program lives, whatever becomes of the database.
const LIVENESS: &str = "liveness";
/// What a probe asks for that wants to know whether the program can work.
const READINESS: &str = "readiness";
/// Bytes of one part of what is sent in parts.
const PART: usize = 256 << 10;

/// What the services are allowed to take in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one bundle, packed.
    pub bundle: u64,
    /// Bytes of all bundles.
    pub bundles: u64,
    /// How long nothing may come of an upload.
    pub silence: Duration,
}

impl Limits {
    /// How long nothing may come of an upload, where nobody says otherwise.
    pub const SILENCE: Duration = Duration::from_secs(60);
}

/// What a program serves: both services, each behind its role, health and reflection. Streams end when `stop` says so.
pub(crate) fn routes(
    head: &Head,
    store: &Store,
    tokens: &Tokens,
    limits: Limits,
    stop: &CancellationToken,
) -> Routes {
    let submitting = Submitting::new(head.clone(), store.clone(), limits, stop.clone());
    let submissions = SubmissionsServer::new(submitting).max_decoding_message_size(SUBMISSION);
    let working = Working::new(head.clone(), store.clone(), stop.clone());
    let workers = WorkersServer::new(working).max_decoding_message_size(WORKER);
    let mut routes = RoutesBuilder::default();
    // Submitting needs more than reading: the methods that do ask for it.
    routes.add_service(InterceptedService::new(submissions, tokens.require(Role::Read)));
    routes.add_service(InterceptedService::new(workers, tokens.require(Role::Work)));
    // Who asks for health has no token: that is a load balancer.
    let (reporter, health) = health_reporter();
    tokio::spawn(follow(reporter, &["", SUBMISSIONS, WORKERS], head.ready(), stop.clone()));
    routes.add_service(health);
    if let Some(reflection) = reflection(mrt_proto::DESCRIPTORS) {
        routes.add_service(InterceptedService::new(reflection, tokens.require(Role::Read)));
    }
    routes.routes()
}

/// What a cluster is served, which has no token and knows no certificate of ours: health for its probes, and for KEDA how many
/// workers are wanted. Nothing but numbers can be learnt from it. Streams end when `stop` says so.
pub(crate) async fn cluster(head: &Head, stop: &CancellationToken) -> Routes {
    let mut routes = RoutesBuilder::default();
    let (reporter, health) = health_reporter();
    // Who is alive need not be ready. "" is serving as well.
    reporter.set_service_status(LIVENESS, ServingStatus::Serving).await;
    reporter.set_service_status(READINESS, ServingStatus::NotServing).await;
    tokio::spawn(follow(reporter, &[READINESS], head.ready(), stop.clone()));
    routes.add_service(health.max_decoding_message_size(QUESTION));
    let scaling = ExternalScalerServer::new(Scaling::new(head.clone(), stop.clone()));
    routes.add_service(scaling.max_decoding_message_size(QUESTION));
    if let Some(reflection) = reflection(externalscaler::DESCRIPTORS) {
        routes.add_service(reflection.max_decoding_message_size(QUESTION));
    }
    routes.routes()
}

/// Tells by gRPC's own protocol of health that these are ready, as long as they are.
async fn follow(
    reporter: HealthReporter,
    names: &[&str],
    mut ready: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let mut lives = true;
    loop {
        let is_ready = lives && *ready.borrow_and_update() && !stop.is_cancelled();
        let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in names {
            reporter.set_service_status(name, status).await;
        }
        if !lives {
            return;
        }
        tokio::select! {
            // What the head said last counts no more once it is gone.
            changed = ready.changed() => lives = changed.is_ok(),
            () = stop.cancelled(), if is_ready => {}
        }
    }
}

/// What there is, for those who ask by name.
fn reflection(descriptors: &[u8]) -> Option<ServerReflectionServer<impl ServerReflection>> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptors)
        .build_v1();
    reflection.inspect_err(|error| tracing::error!("no reflection: {error}")).ok()
}

impl From<HeadError> for Status {
    fn from(error: HeadError) -> Self {
        let message = error.to_string();
        match error {
            HeadError::State { .. } | HeadError::Stopping => Self::unavailable(message),
            HeadError::NoBundle { .. } => Self::failed_precondition(message),
            HeadError::NoRun { .. } => Self::not_found(message),
        }
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        let message = crate::in_full(&error);
        match error {
            StoreError::Foreign { .. } => Self::internal(message),
            _ => Self::unavailable(message),
        }
    }
}

impl From<WatchError> for Status {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::Head(error) => error.into(),
            WatchError::Store(error) => error.into(),
        }
    }
}

impl From<UploadError> for Status {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Full => Self::resource_exhausted(error.to_string()),
            UploadError::Lost { .. } => Self::aborted(error.to_string()),
            UploadError::Store(error) => error.into(),
        }
    }
}

/// The run that a request names.
fn run_id(name: &str) -> Result<RunId, Status> {
    name.parse().map(RunId).map_err(|_| {
        Status::not_found(format!("there is no run {name:?}; `mrt-cli runs` lists those that there are"))
    })
}

/// Refuses who speaks another version of the contract.
fn check_protocol(theirs: u32, who: &str) -> Result<(), Status> {
    let ours = mrt_proto::PROTOCOL;
    if theirs == ours {
        return Ok(());
    }
    let upgrade = if theirs < ours { who } else { "the coordinator" };
    Err(Status::failed_precondition(format!(
        "the coordinator speaks version {ours} of the contract, {who} version {theirs}; upgrade {upgrade}"
    )))
}
