//! Why there is no Python for a suite.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mrt_chain::settings::EngineKind;

use crate::shelf::ShelfError;

/// No Python for a suite.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The interpreter of the settings is not there.
    #[error(
        "there is no Python interpreter {}: correct `python` in mrt.toml or --python, or leave it out",
        interpreter.display()
    )]
    NoInterpreter {
        /// As the settings have it.
        interpreter: PathBuf,
    },
    /// Nothing to make an environment with.
    #[error(
        "neither python3 nor uv is on the PATH: install Python 3.8 or newer (apt install python3 python3-venv, \
         brew install python) or uv, or name an interpreter (`python` in mrt.toml, --python)"
    )]
    NoPython,
    /// A program cannot be started.
    #[error("cannot start {}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that does not behave like Python.
    #[error("{} does not work as a Python interpreter:\n{printed}", interpreter.display())]
    NotPython {
        /// The program.
        interpreter: PathBuf,
        /// Its last lines.
        printed: String,
    },
    /// No Alembic.
    #[error(
        "alembic is not installed in {}: pip install alembic there, or pass --python / set `python` in mrt.toml",
        interpreter.display()
    )]
    NoAlembic {
        /// The interpreter.
        interpreter: PathBuf,
    },
    /// No driver for a target.
    #[error(
        "{module} is not installed in {}, so its migrations cannot reach {engine}: pip install '{package}' there, \
         or name the driver that the project uses (`drivers` in mrt.toml)",
        interpreter.display()
    )]
    NoDriver {
        /// The interpreter.
        interpreter: PathBuf,
        /// The module that is missing.
        module: String,
        /// The package that brings it.
        package: String,
        /// For which engine.
        engine: EngineKind,
    },
    /// A file or directory cannot be used.
    #[error("cannot {action} {}", path.display())]
    Files {
        /// `read`, `create`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program that takes for ever.
    #[error("{} does not end: it was ended after {} s", program.display(), limit.as_secs())]
    TooLong {
        /// The program.
        program: PathBuf,
        /// How long it was let.
        limit: Duration,
    },
    /// The environment cannot be made.
    #[error(
        "cannot {action} ({program} ended with {how}); correct what its last lines name, or pass --python with an \
         interpreter that has everything:\n{printed}"
    )]
    Failed {
        /// `install alembic`.
        action: String,
        /// `uv`, `pip`.
        program: String,
        /// Its exit status.
        how: String,
        /// Its last lines.
        printed: String,
    },
}

impl EnvironmentError {
    pub(super) fn of_program(program: &Path, limit: Duration) -> impl FnOnce(io::Error) -> Self {
        let program = program.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::TimedOut => Self::TooLong { program, limit },
            _ => Self::NotStarted { program, source },
        }
    }

    /// Somebody with more rights may have more luck.
    pub(super) fn may_be_for_want_of_rights(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::NotPython { .. } | Self::Failed { .. })
    }
}

impl From<ShelfError> for EnvironmentError {
    fn from(error: ShelfError) -> Self {
        let ShelfError { action, path, source } = error;
        Self::Files { action, path, source }
    }
}

pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EnvironmentError {
    let path = path.to_owned();
    move |source| EnvironmentError::Files { action, path, source }
}
