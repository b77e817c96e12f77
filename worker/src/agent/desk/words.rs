//! What a desk says and hears on the worker's side.

use std::collections::BTreeSet;

use mrt_proto::v1;

/// One go at an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::agent) struct UnitId(pub(super) u64);

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::agent) enum Effect {
    /// Begin.
    Start {
        /// From now on named so.
        unit: UnitId,
        /// What to check.
        assignment: v1::Assignment,
    },
    /// Only these cells are still to be checked.
    Shrink {
        /// By which unit.
        unit: UnitId,
        /// As far as they were its own before.
        cells: BTreeSet<u32>,
    },
    /// End it; nothing that it says is heard any more.
    Cancel {
        /// Which.
        unit: UnitId,
    },
}

/// What a unit says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::agent) enum Word {
    /// For people.
    Note(v1::shard_note::Note),
    /// It is at these revisions from now on.
    At(BTreeSet<u32>),
    /// It has the chain's state after this revision.
    Stands(u32),
    /// A cell has come to its end.
    Result(u32, v1::cell_result::Outcome),
    /// So has the unit; it says nothing more.
    Ended(Ending),
}

/// How a unit ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::agent) enum Ending {
    /// Every cell that was left to it has its result.
    Done,
    /// It cannot be checked at all.
    Failed {
        /// Why.
        failure: v1::Failure,
        /// It would be the same everywhere.
        project: bool,
    },
    /// The container engine is gone. That is nobody's failure: another worker may have one.
    NoContainers,
}
