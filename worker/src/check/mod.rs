//! The check: seven steps per cell, over the whole of a chain, knowing only traits.
//!
//! [`shard::check`] takes a chain and a running server through every selected revision: it advances the pristine
//! lineage ([`pristine`]), runs trials in clones ([`trial`]), compares ([`compare`]) and judges ([`judge`]).

mod apart;
mod compare;
mod evidence;
mod findings;
mod half_applied;
pub(crate) mod hosts;
mod judge;
mod labels;
pub(crate) mod outcome;
pub(crate) mod outside;
mod own_rows;
mod pristine;
pub(crate) mod replay;
mod schedule;
pub(crate) mod shard;
pub(crate) mod slot;
pub(crate) mod touch;
mod trial;
pub(crate) mod under_way;
mod unknown;
mod volatile;

use std::path::PathBuf;
use std::time::Duration;

use crate::database::DatabaseError;
use crate::host::{Failure, HostError};

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
    /// env.py fails before it comes to any revision.
    #[error(transparent)]
    Environment(Box<BrokenEnvironment>),
    /// A revision wrote outside of its database, on a server with others. To be checked apart.
    #[error("revision {revision} writes outside of its database ({})", found.what)]
    WritesOutside {
        /// The revision.
        revision: String,
        /// What it wrote.
        found: outside::ServerWide,
    },
    /// A revision writes something outside of its database that no engine gives back.
    #[error(
        "the revision writes outside of its database ({what}), and mrt can undo that for roles alone, so it cannot be checked"
    )]
    CannotBeUndone {
        /// The statement's first words.
        what: String,
    },
    /// A revision writes outside of its database where mrt does not let it.
    #[error("the revision writes outside of its database and is refused ({message}): {why}")]
    NotPermitted {
        /// The database's words.
        message: String,
        /// Why, and what to do.
        why: &'static str,
    },
    /// A revision that could be applied cannot be applied again.
    #[error("revision {revision} could be applied to an empty database once, and then no more")]
    Replay {
        /// The revision.
        revision: String,
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

/// An env.py (or what it needs) that cannot run at all.
#[derive(Debug, thiserror::Error)]
#[error(
    "env.py fails before it comes to any revision: {}\ncheck the URL that it connects to (mrt gives it in \
     sqlalchemy.url and DATABASE_URL, or under other names by `env` in mrt.toml), the settings and imports that it \
     needs, and whether the empty database wants a `bootstrap`",
    self.told()
)]
pub(crate) struct BrokenEnvironment {
    failure: Failure,
    printed: String,
}

impl BrokenEnvironment {
    /// The exception, its place, and the end of the traceback; or what was printed last.
    fn told(&self) -> String {
        let printed = self.printed.trim_end();
        let printed = if printed.is_empty() { String::new() } else { format!("\nit printed:\n{printed}") };
        match &self.failure {
            Failure::Raised(raised) => {
                let place = raised.place.as_ref().map_or_else(String::new, |place| format!(" ({place})"));
                format!("{}: {}{place}\n{}", raised.class, raised.message, raised.traceback.trim_end())
            }
            Failure::TimedOut { after, .. } => {
                format!("it does not end within {} s{printed}", after.as_secs_f64())
            }
            Failure::Died { how } => format!("it ends the Python process itself ({how}){printed}"),
        }
    }

    /// A file may not be read by the user as whom migrations run.
    pub(crate) fn is_about_permissions(&self) -> bool {
        matches!(&self.failure, Failure::Raised(raised) if raised.class == "PermissionError")
    }
}

impl CheckError {
    /// Whether the server is to blame, so that the cells that were under way are suspects, to be tried alone.
    pub(crate) fn speaks_of_server(&self) -> bool {
        match self {
            Self::Suspect { .. } => true,
            Self::Database(error) => {
                matches!(error, DatabaseError::ServerGone { .. }) || error.is_about_resources()
            }
            _ => false,
        }
    }

    /// Whether the server lives and is out of what it needs for our own work.
    pub(crate) fn is_about_resources(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_about_resources())
    }

    /// Whether a file or directory of ours cannot be made, as on a full disk.
    pub(crate) fn is_about_own_files(&self) -> bool {
        matches!(self, Self::Scratch { .. } | Self::Host(HostError::Scratch { .. }))
    }

    /// Whether trying again cannot help.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::CannotBeUndone { .. } | Self::NotPermitted { .. })
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
