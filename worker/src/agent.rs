//! A worker's side of the farm: the stream on which it says in which state it is, and is told in which to be.
//!
//! `desk` decides everything and knows neither tasks nor connections; `driver` moves it, `line` keeps the stream,
//! `job` checks one unit. Where the files of a project come from is behind [`Projects`]: from the coordinator by way of a
//! disk ([`BundleCache`]), or wherever they are already.

mod cache;
mod desk;
mod driver;
mod engine;
mod job;
mod line;
mod metrics;
mod pause;
mod projects;
mod slots;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use mrt_ops::Trouble;
use mrt_ops::connect::{CallError, Channel, Connection};
use mrt_proto::v1::workers_client::WorkersClient;
use tokio_util::sync::CancellationToken;

pub use cache::BundleCache;
pub use engine::Engine;
pub use metrics::Metrics;
pub use projects::{Files, Projects, ProjectsError};
pub use slots::default_slots;

use crate::run::Station;
use crate::server::{ServerError, random_token};

/// How large a message may be.
const MESSAGE: usize = 16 << 20;

/// How a worker serves.
#[derive(Clone)]
pub struct AgentOptions {
    /// How many shards it holds at most, and how many cells it checks side by side.
    pub slots: NonZeroUsize,
    /// Where it runs, for people.
    pub host: String,
    /// How long cells may take to their ends once it is asked to end.
    pub grace: Duration,
    /// How long it takes nothing new after a failure for which this machine may be to blame; up to twelve times as long when such
    /// failures follow each other.
    pub rest: Duration,
    /// What is asked whether servers can come as containers. While it does not answer, shards that need them are left to
    /// others, as always are those for which the machine lacks something. With nobody to ask nothing is left to others, and what
    /// fails for want of something is a failure.
    pub engine: Option<Arc<dyn Engine>>,
    /// Where the coordinator is, for people; nothing where it is in this process.
    pub connection: Option<Connection>,
    /// What is measured.
    pub metrics: Metrics,
}

impl AgentOptions {
    /// What a worker in the coordinator's own process needs.
    pub fn new(slots: NonZeroUsize) -> Self {
        Self {
            slots,
            host: "this machine".to_owned(),
            grace: Duration::from_secs(25),
            // Nobody else could do it meanwhile.
            rest: Duration::ZERO,
            engine: None,
            connection: None,
            metrics: Metrics::default(),
        }
    }
}

/// Why a worker ends that nobody has asked to.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The coordinator does not want it: another version of the contract, no token, or one that is not a worker's.
    #[error(transparent)]
    Refused(Box<CallError>),
    /// It has no name.
    #[error("cannot make a name for this worker")]
    Random(#[from] ServerError),
}

impl AgentError {
    /// Whose turn it is.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Refused(_) => Trouble::Usage,
            Self::Random(_) => Trouble::Infrastructure,
        }
    }
}

/// Serves a coordinator until `drain` is cancelled and what is under way has ended, or was handed back. Streams that end are
/// opened again, for ever. No unit is checked any more when this returns; the station is the caller's to close.
///
/// # Errors
/// When the coordinator does not want this worker.
pub async fn serve(
    client: WorkersClient<Channel>,
    station: Arc<Station>,
    projects: Arc<dyn Projects>,
    options: AgentOptions,
    drain: CancellationToken,
) -> Result<(), AgentError> {
    driver::serve(client, station, projects, options, drain).await
}

/// 16 hexadecimal digits, by which a worker is known for as long as its process lives.
fn identity() -> Result<String, ServerError> {
    random_token().map(|token| token[..16].to_owned())
}

fn bounded(client: WorkersClient<Channel>) -> WorkersClient<Channel> {
    client.max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
}
