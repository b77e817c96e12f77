//! `mrt-worker`: a worker of the farm as a program.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use mrt_bundle::Limits;
use mrt_ops::connect::{ConnectError, Connection};
use mrt_ops::logging::{LogError, Logging};
use mrt_ops::metrics::{HealthError, MetricsError};
use mrt_ops::prometheus_client::registry::Registry;
use mrt_ops::values::{bytes, duration};
use mrt_ops::{Trouble, signals};
use mrt_proto::v1::workers_client::WorkersClient;
use mrt_worker::agent::{self, AgentError, AgentOptions, BundleCache, Metrics, ProjectsError, default_slots};
use mrt_worker::host::environment::{EnvironmentError, Environments, default_cache};
use mrt_worker::run::{InterpreterError, Station, StationOptions, interpreter};
use mrt_worker::server::{Options, ServerError, Servers};
use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;
use tokio::time::sleep;
use tracing::{debug, info};

/// How long work with files may go on when everything else has ended.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long nothing new is taken after a failure that may be this machine's; longer when another follows.
const REST: Duration = Duration::from_secs(5);

const AFTER: &str = "\
Examples:
  For a coordinator on this machine:
    mrt-worker --coordinator http://127.0.0.1:7440

  For one elsewhere, which asks for a token with the role `work`:
    mrt-worker --coordinator https://farm:7440 --token-file /etc/mrt/token

  A small one, that tells Prometheus how it is:
    mrt-worker --coordinator https://farm:7440 --slots 2 --cache-size 2GB --metrics 127.0.0.1:9440

  One without a container engine, in a cluster or with a kubeconfig:
    mrt-worker --coordinator https://farm:7440 --servers kubernetes --namespace farm --pull-secret registry

What it serves:
  SQLite, servers of PostgreSQL, MySQL, MariaDB, SQL Server and Oracle that a project names by URL, and, while a container \
engine answers (DOCKER_HOST, Docker's current context, or the usual sockets of Docker and Podman), these five in containers; \
SQL Server where ACCEPT_EULA=Y says that whoever runs the worker has accepted Microsoft's licence terms for it; Oracle where \
its client library is found (Instant Client 19 or later, by LD_LIBRARY_PATH or ldconfig), and 19 with an image of one's own. \
MRT_DOCKER_NETWORK names the network to join where the worker is itself in a container.

  With --servers kubernetes it needs no container engine: each server is a Pod in --namespace, which Pod Security's level \
`restricted` admits (the image's own user, no capabilities), with a limit of memory and six hours to live. In the cluster it goes \
by the service account of its Pod, whose Role needs pods (create, get, list, watch, delete) and pods/log (get); set POD_NAME, \
POD_UID and POD_NAMESPACE by the downward API, and the cluster takes the servers away with the worker's Pod. Outside of it goes by \
a kubeconfig, and reaches servers through the API where their node is not this machine: that needs pods/portforward (create), \
too. A password is part of its Pod's environment, made for that server alone, and gone with it. Pods ask for the memory that a server \
takes without data, and a quarter of a processor; --pod-template says what else they should be like:
    spec:
      nodeSelector: { pool: farm }
      containers: [{ name: server, resources: { requests: { cpu: 2 } } }]

Whose code runs here:
  Migrations are programs of whoever may submit, and so is what installs the packages that a project asks for. Where the \
worker is root all of it runs as `nobody`, and can neither read the token's file nor reach the container engine; otherwise it \
runs as the worker's own user. Installers run with a home that is thrown away; of the worker's environment they get PATH, PIP_*, \
UV_*, proxies, certificates and what compilers ask for, so settings of an index belong there or in /etc. Where `nobody` cannot \
use --cache, --python, or any python3 on the PATH, all of it runs as root, and a warning says so.

How it ends:
  At SIGTERM or Ctrl-C it takes nothing new, lets the revisions that it is at come to their ends for --grace, and hands the \
rest back, which costs nobody an attempt. A second signal ends it at once.

