//! A farm of one: coordinator and worker are in this process.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mrt_coordinator::coordinator::{Coordinator, Limits};
use mrt_coordinator::farm::Settings;
use mrt_coordinator::head::Retention;
use mrt_coordinator::store::{Bundles, Store};
use mrt_ops::connect::{Channel, in_process};
use mrt_ops::serve::Tokens;
use mrt_proto::v1;
use mrt_proto::v1::workers_client::WorkersClient;
use mrt_worker::agent::{self, AgentError, AgentOptions, Files, Projects, ProjectsError};
use mrt_worker::host::environment::{self, Environments};
use mrt_worker::run::{Replay, Station, StationOptions};
use mrt_worker::server::Servers;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Error as TransportError, Server};

use crate::error::CliError;
use crate::farm::{Farm, Fetched};
use crate::progress::{Event, Follower};

/// The name of an empty bundle: it stands for the directory itself.
pub(crate) const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// Nobody in this process is lost without the others: no lease runs out, not even while a laptop sleeps. In milliseconds.
pub(crate) const FOR_EVER: u64 = 30 * 24 * 3_600_000;

/// What is checked, and with what.
pub(crate) struct Setup {
    pub(crate) place: Place,
    /// How many cells at the same time; as many as there are cores where nobody says.
    pub(crate) jobs: Option<NonZeroUsize>,
    pub(crate) python: Option<PathBuf>,
    /// Leave the databases of what does not pass.
    pub(crate) keep: bool,
    /// Who hears how these came to be.
    pub(crate) replays: Option<UnboundedSender<Replay>>,
}

/// Where the project lies: nothing is packed and unpacked for a worker that sees it.
pub(crate) enum Place {
    /// It is the user's own.
    Own(PathBuf),
    /// It is a copy of what somebody has sent to a farm.
    Copy(PathBuf),
}

#[async_trait]
impl Projects for Place {
    async fn directory(&self, _bundle: &str) -> Result<Files, ProjectsError> {
        Ok(match self {
            Self::Own(path) => path.clone().into(),
            Self::Copy(path) => Files::kept_by(path.clone(), ()),
        })
    }
}

/// Both of them.
pub(crate) struct Local {
    head: Head,
    worker: Worker,
}

impl Local {
    pub(crate) async fn start(setup: Setup) -> Result<Self, CliError> {
        let head = Head::start().await?;
        let worker = Worker::start(head.channel.clone(), setup);
        Ok(Self { head, worker })
    }

    /// Submits a run, and tells of it until it has ended.
    pub(crate) async fn check(
        &self,
        request: v1::SubmitRequest,
        events: &UnboundedSender<Event>,
        cancel: &CancellationToken,
    ) -> Result<Fetched, CliError> {
        let farm = Farm::here(self.head.channel.clone());
        farm.upload_nothing(NOTHING).await?;
        let run = farm.submit(request).await?;
        let mut follower = Follower::default();
        let following = farm.follow(&run, |heard| {
            for event in follower.heard(heard) {
                // The worker is here, or is about to be.
                if !matches!(event, Event::Waiting { .. }) {
                    // Nobody listening is no reason to stop checking.
                    let _ = events.send(event);
                }
            }
        });
        let cancelling = async {
            cancel.cancelled().await;
            farm.cancel(&run).await
        };
        tokio::pin!(following);
        tokio::select! {
            followed = &mut following => followed?,
            cancelled = cancelling => {
                cancelled?;
                following.await?;
            }
        }
        farm.report(&run).await
    }

    /// Takes down what was started, and with `leave` not what is kept for a look: that is told, however the rest ends.
    pub(crate) async fn end(self, leave: bool) -> (Vec<String>, Result<(), CliError>) {
        let Rest { kept, ended } = self.worker.end(leave).await;
        let head = self.head.end().await;
        (kept, head.and(ended.map_err(CliError::Agent)))
    }
}

/// The coordinator of this process, with a state that goes with it.
struct Head {
    coordinator: Coordinator,
    channel: Channel,
    server: JoinHandle<Result<(), TransportError>>,
    stop: CancellationToken,
}

impl Head {
    async fn start() -> Result<Self, CliError> {
        let store = Store::temporary().await.map_err(CliError::Store)?;
        let all = Bundles { bytes: u64::MAX, keep: FOR_EVER };
        // What fails for want of something on this machine will do so again.
        let settings = Settings { lease: FOR_EVER, attempts: 1 };
        let coordinator = Coordinator::start(store, settings, Retention { runs: FOR_EVER, bundles: all });
        let stop = CancellationToken::new();
        let limits = Limits { bundle: 0, bundles: u64::MAX, silence: Limits::SILENCE };
        let routes = coordinator.routes(&Tokens::none(), limits, &stop);
        let (channel, incoming) = in_process();
        let stopped = stop.clone().cancelled_owned();
        let server = tokio::spawn(async move {
            Server::builder().add_routes(routes).serve_with_incoming_shutdown(incoming, stopped).await
        });
        Ok(Self { coordinator, channel, server, stop })
    }

    async fn end(self) -> Result<(), CliError> {
        self.stop.cancel();
        drop(self.channel);
        // A panic of it has been told.
        if let Ok(served) = self.server.await {
            served.map_err(CliError::Serve)?;
        }
        self.coordinator.end().await;
        Ok(())
    }
}

/// The worker of this process.
struct Worker {
    station: Arc<Station>,
    agent: JoinHandle<Result<(), AgentError>>,
    drain: CancellationToken,
}

/// What is left of it.
struct Rest {
    /// What was kept for a look.
    kept: Vec<String>,
    ended: Result<(), AgentError>,
}

impl Worker {
    fn start(channel: Channel, setup: Setup) -> Self {
        let Setup { place, jobs, python, keep, replays } = setup;
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let jobs = jobs.unwrap_or_else(cores);
        let environments = Environments::new(environment::default_cache().join("envs"), environment::ROOM);
        let station = Arc::new(Station::new(StationOptions {
            jobs: jobs.get(),
            keep,
            replays,
            interpreter: python,
            environments: Arc::new(environments),
            servers: Servers::default(),
        }));
        let drain = CancellationToken::new();
        let serving = agent::serve(
            WorkersClient::new(channel),
            Arc::clone(&station),
            Arc::new(place),
            AgentOptions::new(jobs),
            drain.clone(),
        );
        Self { station, agent: tokio::spawn(serving), drain }
    }

    /// Takes down what it has started.
    async fn end(self, leave: bool) -> Rest {
        self.drain.cancel();
        // A panic of it has been told.
        let ended = self.agent.await.unwrap_or(Ok(()));
        if !leave {
            self.station.let_go().await;
        }
        Rest { kept: self.station.close().await, ended }
    }
}
