//! A run: suites x targets on this machine, from settings to cells.

mod cells;
mod directory;
mod server;
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use mrt_chain::graph::GraphError;
use mrt_chain::settings::{Suite, Target};
use mrt_report::Cell;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::check::CheckError;
use crate::host::environment::EnvironmentError;
use crate::server::ServerError;
use crate::server::docker::Docker;
use cells::Selection;

/// What to check and how.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many cells are checked side by side, over all targets.
    pub jobs: usize,
    /// Leave the databases of failing cells, and their servers, for a look.
    pub keep: bool,
    /// Seed every table at every revision, not only those that a revision can touch.
    pub seed_all: bool,
    /// Check only these revisions (ids, unambiguous beginnings of ids, labels, `head`).
    pub only: Vec<String>,
    /// Check only what comes after this revision.
    pub since: Option<String>,
    /// The day on which acceptances are valid or have expired.
    pub today: jiff::civil::Date,
}

/// What a run tells while it works.
#[derive(Debug, Clone)]
pub enum Event {
    /// Something that takes time before cells start.
    Preparing {
        /// The suite.
        suite: String,
        /// The target, when it is about one.
        target: Option<String>,
        /// What is being done: `starting postgres:15`.
        what: String,
    },
    /// The first cell of a target can be checked.
    TargetStarted {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
        /// How many cells it has in this run.
        cells: usize,
        /// What serves it: `PostgreSQL 15.18`.
        server: String,
    },
    /// A cell is being checked.
    CellStarted {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
        /// The revision.
        revision: String,
    },
    /// A cell is done.
    CellFinished(Box<Cell>),
    /// All cells of a target are done.
    TargetFinished {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
    },
}

/// Why a run cannot be done at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The revision files cannot be read as a chain.
    #[error("cannot read the chain of suite {suite}")]
    Chain {
        /// The suite.
        suite: String,
        /// Why.
        #[source]
        source: Box<GraphError>,
    },
    /// A revision that was asked for is not there.
    #[error("{setting}: {message}")]
    Selection {
        /// The option or setting that names it.
        setting: String,
        /// What is wrong.
        message: String,
    },
    /// The selection is empty.
    #[error("nothing to check in suite {suite} on {target}: the selection leaves no revision")]
    NothingSelected {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
    },
    /// There is no Python to run the migrations with.
    #[error("cannot prepare the Python environment of suite {suite}")]
    Environment {
        /// The suite.
        suite: String,
        /// Why.
        #[source]
        source: Box<EnvironmentError>,
    },
    /// A server cannot be had.
    #[error("cannot get a server for {target}")]
    Server {
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: Box<ServerError>,
    },
    /// The engine refuses to work with the server.
    #[error("cannot use the server of {target}")]
    Database {
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: Box<crate::database::DatabaseError>,
    },
    /// A server that was given cannot be used.
    #[error("cannot use the server of {target}; check {origin}")]
    External {
        /// The target.
        target: String,
        /// Where its URL stands.
        origin: String,
        /// Why.
        #[source]
        source: Box<crate::database::DatabaseError>,
    },
    /// A server that was given is of another version than its target says.
    #[error("the server of {target} is {found}; name the target after it, or correct {origin}")]
    Version {
        /// The target.
        target: String,
        /// What the server is.
        found: String,
        /// Where its URL stands.
        origin: String,
    },
    /// The project cannot be loaded, or its empty database cannot be prepared.
    #[error("cannot begin with suite {suite} on {target}")]
    Begin {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: BeginError,
    },
    /// A directory for the run cannot be made.
    #[error("cannot make a working directory in {}", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Why the first step into a suite fails.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BeginError(Box<CheckError>);

/// Whose turn it is when a run cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// The settings or the project: exit code 2.
    Usage,
    /// The machine: exit code 3.
    Infrastructure,
}

impl RunError {
    /// Whose turn it is.
    pub fn exit_class(&self) -> ExitClass {
        match self {
            Self::Scratch { .. } => ExitClass::Infrastructure,
            Self::Database { source, .. } if source.is_about_resources() => ExitClass::Infrastructure,
            Self::Begin { source: BeginError(source), .. }
                if source.speaks_of_server() || source.is_about_own_files() =>
            {
                ExitClass::Infrastructure
            }
            // No Docker, no such image, no Python: something that the user has to provide.
            _ => ExitClass::Usage,
        }
    }
}

