//! Why nothing can be checked at all, and whose turn it is then.

use std::path::PathBuf;

use mrt_chain::graph::GraphError;

use crate::check::CheckError;
use crate::host::environment::EnvironmentError;
use crate::server::ServerError;

/// Why nothing can be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The revision files cannot be read as a chain.
    #[error("cannot read the chain of suite {suite}")]
    Chain {
        /// The suite.
        suite: String,
        /// Why.
        #[source]
        source: Box<GraphError>,
    },
    /// There is no Python to run the migrations with.
    #[error("cannot prepare the Python environment of suite {suite}")]
    Environment {
        /// The suite.
        suite: String,
        /// Why.
        #[source]
        source: Box<EnvironmentError>,
    },
    /// A server cannot be had.
    #[error("cannot get a server for {target}")]
    Server {
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: Box<ServerError>,
    },
    /// The engine refuses to work with the server.
    #[error("cannot use the server of {target}")]
    Database {
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: Box<crate::database::DatabaseError>,
    },
    /// A server that was given cannot be used.
    #[error("cannot use the server of {target}; check {origin}")]
    External {
        /// The target.
        target: String,
        /// Where its URL stands.
        origin: String,
        /// Why.
        #[source]
        source: Box<crate::database::DatabaseError>,
    },
    /// A server that was given is of another version than its target says.
    #[error("the server of {target} is {found}; name the target after it, or correct {origin}")]
    Version {
        /// The target.
        target: String,
        /// What the server is.
        found: String,
        /// Where its URL stands.
        origin: String,
    },
    /// There is no server for the target to be had from here.
    #[error("cannot check on {target} here: {why}")]
    Unable {
        /// The target.
        target: String,
        /// Why, and what can be done.
        why: String,
    },
    /// The project cannot be loaded, or its empty database cannot be prepared.
    #[error("cannot begin with suite {suite} on {target}")]
    Begin {
        /// The suite.
        suite: String,
        /// The target.
        target: String,
        /// Why.
        #[source]
        source: BeginError,
    },
    /// A working directory cannot be made.
    #[error("cannot make a working directory in {}", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Why the first step into a suite fails.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BeginError(pub(super) Box<CheckError>);

/// Whose turn it is when nothing can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    /// The settings or the project: exit code 2.
    Usage,
    /// The machine: exit code 3.
    Infrastructure,
}

impl RunError {
    /// Whose turn it is.
    pub fn exit_class(&self) -> ExitClass {
        match self {
            Self::Scratch { .. } => ExitClass::Infrastructure,
            Self::Database { source, .. } if source.is_about_resources() => ExitClass::Infrastructure,
            Self::Begin { source, .. } if !source.is_projects_own() => ExitClass::Infrastructure,
            // No Docker, no such image, no Python: something that the user has to provide.
            _ => ExitClass::Usage,
        }
    }

    /// Whether it is for who runs the machine to mend, and not for whose project it is.
    pub fn is_machines(&self) -> bool {
        match self {
            Self::Server { .. }
            | Self::Database { .. }
            | Self::External { .. }
            | Self::Unable { .. }
            | Self::Scratch { .. } => true,
            Self::Chain { .. } | Self::Environment { .. } | Self::Version { .. } | Self::Begin { .. } => {
                false
            }
        }
    }

    /// Whether it would be the same on every machine, so that nobody else needs to try.
    pub fn is_projects_own(&self) -> bool {
        match self {
            Self::Chain { .. } | Self::Version { .. } => true,
            Self::Begin { source, .. } => source.is_projects_own(),
            Self::Environment { .. }
            | Self::Server { .. }
            | Self::Database { .. }
            | Self::External { .. }
            | Self::Unable { .. }
            | Self::Scratch { .. } => false,
        }
    }
}

impl BeginError {
    fn is_projects_own(&self) -> bool {
        !self.0.speaks_of_server() && !self.0.is_about_own_files()
    }
}
