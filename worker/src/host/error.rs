//! What can go wrong with the host itself. What goes wrong in a migration is a [`super::Failure`].

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::wire::LoadFailure;

/// The host cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no such interpreter.
    #[error(
        "there is no Python interpreter {}: set `python` in mrt.toml, or pass --python", interpreter.display()
    )]
    NoInterpreter {
        /// The path.
        interpreter: PathBuf,
    },
    /// The interpreter cannot be started.
    #[error("cannot start {}", interpreter.display())]
    Spawn {
        /// The path.
        interpreter: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The private directory cannot be used.
    #[error("cannot {action} {}", path.display())]
    Scratch {
        /// `create`, `write`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The interpreter ended before it loaded the project.
    #[error("{} ended at once ({how}){}", interpreter.display(), quoted(printed))]
    EndedAtOnce {
        /// The path.
        interpreter: PathBuf,
        /// Its exit status.
        how: String,
        /// The last lines that it printed.
        printed: String,
    },
    /// Loading the project takes too long.
    #[error("loading the migrations of {} took longer than {limit:?}{}", dir.display(), quoted(printed))]
    LoadTimedOut {
        /// The suite's directory.
        dir: PathBuf,
        /// The limit.
        limit: Duration,
        /// The last lines that it printed.
        printed: String,
    },
    /// The interpreter has no Alembic.
    #[error(
        "alembic is not installed in {}: pip install alembic there, or pass --python / set `python` in mrt.toml",
        interpreter.display()
    )]
    NoAlembic {
        /// The path.
        interpreter: PathBuf,
    },
    /// A file of the suite is not there.
    #[error("{} does not exist, and the migrations need it", path.display())]
    Missing {
        /// The file or directory.
        path: PathBuf,
    },
    /// The user as whom migrations run may not read what they need.
    #[error(
        "{} cannot be read by user {uid}, as whom the migrations run: make it and the directories above it \
         readable for everyone (chmod a+rX), or move it",
        path.display()
    )]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// The user.
        uid: u32,
    },
    /// The project's own files do not load.
    #[error("cannot {what}: {message}{}\n{traceback}", place(file.as_deref(), *line))]
    Load {
        /// What was tried.
        what: String,
        /// The exception.
        message: String,
        /// Where, when it is known.
        file: Option<String>,
        /// 1-based line.
        line: Option<u32>,
        /// The end of the traceback.
        traceback: String,
    },
    /// The fork server is gone.
    #[error("the Python process that holds the project ended ({how}){}", quoted(printed))]
    Ended {
        /// Its exit status.
        how: String,
        /// The last lines that it printed.
        printed: String,
    },
    /// A child could not be made.
    #[error("cannot start a process for the migrations: {0}")]
    Fork(String),
    /// A child that is over, or whose last step was abandoned, was asked for a step.
    #[error("the process of these migrations has ended already, or was left in the middle of a step")]
    ChildOver,
    /// A child survives being killed.
    #[error("a process of the migrations could not be killed within {limit:?}")]
    Unkillable {
        /// The limit.
        limit: Duration,
    },
    /// The other side says what it should not.
    #[error("the migration host and its Python process do not understand each other: {0}")]
    Protocol(String),
}

impl HostError {
    pub(super) fn of_load(failure: LoadFailure, interpreter: &std::path::Path) -> Self {
        match failure {
            LoadFailure::NoAlembic => Self::NoAlembic { interpreter: interpreter.to_owned() },
            LoadFailure::Unreadable { path, exists: false, .. } => Self::Missing { path: path.into() },
            LoadFailure::Unreadable { path, uid, exists: true } => {
                Self::Unreadable { path: path.into(), uid }
            }
            LoadFailure::Project { what, message, file, line, traceback } => {
                Self::Load { what, message, file, line, traceback: traceback.trim_end().to_owned() }
            }
        }
    }
}

/// Printed lines behind a message.
fn quoted(printed: &str) -> String {
    let printed = printed.trim_end();
    if printed.is_empty() { String::new() } else { format!(", its last words:\n{printed}") }
}

fn place(file: Option<&str>, line: Option<u32>) -> String {
    match (file, line) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        (Some(file), None) => format!(" ({file})"),
        _ => String::new(),
    }
}
