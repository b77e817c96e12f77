//! The migration host: who runs the migrations.
//!
//! A [`Host`] is a fork server: a Python process of the suite's own interpreter that has imported the project
//! for one slot and its one URL. It opens no connection itself; every [`Child`] forked from it runs the steps of
//! one cell and exits. The two sides speak length-prefixed JSON over a Unix socket of ours, never over stdout.
//!
//! The Python side is carried in this binary (`python/`) and written to the host's scratch directory. Its outermost
//! process guards the others: when the worker ends, however it ends, nothing of a migration is left running.

mod child;
pub mod environment;
mod error;
mod launch;
mod scratch;
mod server;
#[cfg(test)]
pub(crate) mod tests;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

pub use child::Child;
pub use error::HostError;
pub use server::{Host, Interpreter, Settled};

/// What a host needs to know of a suite and a slot.
#[derive(Debug, Clone)]
pub struct HostSettings {
    /// The interpreter of the suite's environment.
    pub interpreter: PathBuf,
    /// Working directory of the migrations: the suite's directory.
    pub dir: PathBuf,
    /// Alembic's settings file.
    pub alembic_file: PathBuf,
    /// Section of an ini file.
    pub section: String,
    /// Script directory, absolute.
    pub script_location: PathBuf,
    /// Directories of revision files, absolute.
    pub version_locations: Vec<PathBuf>,
    /// Revision files may stand in subdirectories.
    pub recursive: bool,
    /// Set `sqlalchemy.url` and `DATABASE_URL` to the URL.
    pub hand_over_url: bool,
    /// Further environment; `{url}` stands for the URL.
    pub env: BTreeMap<String, String>,
    /// `-x` arguments.
    pub x_arguments: Vec<String>,
    /// `module:callable` around each step.
    pub around: Option<String>,
    /// A private directory of this host's (scripts, socket, and the migrations' HOME and TMPDIR in it); removed by whoever
    /// made it.
    pub scratch: PathBuf,
    /// Largest file that a migration may write, bytes (bounds SQLite databases).
    pub max_file_bytes: u64,
    /// User and group as whom the interpreter and the migrations run, when the worker is root. They must be able to read the
    /// suite and the interpreter, to come to the scratch directory, and to write what they have to (SQLite databases).
    pub run_as: Option<(u32, u32)>,
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `upgrade`.
    Up,
    /// `downgrade`.
    Down,
}

/// A statement that a step sent to the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Statement {
    /// The SQL text, bounded.
    pub sql: String,
    /// Its parameters' texts, bounded; those of an executemany all in one list.
    pub parameters: Vec<String>,
    /// 1-based line of the revision's file from which it came, when it came from there.
    pub line: Option<u32>,
}

/// What the Python side knows of a table and the database need not know: the revision's own words, as it made the
/// table or used it. The default schema has no name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Fact {
    /// The table is made, so nothing that was known of one of its name holds any more.
    Created {
        /// Schema.
        schema: Option<String>,
        /// Table.
        table: String,
    },
    /// A column is renamed without a statement that says so: the table is built anew.
    Renamed {
        /// Schema.
        schema: Option<String>,
        /// Table.
        table: String,
        /// The column's old name.
        from: String,
        /// Its new one.
        to: String,
    },
    /// Which words a column takes.
    Labels {
        /// Schema.
        schema: Option<String>,
        /// Table.
        table: String,
        /// Column.
        column: String,
        /// The labels as they are stored; `None` when the column takes any from now on.
        labels: Option<Vec<String>>,
        /// The column was made or changed so; otherwise the table was read by way of such a model.
        made: bool,
    },
}

/// A fact and when it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The index of the statement that shows it.
    pub statement: usize,
    /// What.
    pub fact: Fact,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOutcome {
    /// What it sent to the database, in order, bounded.
    pub statements: Vec<Statement>,
    /// What these statements declare, in order, bounded.
    pub declared: Vec<Declared>,
    /// Statements may be missing from `statements`: the list was cut, or a raw driver cursor was used.
    pub opaque: bool,
    /// env.py came as far as the revision's own function, so that a failure is the revision's.
    pub reached: bool,
    /// What went wrong, if anything.
    pub failure: Option<Failure>,
    /// The last lines that the step printed, bounded.
    pub output: String,
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// An exception.
    Raised(Raised),
    /// It did not end within the limit and was killed.
    TimedOut {
        /// The limit.
        after: Duration,
        /// The statement on which it hung, when one was running.
        statement: Option<Statement>,
    },
    /// The process ended by itself (`os._exit`, a signal, out of memory).
    Died {
        /// `exit status 3`, `signal 9`.
        how: String,
    },
}

/// An exception out of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Raised {
    /// The exception's class, qualified: `sqlalchemy.exc.IntegrityError`.
    pub class: String,
    /// Its message; for a database error the driver's own words, without SQLAlchemy's decoration.
    pub message: String,
    /// It came from the database driver.
    pub from_database: bool,
    /// SQLSTATE or the driver's code, when there is one.
    pub code: Option<String>,
    /// The statement that was running.
    pub statement: Option<Statement>,
    /// 1-based line of the revision's file nearest to the exception.
    pub line: Option<u32>,
    /// The revision's own code raised it on purpose: a `raise` statement of the revision's file that is not
    /// inside an `except`, or NotImplementedError from anywhere.
    pub on_purpose: bool,
    /// Its class is one of those by which Python says that a value is not what was expected: ValueError, LookupError
    /// and what derives from them.
    pub about_value: bool,
    /// `file:line` of the project's own code nearest to the exception.
    pub place: Option<String>,
    /// The end of the traceback, bounded.
    pub traceback: String,
}

/// A revision as Alembic itself sees it, to cross-check our own reading.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SeenRevision {
    /// Its id.
    pub id: String,
    /// Its `down_revision`s, sorted.
    pub down: Vec<String>,
    /// Its resolved dependencies, sorted.
    pub depends_on: Vec<String>,
}

/// What runs the migrations, for the log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Versions {
    /// Python's.
    pub python: String,
    /// Alembic's.
    pub alembic: String,
    /// SQLAlchemy's.
    pub sqlalchemy: String,
    /// Of the SQLite library that Python uses, when it has one.
    pub sqlite: Option<String>,
}
