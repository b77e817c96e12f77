//! `mrt-cli run`: check a project on this machine. It is a farm of one: coordinator and worker are in this process.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mrt_chain::selection::Wanted;
use mrt_chain::settings::Project;
use mrt_coordinator::coordinator::{Coordinator, Limits};
use mrt_coordinator::farm::Settings;
use mrt_coordinator::head::Retention;
use mrt_coordinator::store::{Bundles, Store};
use mrt_ops::connect::{Channel, in_process};
use mrt_ops::serve::Tokens;
use mrt_proto::v1;
use mrt_proto::v1::workers_client::WorkersClient;
use mrt_report::{Report, exit_code};
use mrt_worker::agent::{self, AgentError, AgentOptions, Files, Projects, ProjectsError};
use mrt_worker::host::environment::{self, Environments};
use mrt_worker::run::{Station, StationOptions, interpreter};
use mrt_worker::server::Servers;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Error as TransportError, Server};

use crate::args::Run;
use crate::error::CliError;
use crate::farm::{Farm, Fetched};
use crate::output::tell;
use crate::places::Places;
use crate::progress::{Event, Follower};
use crate::screen::{Paper, Screen};
use crate::{baseline, interrupt, project, submission};

/// Nobody in this process is lost without the others: no lease runs out, not even while a laptop sleeps. In milliseconds.
const FOR_EVER: u64 = 30 * 24 * 3_600_000;
/// The name of an empty bundle: it stands for the directory itself.
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &Run) -> Result<u8, CliError> {
    let screen = Screen::open(&arguments.talk)?;
    // Whatever can be wrong with the command line is told before anything starts.
    let paper = Paper::new(&arguments.shown, &arguments.talk)?.telling(&arguments.notify)?;
    let python = arguments.python.as_deref().map(interpreter).transpose().map_err(CliError::Interpreter)?;
    let project::Loaded { project, suites } =
        project::load_to_run(&arguments.select, arguments.check.timeout)?;
    let paper = paper.with(Places::of(&project));
    let wanted = Wanted { only: arguments.select.only.clone(), since: arguments.since.clone() };
    let request = v1::SubmitRequest {
        key: submission::key(),
        protocol: mrt_proto::PROTOCOL,
        columns: submission::columns(&suites, &wanted, NOTHING)?,
        priority: 0,
        patience_ms: FOR_EVER,
        options: Some(submission::options(&project, &arguments.check)),
        labels: [].into(),
    };

    let runtime = tokio::runtime::Runtime::new().map_err(CliError::Runtime)?;
    let cancel = CancellationToken::new();
    let fetched = runtime.block_on(async {
        interrupt::listen(cancel.clone(), screen.canvas.clone()).map_err(CliError::Signals)?;
        let (events, shown) = screen.progress();
        let fetched = check(&project, request, arguments, python, events, &cancel).await;
        // The bars have to be gone before the report comes. Showing cannot fail in a way that concerns the run.
        let _ = shown.await;
        fetched
    })?;
    let code = paper.write(&fetched)?;
    if arguments.write_baseline {
        write_baseline(&project, &fetched.report, arguments.talk.quiet)?;
    }
    if cancel.is_cancelled() {
        tell("interrupted: the report holds what was finished by then");
        return Ok(exit_code::INCOMPLETE);
    }
    Ok(code)
}

async fn check(
    project: &Project,
    request: v1::SubmitRequest,
    arguments: &Run,
    python: Option<PathBuf>,
    events: UnboundedSender<Event>,
    cancel: &CancellationToken,
) -> Result<Fetched, CliError> {
    let head = Head::start().await?;
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = arguments.jobs.unwrap_or_else(cores);
    let worker = Worker::start(head.channel.clone(), project, arguments, jobs, python);
    let farm = Farm::here(head.channel.clone());
    let fetched = follow(&farm, request, &events, cancel).await;
    let worker = worker.end().await;
    for what in worker.kept {
        let _ = events.send(Event::Preparing { suite: String::new(), target: None, what });
    }
    drop(farm);
    head.end().await?;
    worker.ended.map_err(CliError::Agent)?;
    fetched
}

/// Submits the run, and shows it until it has ended.
async fn follow(
    farm: &Farm,
    request: v1::SubmitRequest,
    events: &UnboundedSender<Event>,
    cancel: &CancellationToken,
) -> Result<Fetched, CliError> {
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
    fn start(
        channel: Channel,
        project: &Project,
        arguments: &Run,
        jobs: NonZeroUsize,
        interpreter: Option<PathBuf>,
    ) -> Self {
        let environments = Environments::new(environment::default_cache().join("envs"), environment::ROOM);
        let station = Arc::new(Station::new(StationOptions {
            jobs: jobs.get(),
            keep: arguments.keep,
            interpreter,
            environments: Arc::new(environments),
            servers: Servers::default(),
        }));
        let drain = CancellationToken::new();
        let serving = agent::serve(
            WorkersClient::new(channel),
            Arc::clone(&station),
            Arc::new(Here(project.root.clone())),
            AgentOptions::new(jobs),
            drain.clone(),
        );
        Self { station, agent: tokio::spawn(serving), drain }
    }

    /// Takes down what it has started.
    async fn end(self) -> Rest {
        self.drain.cancel();
        // A panic of it has been told.
        let ended = self.agent.await.unwrap_or(Ok(()));
        Rest { kept: self.station.close().await, ended }
    }
}

/// The project where it lies: nothing is packed and unpacked for a worker that sees it.
struct Here(PathBuf);

#[async_trait]
impl Projects for Here {
    async fn directory(&self, _bundle: &str) -> Result<Files, ProjectsError> {
        Ok(self.0.clone().into())
    }
}

fn write_baseline(project: &Project, report: &Report, quiet: bool) -> Result<(), CliError> {
    let (path, entries) = baseline::update(project, report)?;
    if !quiet {
        baseline::told(&path, entries);
    }
    Ok(())
}
