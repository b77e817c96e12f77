//! `mrt-coordinator`: the farm's head as a program.

mod args;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use mrt_coordinator::coordinator::{Coordinator, Limits, Lost};
use mrt_coordinator::farm::Settings;
use mrt_coordinator::head::Retention;
use mrt_coordinator::lease::ATTEMPTS;
use mrt_coordinator::store::{Bundles, Store, StoreError};
use mrt_ops::Trouble;
use mrt_ops::logging::LogError;
use mrt_ops::metrics::{HealthError, MetricsError};
use mrt_ops::serve::{Bound, ClusterError, ListenError};
use mrt_ops::signals;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tracing::{error, info};

use args::{Args, ArgsError};

/// How long streams may take to end once they were asked.
const GOODBYE: Duration = Duration::from_secs(10);
/// How long those of the cluster may take to go.
const FAREWELL: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error(transparent)]
    Args(#[from] ArgsError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error(transparent)]
    Health(#[from] HealthError),
    #[error(transparent)]
    Lost(#[from] Lost),
    #[error("cannot serve any more")]
    Serve(#[source] tonic::transport::Error),
}

impl MainError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Args(_) | Self::Log(_) | Self::Store(StoreError::Url { .. }) => Trouble::Usage,
            Self::Listen(error) => error.trouble(),
            Self::Metrics(error) => error.trouble(),
            Self::Cluster(error) => error.trouble(),
            Self::Health(error) => error.trouble(),
            Self::Runtime(_) | Self::Signals(_) | Self::Store(_) | Self::Lost(_) | Self::Serve(_) => {
                Trouble::Infrastructure
            }
        }
    }
}

fn main() -> ExitCode {
    let args: Args = mrt_ops::config::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  caused by: {cause}");
                source = cause.source();
            }
            ExitCode::from(match error.trouble() {
                Trouble::Usage => mrt_report::exit_code::USAGE,
                Trouble::Infrastructure => mrt_report::exit_code::INCOMPLETE,
            })
        }
    }
}

fn run(args: &Args) -> Result<(), MainError> {
    if let Some(answer) = args.metrics.health() {
        return Ok(answer?);
    }
    let runtime = tokio::runtime::Runtime::new().map_err(MainError::Runtime)?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<(), MainError> {
    let _guard = args.logging.start("mrt-coordinator")?;
    let stop = signals::shutdown().map_err(MainError::Signals)?;
    let store = Store::open(&args.database()?).await?;
    let settings = Settings { lease: millis(args.lease), attempts: ATTEMPTS };
    let retention = Retention {
        runs: millis(args.keep_runs),
        bundles: Bundles { bytes: args.bundles, keep: millis(args.keep_bundles) },
    };
    let limits = Limits { bundle: args.max_bundle, bundles: args.bundles, silence: Limits::SILENCE };
    let bound = args.listen.bind()?;
    let cluster = args.cluster.bind()?;
    info!(state = store.name(), "the state is open");
    let mut coordinator = Coordinator::start(store, settings, retention);
    let _metrics = args.metrics.serve(coordinator.metrics(), coordinator.ready())?;
    let probed = match cluster {
        Some(bound) => Some(Probed::start(bound, coordinator.cluster(&stop).await)),
        None => None,
    };
    let routes = coordinator.routes(&bound.tokens, limits, &stop);
    info!(address = %bound.address, version = env!("CARGO_PKG_VERSION"), "listening");
    let mut server = bound.server;
    let serving = server
        .add_routes(routes)
        .serve_with_incoming_shutdown(bound.incoming, stop.clone().cancelled_owned());
    let given_up = async {
        stop.cancelled().await;
        tokio::time::sleep(GOODBYE).await;
    };
    tokio::select! {
        served = serving => served.map_err(MainError::Serve)?,
        () = given_up => error!("some clients did not go in time; their connections are cut"),
        lost = coordinator.lost() => {
            error!("{lost}");
            return Err(lost.into());
        }
    }
    coordinator.end().await;
    if let Some(probed) = probed {
        probed.end().await;
    }
    info!("stopped");
    Ok(())
}

/// What the cluster is served, to the end: while the last results are written the program is alive.
struct Probed {
    task: JoinHandle<Result<(), tonic::transport::Error>>,
    over: CancellationToken,
}

impl Probed {
    fn start(mut bound: Bound, routes: Routes) -> Self {
        info!(address = %bound.address, "listening to the cluster");
        let over = CancellationToken::new();
        let router = bound.server.add_routes(routes);
        let ended = over.clone().cancelled_owned();
        let task = tokio::spawn(router.serve_with_incoming_shutdown(bound.incoming, ended));
        Self { task, over }
    }

    async fn end(self) {
        let Self { mut task, over } = self;
        over.cancel();
        match timeout(FAREWELL, &mut task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => error!("the cluster was not served to the end: {error}"),
            Ok(Err(error)) => error!("the cluster was not served to the end: {error}"),
            // Who watches its health has nothing to lose.
            Err(_) => task.abort(),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