Every option can also stand in a TOML file (--config), by its long name, or in the environment.

Exit codes:
  0    ended as asked, and handed back what was left
  2    the options are wrong, or the coordinator does not want this worker: another version, no token
  3    something of this machine does not work: the cache, the runtime, the address of the metrics
  130  a second signal";

/// A worker of a farm that verifies database migrations.
///
/// Checks what the coordinator gives it, cell by cell, on servers of its own, and sends each result at once. It keeps trying
/// to reach a coordinator that is away. As many as you like, wherever there is Python and, for servers, a container
/// engine or a Kubernetes cluster.
#[derive(Debug, Parser)]
#[command(name = "mrt-worker", version, after_long_help = AFTER)]
struct Args {
    #[command(flatten)]
    connection: Connection,

    /// How many cells to check side by side, and how many shards to hold at most [default: by processors and memory, 1 GiB
    /// each]
    #[arg(long, value_name = "N", env = "MRT_SLOTS", help_heading = "Work")]
    slots: Option<NonZeroUsize>,

    /// Keep bundles and Python environments in this directory; several workers can share it [default: /var/cache/mrt for root,
    /// else $XDG_CACHE_HOME/mrt or ~/.cache/mrt]
    #[arg(long, value_name = "DIR", env = "MRT_CACHE", help_heading = "Work")]
    cache: Option<PathBuf>,

    /// Room for bundles; what was not used for longest goes first, and what is in use stays
    #[arg(long, value_name = "BYTES", env = "MRT_CACHE_SIZE", value_parser = bytes, default_value = "10GB", help_heading = "Work")]
    cache_size: u64,

    /// Room for Python environments that are made for projects; what was not used for longest goes first, and what is in use stays
    #[arg(long, value_name = "BYTES", env = "MRT_ENVIRONMENTS_SIZE", value_parser = bytes, default_value = "20GiB", help_heading = "Work")]
    environments_size: u64,

    /// Run all migrations with this Python, which has Alembic and the database drivers, instead of one made for each project
    #[arg(long, value_name = "INTERPRETER", env = "MRT_PYTHON", help_heading = "Work")]
    python: Option<PathBuf>,

    /// How long cells may take to their ends once the worker is asked to end
    #[arg(long, value_name = "DURATION", env = "MRT_GRACE", value_parser = duration, default_value = "25s", help_heading = "Work")]
    grace: Duration,

    /// What reports of progress call this machine
    #[arg(long, value_name = "NAME", env = "MRT_HOST", default_value = hostname(), help_heading = "Work")]
    host: String,

    #[command(flatten)]
    servers: Options,

    #[command(flatten)]
    logging: Logging,

    #[command(flatten)]
    metrics: mrt_ops::metrics::Metrics,
}

