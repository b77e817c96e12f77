//! One unit: from an assignment to cells.

use std::collections::BTreeSet;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use mrt_chain::graph::GraphError;
use mrt_chain::settings::{Project, ServerSettings, SettingsError, Suite, Target, TargetError};
use mrt_proto::v1;
use mrt_proto::v1::cell_result::Outcome;
use mrt_proto::v1::shard_note::Note;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::desk::{Ending, UnitId, Word};
use super::engine::Watched;
use super::{Metrics, Projects, ProjectsError};
use crate::run::{ExitClass, Expectations, Reading, RunError, Station, Unit, UnitEvent};
use crate::shelf::blocking;

/// A cell that takes more in the report than this is not worth a stream that breaks at it.
const CELL: usize = 8 << 20;
/// What is told of one cause at most.
const CAUSE: usize = 4 << 10;

/// Checks units: a station, or what stands for one in tests.
#[async_trait]
pub(super) trait Checks: Send + Sync {
    /// See [`Station::check`].
    async fn check(
        &self,
        unit: &Unit,
        events: &mpsc::UnboundedSender<UnitEvent>,
        cancel: &CancellationToken,
    ) -> Result<(), RunError>;

    /// See [`Station::warm`].
    fn warm(&self) -> Vec<String>;
}

#[async_trait]
impl Checks for Station {
    async fn check(
        &self,
        unit: &Unit,
        events: &mpsc::UnboundedSender<UnitEvent>,
        cancel: &CancellationToken,
    ) -> Result<(), RunError> {
        Station::check(self, unit, events, cancel).await
    }

    fn warm(&self) -> Vec<String> {
        Station::warm(self)
    }
}

/// What units are checked with.
pub(super) struct Shop {
    pub(super) checks: Arc<dyn Checks>,
    pub(super) projects: Arc<dyn Projects>,
    /// Where nobody looks after it, it is never to blame.
    pub(super) engine: Option<Arc<Watched>>,
    pub(super) metrics: Metrics,
    pub(super) expectations: Arc<Expectations>,
    pub(super) words: mpsc::UnboundedSender<(UnitId, Word)>,
}

/// A unit to check.
pub(super) struct Job {
    pub(super) unit: UnitId,
    pub(super) assignment: v1::Assignment,
    pub(super) cells: watch::Receiver<BTreeSet<usize>>,
    pub(super) cancel: CancellationToken,
}

/// Why nothing of a unit can be checked.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Projects(#[from] ProjectsError),
    #[error("the settings of the project cannot be used")]
    Settings(#[source] Box<SettingsError>),
    #[error("{0:?} is no name of a file at the project's root; submit it with mrt-cli")]
    File(String),
    #[error("the project has no suite {0}")]
    Suite(String),
    #[error(transparent)]
    Target(TargetError),
    #[error(
        "suite {suite} needs {}, which was not sent: it lies outside of the project's directory; move it there",
        path.display()
    )]
    Outside { suite: String, path: PathBuf },
    #[error("cannot read the chain of suite {suite}")]
    Chain { suite: String, source: Box<GraphError> },
    #[error(
        "the chain of suite {suite} has {revisions} revisions as this worker reads it, and cell {cell} is asked for; \
         upgrade mrt-worker, mrt-coordinator and mrt-cli to one version"
    )]
    Position { suite: String, revisions: usize, cell: usize },
    #[error("{0:?} is not a day; write one as 2026-11-26")]
    Today(String),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the worker has made a mistake, of which its log says more")]
    Mistake,
}

impl JobError {
    fn is_projects_own(&self) -> bool {
        match self {
            Self::Projects(error) => error.is_projects_own(),
            Self::Run(error) => error.is_projects_own(),
            Self::Position { .. } | Self::Mistake => false,
            Self::Settings(_)
            | Self::File(_)
            | Self::Suite(_)
            | Self::Target(_)
            | Self::Outside { .. }
            | Self::Chain { .. }
            | Self::Today(_) => true,
        }
    }

    fn is_usage(&self) -> bool {
        match self {
            Self::Projects(error) => error.is_projects_own(),
            Self::Run(error) => error.exit_class() == ExitClass::Usage,
            Self::Mistake => false,
            _ => true,
        }
    }

