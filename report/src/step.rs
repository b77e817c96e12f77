//! The seven steps of a check, as people are told of them.

use crate::FindingKind::{
    self, DataChanged, DataLost, DowngradeFailed, HalfApplied, Irreversible, NotSeeded, ReupgradeDiffers,
    ReupgradeFailed, RowsLeftBehind, RowsLost, SchemaLeftBehind, SchemaNotRestored, UpgradeFailed,
};

/// One of the seven steps in which a cell is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A database as it is before the revision.
    Database,
    /// Rows that are there before the upgrade.
    RowsBefore,
    /// The revision's upgrade.
    Upgrade,
    /// Rows that come between upgrade and downgrade.
    RowsAfter,
    /// The revision's downgrade.
    Downgrade,
    /// What is there, beside what was there before.
    Compare,
    /// The revision's upgrade once more.
    Again,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Database,
        Self::RowsBefore,
        Self::Upgrade,
        Self::RowsAfter,
        Self::Downgrade,
        Self::Compare,
        Self::Again,
    ];

    /// What is done, in words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Database => "A database is made that is as all earlier revisions leave it",
            Self::RowsBefore => "Rows are written into what the revision can touch",
            Self::Upgrade => "upgrade",
            Self::RowsAfter => "Rows are written as after a deploy",
            Self::Downgrade => "downgrade",
            Self::Compare => "Rows and schema are compared with what they were before",
            Self::Again => "upgrade again, to the same schema",
        }
    }

    /// Under which names of [`Cell::phases_ms`](crate::Cell::phases_ms) its time is counted. That of the rows after the upgrade
    /// is counted with the rows before it.
    pub fn phases(self) -> &'static [&'static str] {
        match self {
            Self::Database => &["clone", "replay"],
            Self::RowsBefore => &["seed"],
            Self::Upgrade => &["upgrade"],
            Self::RowsAfter => &[],
            Self::Downgrade => &["downgrade"],
            Self::Compare => &["rows", "catalog"],
            Self::Again => &["upgrade again"],
        }
    }

    /// The step that shows findings of a kind; none where any of them can.
    pub fn of(kind: FindingKind) -> Option<Self> {
        match kind {
            NotSeeded => Some(Self::RowsBefore),
            UpgradeFailed => Some(Self::Upgrade),
            DowngradeFailed | Irreversible => Some(Self::Downgrade),
            DataLost | DataChanged | RowsLost | RowsLeftBehind | SchemaNotRestored | SchemaLeftBehind
            | HalfApplied => Some(Self::Compare),
            ReupgradeFailed | ReupgradeDiffers => Some(Self::Again),
            FindingKind::Timeout | FindingKind::ServerDied => None,
        }
    }
}
