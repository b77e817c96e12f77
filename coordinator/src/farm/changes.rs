//! What a call has changed, so that it can be written down.

use std::collections::{BTreeMap, BTreeSet};

use mrt_proto::v1;
use mrt_report::Cell;

use crate::lease::{Column, WorkerId};
use crate::plan::{ColumnId, RunId};

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A cell has its result, which is written down beside it.
    Finished {
        /// Its column.
        column: ColumnId,
        /// Its position.
        position: usize,
    },
    /// Anything else.
    Other(v1::run_event::Event),
}

/// What has changed since it was last written down.
#[derive(Debug, Default)]
pub struct Changes {
    /// Columns that may have changed, as they were before.
    pub columns: BTreeMap<ColumnId, Column>,
    /// Columns of which more has changed than leases and cells.
    pub chains: BTreeSet<ColumnId>,
    /// Runs that have changed.
    pub runs: BTreeSet<RunId>,
    /// Workers that have changed, or were not written down for a while.
    pub workers: BTreeSet<WorkerId>,
    /// Results.
    pub results: Vec<(ColumnId, usize, Cell)>,
    /// Events with their numbers.
    pub events: Vec<(RunId, u64, Event)>,
    /// How many leases have run out.
    pub expired: u64,
}

impl Changes {
    /// Remembers a column as it is, before it is changed.
    pub(super) fn touch(&mut self, id: ColumnId, column: &Column) {
        self.columns.entry(id).or_insert_with(|| column.clone());
    }

    /// Remembers that more of a column is changed than its cells and leases.
    pub(super) fn note(&mut self, id: ColumnId, column: &Column) {
        self.touch(id, column);
        self.chains.insert(id);
    }

    /// Whether there is nothing to write down.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty() && self.chains.is_empty() && self.runs.is_empty() && self.workers.is_empty()
    }
}