    /// What is told of it. Where this worker has its copy of the project means nothing to who reads that.
    fn ending(&self, root: Option<&Path>) -> Ending {
        let root = root.map(|root| format!("{}/", root.display()));
        let told = |error: &dyn Error| {
            let text = error.to_string();
            bounded(root.as_ref().map_or(text.clone(), |root| text.replace(root, "")))
        };
        let mut causes = vec![told(self)];
        let mut source = self.source();
        while let Some(cause) = source {
            causes.push(told(cause));
            source = cause.source();
        }
        // Who has sent a copy to a farm cannot give its machines what they lack.
        let is_farms = root.is_some() && matches!(self, Self::Run(error) if error.is_machines());
        let failure = v1::Failure { causes, usage: self.is_usage() && !is_farms };
        Ending::Failed { failure, project: self.is_projects_own() }
    }
}

impl Shop {
    /// Checks a unit, and tells all of it. After a cancellation nobody listens.
    pub(super) async fn work(&self, job: Job) {
        let unit = job.unit;
        let ending = match AssertUnwindSafe(self.attend(job)).catch_unwind().await {
            Ok(ending) => ending,
            Err(_) => {
                self.metrics.failure();
                JobError::Mistake.ending(None)
            }
        };
        self.say(unit, Word::Ended(ending));
    }

    async fn attend(&self, job: Job) -> Ending {
        let files = tokio::select! {
            biased;
            () = job.cancel.cancelled() => return Ending::Done,
            files = self.projects.directory(&job.assignment.bundle) => files,
        };
        let files = match files {
            Ok(files) => files,
            Err(error) => return self.failed(&job, None, &error.into()),
        };
        let (path, assignment, cells) = (files.path().to_owned(), job.assignment.clone(), job.cells.clone());
        let is_copy = files.copy().is_some();
        let expectations = Arc::clone(&self.expectations);
        let unit = match blocking(move || read(&path, is_copy, &assignment, cells, &expectations)).await {
            Ok(unit) => Unit { copy: files.copy().map(Path::to_owned), ..unit },
            Err(error) => return self.failed(&job, files.copy(), &error),
        };
        let (events, heard) = mpsc::unbounded_channel();
        let over = CancellationToken::new();
        let checking = async {
            let checked = self.checks.check(&unit, &events, &job.cancel).await;
            over.cancel();
            checked
        };
        // Side by side: nothing of a check may wait for whom it is told to.
        let (checked, gone) = tokio::join!(checking, self.listen(&job, &unit.target, heard, &over));
        match checked {
            _ if gone => Ending::NoContainers,
            Ok(()) => Ending::Done,
            Err(_) if job.cancel.is_cancelled() => Ending::Done,
            Err(error) if self.is_engine_to_blame(&unit.target, Some(&error)).await => {
                let name = self.engine_name();
                info!(target = unit.target.name, "handed back, since no {name} answers: {error}");
                Ending::NoContainers
            }
            Err(error) => self.failed(&job, files.copy(), &error.into()),
        }
    }

    fn failed(&self, job: &Job, root: Option<&Path>, error: &JobError) -> Ending {
        let v1::Assignment { suite, target, .. } = &job.assignment;
        if !error.is_projects_own() {
            self.metrics.failure();
        }
        warn!(suite, target, error = error as &dyn Error, "nothing of a shard can be checked");
        error.ending(root)
    }

    /// Passes on what is told of a unit until its check is over. Whether the container engine went meanwhile, so that cells
    /// failed: those have no result, and what is left is given up.
    async fn listen(
        &self,
        job: &Job,
        target: &Target,
        mut events: mpsc::UnboundedReceiver<UnitEvent>,
        over: &CancellationToken,
    ) -> bool {
        let (mut gone, mut starting) = (false, None);
        loop {
            let event = tokio::select! {
                biased;
                event = events.recv() => event,
                () = over.cancelled() => None,
            };
            let Some(event) = event else { return gone };
            let word = match event {
                UnitEvent::Preparing(what) => {
                    starting = what.starts_with("starting ").then(|| starting.unwrap_or_else(Instant::now));
                    Word::Note(Note::Preparing(what))
                }
                UnitEvent::Serving(what) => {
                    if let Some(since) = starting.take().filter(|_| needs_containers(target)) {
                        self.metrics.started(since.elapsed());
                    }
                    Word::Note(Note::Serving(what))
                }
                UnitEvent::At(positions) => Word::At(positions.into_iter().map(wire).collect()),
                UnitEvent::Stands(position) => Word::Stands(wire(position)),
                UnitEvent::Finished { position, cell } => {
                    self.metrics.cell(&cell);
                    Word::Result(wire(position), encoded(&cell))
                }
                UnitEvent::Failed { .. } if gone => continue,
                UnitEvent::Failed { reason, .. } if self.is_engine_to_blame(target, None).await => {
                    let name = self.engine_name();
                    info!(target = target.name, "handed back, since no {name} answers: {reason}");
                    gone = true;
                    job.cancel.cancel();
                    continue;
                }
                UnitEvent::Failed { position, reason } => {
                    self.metrics.failure();
                    Word::Result(wire(position), Outcome::Infrastructure(bounded(reason)))
                }
            };
            self.say(job.unit, word);
        }
    }