/// Checks the selected cells of the suites. Cells come back in matrix order: suite, the chain's topological
/// order, target.
///
/// After a cancellation the cells that were not done come back as `error`.
///
/// # Errors
/// When nothing can be checked at all; everything else is some cell's verdict.
pub async fn run(
    suites: &[Suite],
    options: &RunOptions,
    events: mpsc::UnboundedSender<Event>,
    cancel: CancellationToken,
) -> Result<Vec<Cell>, RunError> {
    let mut selections = Vec::new();
    for suite in suites {
        let suite = Arc::new(suite.clone());
        for target in &suite.targets {
            let chain = suite
                .chain(target.engine)
                .map_err(|source| RunError::Chain { suite: suite.name.clone(), source: Box::new(source) })?;
            selections.push(Selection::new(Arc::clone(&suite), target.clone(), Arc::new(chain), options)?);
        }
    }
    let mut interpreters = BTreeMap::new();
    for suite in suites {
        let interpreter = target::interpreter(suite, &events).await?;
        interpreters.insert(suite.name.clone(), interpreter);
    }

    // Suites share a target's server, one after the other; targets work side by side.
    let mut groups: Vec<(Target, Vec<Selection>)> = Vec::new();
    for selection in selections {
        match groups.iter_mut().find(|(target, _)| *target == selection.target) {
            Some((_, group)) => group.push(selection),
            None => groups.push((selection.target.clone(), vec![selection])),
        }
    }
    let mut servers = start(&groups, &interpreters, options.jobs.max(1), &events).await?;
    let jobs = Semaphore::new(options.jobs.max(1));
    let run =
        target::Run { options, interpreters: &interpreters, jobs: &jobs, events: &events, cancel: &cancel };
    let done = join_all(
        groups
            .iter()
            .zip(&mut servers)
            .map(|((target, selections), running)| target::check_all(&run, running, target, selections)),
    )
    .await;
    let failing = |cells: &Result<Vec<Cell>, RunError>| {
        cells.as_ref().is_ok_and(|cells| cells.iter().any(|cell| cell.kept.is_some()))
    };
    for (running, cells) in servers.into_iter().zip(&done) {
        if options.keep && failing(cells) {
            let what = format!("kept for a look, remove it when done: {}", running.leave().await);
            let _ = events.send(Event::Preparing { suite: String::new(), target: None, what });
        } else {
            running.stop().await;
        }
    }

    let mut cells = Vec::new();
    for group in done {
        cells.extend(group?);
    }
    let place = |cell: &Cell| {
        let suite = suites.iter().position(|suite| suite.name == cell.suite);
        let target = suite
            .and_then(|suite| suites[suite].targets.iter().position(|target| target.name == cell.target));
        (suite, target)
    };
    // Within a suite and target the cells are in the chain's order already; revisions that several targets share
    // stand together, in the order of the first target that has them.
    let mut order: BTreeMap<(Option<usize>, String), usize> = BTreeMap::new();
    cells.sort_by_key(place);
    for cell in &cells {
        let next = order.len();
        order.entry((place(cell).0, cell.revision.clone())).or_insert(next);
    }
    cells.sort_by_key(|cell| {
        let (suite, target) = place(cell);
        (suite, order.get(&(suite, cell.revision.clone())).copied(), target)
    });
    Ok(cells)
}

/// Starts the servers of all targets. When one cannot be had, none is left.
async fn start(
    groups: &[(Target, Vec<Selection>)],
    interpreters: &BTreeMap<String, target::Interpreter>,
    jobs: usize,
    events: &mpsc::UnboundedSender<Event>,
) -> Result<Vec<server::Running>, RunError> {
    let docker = match groups.iter().find(|(target, _)| server::needs_docker(target)) {
        None => None,
        Some((target, _)) => {
            let failed = |source| RunError::Server { target: target.name.clone(), source: Box::new(source) };
            let docker = Docker::connect().await.map_err(failed)?;
            docker.sweep().await.map_err(failed)?;
            Some(docker)
        }
    };
    let starting = groups.iter().map(|(target, selections)| {
        // A group begins with one.
        let first = &selections[0];
        let suite = &first.suite;
        let what = format!("starting {}", target.name);
        let _ = events.send(Event::Preparing {
            suite: suite.name.clone(),
            target: Some(target.name.clone()),
            what,
        });
        let (docker, slots) = (docker.clone(), jobs.min(first.judged.len()));
        let python = &interpreters[&suite.name].path;
        async move {
            let running = server::Running::start(target, docker, (suite, python), slots);
            running.await.map_err(|error| error.for_target(target))
        }
    });
    let mut servers = Vec::new();
    let mut failed = None;
    for result in join_all(starting).await {
        match result {
            Ok(running) => servers.push(running),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        None => Ok(servers),
        Some(error) => {
            for running in servers {
                running.stop().await;
            }
            Err(error)
        }
    }
}