#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Interpreter(#[from] InterpreterError),
    #[error("cannot say where database servers are to come from")]
    Servers(#[source] ServerError),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Health(#[from] HealthError),
    #[error("cannot use the cache in {}; name another directory by --cache", path.display())]
    Cache { path: PathBuf, source: ProjectsError },
    #[error("cannot use the cache in {}; name another directory by --cache", path.display())]
    Environments { path: PathBuf, source: Box<EnvironmentError> },
    #[error(transparent)]
    Agent(#[from] AgentError),
}

impl MainError {
    fn trouble(&self) -> Trouble {
        match self {
            Self::Log(_) | Self::Interpreter(_) | Self::Servers(_) => Trouble::Usage,
            Self::Connect(error) => error.trouble(),
            Self::Metrics(error) => error.trouble(),
            Self::Health(error) => error.trouble(),
            Self::Agent(error) => error.trouble(),
            Self::Runtime(_) | Self::Signals(_) | Self::Cache { .. } | Self::Environments { .. } => {
                Trouble::Infrastructure
            }
        }
    }
}

fn main() -> ExitCode {
    let args: Args = mrt_ops::config::parse();
    match run(args) {
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

fn run(args: Args) -> Result<(), MainError> {
    close_ranks();
    if let Some(answer) = args.metrics.health() {
        return Ok(answer?);
    }
    let runtime = tokio::runtime::Runtime::new().map_err(MainError::Runtime)?;
    let ended = runtime.block_on(serve(args));
    runtime.shutdown_timeout(GOODBYE);
    ended
}

/// Keeps migrations away from what is ours, and lets them read what is theirs.
fn close_ranks() {
    // Processes of our own user could read the token out of our environment or our memory.
    #[cfg(target_os = "linux")]
    if let Err(error) = nix::sys::prctl::set_dumpable(false) {
        eprintln!("warning: other processes of this user may read our token: {error}");
    }
    if geteuid().is_root() {
        // `nobody` reads bundles and environments.
        umask(Mode::S_IWGRP | Mode::S_IWOTH);
    }
}

async fn serve(args: Args) -> Result<(), MainError> {
    let _guard = args.logging.start("mrt-worker")?;
    let drain = signals::shutdown().map_err(MainError::Signals)?;
    let metrics = Metrics::default();
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let _serving = args.metrics.serve(registry, metrics.ready())?;

    let interpreter = args.python.as_deref().map(interpreter).transpose()?;
    let servers = args.servers.servers().await.map_err(MainError::Servers)?;
    let client = WorkersClient::new(args.connection.channel()?);
    let cache = args.cache.unwrap_or_else(default_cache);
    let slots = args.slots.unwrap_or_else(default_slots);
    let (connection, limits) = (Some(args.connection), Limits::default());
    let projects =
        BundleCache::open(client.clone(), connection.clone(), cache.join("bundles"), args.cache_size, limits);
    let projects = projects.map_err(|source| MainError::Cache { path: cache.clone(), source })?;
    let environments = Arc::new(Environments::new(cache.join("envs"), args.environments_size));
    let opened = environments.open().await;
    opened.map_err(|source| MainError::Environments { path: cache.clone(), source: Box::new(source) })?;
    let station = StationOptions {
        jobs: slots.get(),
        keep: false,
        replays: None,
        interpreter,
        environments,
        servers: servers.clone(),
    };
    let station = Arc::new(Station::new(station));
    let sweeping = tokio::spawn(sweep(servers.clone()));
    let options = AgentOptions {
        slots,
        host: args.host,
        grace: args.grace,
        rest: REST,
        engine: Some(Arc::new(servers)),
        connection,
        metrics,
    };
    let served = agent::serve(client, Arc::clone(&station), Arc::new(projects), options, drain).await;
    sweeping.abort();
    for kept in station.close().await {
        info!("{kept}");
    }
    if served.is_ok() {
        info!("ended as asked");
    }
    Ok(served?)
}

/// Removes what dead workers have left, now and later: whoever lives cleans up for all.
async fn sweep(servers: Servers) {
    loop {
        let swept = async { servers.launcher().await?.sweep().await };
        match swept.await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "removed servers of dead workers"),
            Err(error) => debug!(error = &error as &dyn Error, "nothing is swept"),
        }
        sleep(servers.sweeps_every()).await;
    }
}

fn hostname() -> String {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "unknown".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use mrt_worker::host::environment;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_defaults_are_those_of_this_machine() {
        let args = Args::try_parse_from(["mrt-worker", "--coordinator", "https://farm"]).unwrap();
        assert_eq!((args.slots, args.cache, args.grace), (None, None, Duration::from_secs(25)));
        assert_eq!((args.cache_size, args.environments_size), (10_000_000_000, environment::ROOM));
        assert_eq!(args.host, hostname());
        assert!(!args.host.is_empty());
        assert!(
            Args::try_parse_from(["mrt-worker", "--coordinator", "https://farm", "--slots", "0"]).is_err()
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_reads_what_we_know() {
        assert!(nix::sys::prctl::get_dumpable().unwrap());
        close_ranks();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