    fn engine_name(&self) -> &'static str {
        self.engine.as_ref().map_or("container engine", |engine| engine.name())
    }

    async fn is_engine_to_blame(&self, target: &Target, error: Option<&RunError>) -> bool {
        match &self.engine {
            Some(engine) if needs_containers(target) => engine.is_to_blame(error).await,
            _ => false,
        }
    }

    fn say(&self, unit: UnitId, word: Word) {
        // An agent that has ended needs no words.
        let _ = self.words.send((unit, word));
    }
}

/// What a suite's settings name that lies outside of what was sent. Some of it is read as ourselves, and not everybody who may
/// submit may read this machine's files.
fn outside(root: &Path, suite: &Suite) -> Option<PathBuf> {
    let root = std::fs::canonicalize(root).ok()?;
    // What is not there is not read either.
    let found = suite.paths().filter_map(|path| Some((path, std::fs::canonicalize(path).ok()?)));
    let mut outside = found.filter(|(_, found)| !found.starts_with(&root));
    outside.next().map(|(path, _)| path.to_owned())
}

/// Reads what is to be checked out of a project, which may be a copy of somebody else's.
fn read(
    path: &Path,
    is_copy: bool,
    assignment: &v1::Assignment,
    cells: watch::Receiver<BTreeSet<usize>>,
    expectations: &Expectations,
) -> Result<Unit, JobError> {
    let options = assignment.options.clone().unwrap_or_default();
    let file = match options.settings.as_str() {
        "" => path.to_owned(),
        // A name, and no way out of the bundle.
        name if Path::new(name).file_name() == Some(name.as_ref()) => path.join(name),
        name => return Err(JobError::File(name.to_owned())),
    };
    let mut project = Project::load(&file).map_err(|error| JobError::Settings(Box::new(error)))?;
    let name = &assignment.suite;
    let mut suite = match project.suites.iter().position(|suite| suite.name == *name) {
        Some(at) => project.suites.swap_remove(at),
        // One that does not say its name has that of its directory, which is another one here.
        None if project.suites.len() == 1 => project.suites.swap_remove(0),
        None => return Err(JobError::Suite(name.clone())),
    };
    suite.name.clone_from(name);
    suite.select_targets(&[&assignment.target]).map_err(JobError::Target)?;
    let target = suite.targets.first().cloned().ok_or(JobError::Target(TargetError::None))?;
    if options.timeout_ms > 0 {
        suite.timeout = Duration::from_millis(options.timeout_ms);
    }
    let today = options.today.parse().map_err(|_| JobError::Today(options.today))?;
    if is_copy && let Some(outside) = outside(path, &suite) {
        return Err(JobError::Outside { suite: name.clone(), path: outside });
    }
    let chain = suite
        .chain(target.engine)
        .map_err(|source| JobError::Chain { suite: name.clone(), source: Box::new(source) })?;
    let revisions = chain.revisions().len();
    if let Some(&cell) = cells.borrow().range(revisions..).next() {
        return Err(JobError::Position { suite: name.clone(), revisions, cell });
    }
    let reading = Reading {
        path: path.to_owned(),
        bundle: assignment.bundle.clone(),
        settings: options.settings,
        suite: suite.name.clone(),
        engine: target.engine,
    };
    let expected = expectations.of(reading, &suite);
    Ok(Unit {
        suite: Arc::new(suite),
        copy: None,
        target,
        chain: Arc::new(chain),
        cells,
        expected,
        seed_all: options.seed_all,
        today,
    })
}

fn needs_containers(target: &Target) -> bool {
    matches!(target.server, ServerSettings::Docker { .. })
}

fn encoded(cell: &mrt_report::Cell) -> Outcome {
    match serde_json::to_vec(cell) {
        Ok(text) if text.len() <= CELL => Outcome::Cell(text),
        Ok(text) => {
            error!(revision = cell.revision, bytes = text.len(), "a cell is too large to be sent");
            Outcome::Infrastructure(format!(
                "the cell takes {} bytes, which is too much to be sent",
                text.len()
            ))
        }
        Err(error) => Outcome::Infrastructure(format!("the cell cannot be written: {error}")),
    }
}

/// A position as it goes over the wire; no chain is so long.
fn wire(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn bounded(mut text: String) -> String {
    if text.len() > CAUSE {
        text.truncate(text.floor_char_boundary(CAUSE));
        text.push('…');
    }
    text
}
