//! The check: seven steps per cell, over the whole of a chain, knowing only traits.
//!
//! [`shard::check`] takes a chain and a running server through every selected revision: it advances the pristine
//! lineage ([`pristine`]), runs trials in clones ([`trial`]), compares ([`compare`]) and judges ([`judge`]).

mod compare;
mod evidence;
mod judge;
mod labels;
mod own_rows;
mod pristine;
mod schedule;
pub(crate) mod shard;
pub(crate) mod slot;
mod touch;
mod trial;
mod unknown;

use std::path::PathBuf;
use std::time::Duration;

use crate::database::DatabaseError;
use crate::host::HostError;

/// Why a cell could not be judged. Never a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// The database failed us.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The migration host failed us.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A step failed in a way that speaks of the server, not of the step.
    #[error("the database server failed during a step: {reason}")]
    Suspect {
        /// The driver's words.
        reason: String,
    },
    /// What prepares the empty database failed.
    #[error("the bootstrap {what} fails: {reason}")]
    Bootstrap {
        /// The callable or file.
        what: String,
        /// Its failure.
        reason: String,
    },
    /// A directory of ours cannot be made.
    #[error("cannot make the directory {}", path.display())]
    Scratch {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl CheckError {
    /// Whether the server is to blame, so that the cells that were under way are suspects, to be tried alone.
    pub(crate) fn speaks_of_server(&self) -> bool {
        match self {
            Self::Suspect { .. } => true,
            Self::Database(error) => {
                matches!(error, DatabaseError::ServerGone { .. } | DatabaseError::Exhausted { .. })
            }
            Self::Host(_) | Self::Scratch { .. } | Self::Bootstrap { .. } => false,
        }
    }

    /// The error with its causes, on one line.
    pub(crate) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
