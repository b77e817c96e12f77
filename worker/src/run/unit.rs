//! What a station is asked for, and what it tells.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use mrt_chain::graph::Chain;
use mrt_chain::settings::{Suite, Target};
use mrt_report::Cell;
use tokio::sync::watch;

use super::Expected;

/// Some cells of a suite's chain on one target. Revisions are positions in the chain's order.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The suite.
    pub suite: Arc<Suite>,
    /// The directory of the whole project, where it is somebody else's, unpacked here: it does not change, and nothing that it
    /// says or does makes its code run with our own rights.
    pub copy: Option<PathBuf>,
    /// The target.
    pub target: Target,
    /// The suite's chain, as the target's engine has it.
    pub chain: Arc<Chain>,
    /// The cells. They may become fewer: one that is gone before it was begun is not checked. None ever comes.
    pub cells: watch::Receiver<BTreeSet<usize>>,
    /// What the texts of its revisions let expect on the target.
    pub expected: Arc<Expected>,
    /// Seed every table at every revision, not only those that a revision can touch.
    pub seed_all: bool,
    /// The day on which acceptances are valid or have expired.
    pub today: jiff::civil::Date,
}

/// What is told while a unit is checked.
#[derive(Debug, Clone)]
pub enum UnitEvent {
    /// Something that takes time before cells start: `starting postgres:15`.
    Preparing(String),
    /// What serves the unit from now on: `PostgreSQL 15.18`.
    Serving(String),
    /// The revisions that are checked or applied from now on: told before anything of them runs.
    At(BTreeSet<usize>),
    /// The chain's state after this revision is at hand.
    Stands(usize),
    /// A cell has its verdict; `error` says that mrt cannot check it, on whatever machine.
    Finished {
        /// The revision.
        position: usize,
        /// What it came to.
        cell: Box<Cell>,
    },
    /// A cell could not be checked here, which says nothing about the revision.
    Failed {
        /// The revision.
        position: usize,
        /// Which infrastructure failed.
        reason: String,
    },
}
