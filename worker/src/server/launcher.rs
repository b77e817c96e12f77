//! Who starts servers of ours: a container engine, or a cluster.

use std::error::Error;
use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::time::Duration;

use super::docker::Docker;
use super::kubernetes::Kubernetes;
use super::{Endpoint, Launch, Server, ServerError};

/// How often containers are removed that dead workers of this machine have left.
const SWEEP: Duration = Duration::from_secs(15);

/// Where servers of ours come from.
#[derive(Debug, Clone, Default)]
pub enum Servers {
    /// From whichever container engine is found when one is needed.
    #[default]
    Docker,
    /// From a cluster, in Pods.
    Kubernetes(Kubernetes),
}

/// Who starts servers, once found. Clones share what they have started.
#[derive(Debug, Clone)]
pub enum Launcher {
    /// A container engine.
    Docker(Docker),
    /// A cluster.
    Kubernetes(Kubernetes),
}

/// Who is told what a start waits for, each time that this is something else: room in a cluster, an image.
#[derive(Clone)]
pub struct Tell(Arc<dyn Fn(&str) + Send + Sync>);

impl Tell {
    /// Calls `tell` with what is waited for, in words that go on from `starting postgres:16: `.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Says what is waited for now.
    pub(super) fn waits(&self, what: &str) {
        (self.0)(what);
    }
}

impl Default for Tell {
    /// Nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Tell")
    }
}

impl Servers {
    /// Finds who starts them.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn launcher(&self) -> Result<Launcher, ServerError> {
        Ok(match self {
            Self::Docker => Launcher::Docker(Docker::connect().await?),
            Self::Kubernetes(cluster) => Launcher::Kubernetes(cluster.clone()),
        })
    }

    /// How long to wait from one sweep to the next.
    pub fn sweeps_every(&self) -> Duration {
        match self {
            Self::Docker => SWEEP,
            Self::Kubernetes(cluster) => cluster.sweeps_every(),
        }
    }

    /// Whether who starts them answers now.
    ///
    /// # Errors
    /// When not.
    pub async fn answers(&self) -> Result<(), ServerError> {
        match self {
            Self::Docker => Docker::connect().await.map(drop),
            Self::Kubernetes(cluster) => cluster.answers().await,
        }
    }
}

impl Launcher {
    /// The same launcher, which tells this one what its starts wait for.
    #[must_use]
    pub fn telling(self, tell: Tell) -> Self {
        match self {
            Self::Docker(docker) => Self::Docker(docker.telling(tell)),
            Self::Kubernetes(cluster) => Self::Kubernetes(cluster.telling(tell)),
        }
    }

    /// Starts a server and waits until `ready` (a login and a first query) says that it can be used.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn start<Ready, Attempt>(&self, launch: &Launch, ready: Ready) -> Result<Server, ServerError>
    where
        Ready: Fn(Endpoint) -> Attempt + Send + Sync,
        Attempt: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send,
    {
        Ok(match self {
            Self::Docker(docker) => Server::Container(docker.start(launch, ready).await?),
            Self::Kubernetes(cluster) => Server::Pod(cluster.start(launch, ready).await?),
        })
    }

    /// Removes what was started by those who are no more, and says how much that was: what cleans up after `kill -9`.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn sweep(&self) -> Result<usize, ServerError> {
        match self {
            Self::Docker(docker) => docker.sweep().await,
            Self::Kubernetes(cluster) => cluster.sweep().await,
        }
    }

    /// Removes everything that this value and its clones have started: the way out.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove_owned(&self) -> Result<(), ServerError> {
        match self {
            Self::Docker(docker) => docker.remove_owned().await,
            Self::Kubernetes(cluster) => cluster.remove_owned().await,
        }
    }
}
