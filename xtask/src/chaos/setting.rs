//! What a fault wants the farm to be.

pub(super) use super::store::Kind as State;

/// The lines between workers and coordinators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// None that could be bad.
    Good,
    /// One for each worker.
    Own,
}

/// The gate that is closed when the run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Of a revision in the first half of the trunk; which one the seed says.
    Trunk,
    /// Of the revision that nothing but one other needs.
    Deadly,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    pub(super) state: State,
    pub(super) coordinators: usize,
    pub(super) workers: usize,
    pub(super) lines: Lines,
    pub(super) gate: Gate,
    /// Each program has a clock of its own; these are so many seconds ahead.
    pub(super) clocks: Option<&'static [(&'static str, i64)]>,
    /// The farm has a container engine of its own.
    pub(super) has_engine: bool,
    /// Nobody is to blame, so that no attempt may be charged.
    pub(super) is_free: bool,
    /// It needs nothing that not every machine has, and little time.
    pub(super) is_quick: bool,
}

impl Setting {
    /// The farm as it is wanted mostly.
    pub(super) const ORDINARY: Self = Self {
        state: State::Directory,
        coordinators: 1,
        workers: 3,
        lines: Lines::Good,
        gate: Gate::Trunk,
        clocks: None,
        has_engine: false,
        is_free: false,
        is_quick: false,
    };
    /// The same, also for the quick.
    pub(super) const QUICK: Self = Self { is_quick: true, ..Self::ORDINARY };
}
