//! The whole of a run in one process: what the command line calls.

use jiff::civil::Date;
use mrt_chain::settings::Suite;
use mrt_report::Cell;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

/// What is asked of a run beside its suites.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How many cells are checked at the same time.
    pub jobs: usize,
    /// Keep the databases of cells that do not pass.
    pub keep: bool,
    /// Seed every table, not only those that a revision can touch.
    pub seed_all: bool,
    /// Check only these revisions; empty means all.
    pub only: Vec<String>,
    /// Check only what comes after this revision.
    pub since: Option<String>,
    /// The day on which acceptances are judged.
    pub today: Date,
}

/// What happens during a run.
#[derive(Debug, Clone)]
pub enum Event {
    /// Something worth telling before cells start (`starting postgres:15`, `making the Python environment`).
    Preparing {
        /// The suite's name.
        suite: String,
        /// The target, or `None` when it is for the whole suite.
        target: Option<String>,
        /// What is going on.
        what: String,
    },
    /// A target's cells start.
    TargetStarted {
        /// The suite's name.
        suite: String,
        /// The target.
        target: String,
        /// How many cells will be finished.
        cells: usize,
        /// What the server says it is (`PostgreSQL 15.18`).
        server: String,
    },
    /// A cell is being checked.
    CellStarted {
        /// The suite's name.
        suite: String,
        /// The target.
        target: String,
        /// The revision's id.
        revision: String,
    },
    /// A cell has its verdict.
    CellFinished(Box<Cell>),
    /// A target has no cells left.
    TargetFinished {
        /// The suite's name.
        suite: String,
        /// The target.
        target: String,
    },
}

/// Whose matter an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// The command line or the settings have to change.
    Usage,
    /// Nothing is known to be wrong with them.
    Infrastructure,
}

/// A run that came to no cells at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is no check yet.
    #[error("this build of mrt cannot check anything yet")]
    NotBuilt,
}

impl RunError {
    /// Whose matter it is.
    pub fn exit_class(&self) -> ExitClass {
        match self {
            Self::NotBuilt => ExitClass::Infrastructure,
        }
    }
}

/// Checks the selected cells of the suites. Cells come back in matrix order: by suite, topologically, by target.
///
/// When `cancel` is triggered, the cells that are finished by then come back, and everything is cleaned up first.
///
/// # Errors
/// Only for settings, selections and infrastructure without which no cell can be checked; what goes wrong with one
/// cell is that cell's verdict.
pub async fn run(
    _suites: &[Suite],
    _options: &RunOptions,
    _events: UnboundedSender<Event>,
    _cancel: CancellationToken,
) -> Result<Vec<Cell>, RunError> {
    Err(RunError::NotBuilt)
}
