//! The host as the worker sees it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::child::Scouted;
use super::launch::{Server, Starting};
use super::{Child, HostError, HostSettings, SeenRevision, StepOutcome, Versions};

/// A Python process on its way to be a [`Host`]: it imports what every project needs, which takes a while and can be
/// done before there is a database. Dropped, its processes die.
#[derive(Debug)]
pub struct Interpreter {
    settings: HostSettings,
    starting: Starting,
}

impl Interpreter {
    /// Starts the interpreter.
    pub async fn start(mut settings: HostSettings) -> Result<Self, HostError> {
        // It is started in another directory than ours.
        settings.interpreter = std::path::absolute(&settings.interpreter)
            .map_err(|source| HostError::Spawn { interpreter: settings.interpreter.clone(), source })?;
        let starting = Starting::spawn(&settings, false).await?;
        Ok(Self { settings, starting })
    }
}

/// A project, loaded for one slot and its one URL. Dropped, all its processes die.
#[derive(Debug)]
pub struct Host {
    settings: HostSettings,
    /// The URL of the slot's database, the same for the host's whole life.
    url: String,
    /// The chain as Alembic itself sees it.
    pub revisions: Vec<SeenRevision>,
    /// What runs the migrations.
    pub versions: Versions,
    current: Mutex<Current>,
}

/// The fork server in use.
#[derive(Debug)]
struct Current {
    server: Arc<Server>,
    /// Each child loads the project itself.
    lazy: bool,
    /// The next child.
    spare: Option<Spare>,
}

/// A child that nobody has asked for yet.
#[derive(Debug)]
struct Spare(JoinHandle<Result<Child, HostError>>);

impl Drop for Spare {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What [`Host::settle`] showed.
#[derive(Debug)]
pub struct Settled {
    /// The name of the table in which env.py keeps the version, if it came as far as to say so.
    pub version_table: Option<String>,
    /// What it raised.
    pub raised: Option<String>,
}

impl Host {
    /// Loads the project. One that cannot be forked safely is loaded by each child instead.
    pub async fn load(interpreter: Interpreter, url: String) -> Result<Self, HostError> {
        let Interpreter { settings, starting } = interpreter;
        let (mut server, ready) = starting.load(&settings, &url).await?;
        let lazy = ready.unsafe_to_fork.is_some();
        if let Some(reason) = ready.unsafe_to_fork {
            tracing::warn!(
                suite = %settings.dir.display(),
                "{reason}, so each process of its migrations imports it anew: this is slower"
            );
            server.close().await;
            server = Server::start(&settings, &url, true).await?.0;
        }
        let (revisions, versions) = (ready.revisions, ready.versions);
        let current = Current { server: Arc::new(server), lazy, spare: None };
        Ok(Self { settings, url, revisions, versions, current: Mutex::new(current) })
    }

    /// Lets a scout run `env.py` with no step, and imports what it imported into the fork server, so that the next
    /// children need not. The scout connects to the database, which should be an empty one. A project that does not
    /// like it is no error; it stays as it was.
    pub async fn warm_up(&self, limit: Duration) -> Result<(), HostError> {
        let deadline = Instant::now() + limit;
        let mut current = self.current.lock().await;
        if current.lazy {
            return Ok(());
        }
        current.spare = None;
        let mut scout = current.fork().await?;
        let Scouted { modules, error, .. } = scout.scout(limit).await?;
        scout.end().await?;
        if let Some(error) = error {
            tracing::debug!(suite = %self.settings.dir.display(), "env.py with no step: {error}");
        }
        if modules.is_empty() {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let reason = match current.server.import(&modules, left).await? {
            Some(imported) => {
                tracing::debug!(suite = %self.settings.dir.display(), modules = imported.count, "warmed up");
                imported.unsafe_to_fork
            }
            None => Some(format!("importing them took longer than {left:?}")),
        };
        if let Some(reason) = reason {
            tracing::warn!(
                suite = %self.settings.dir.display(),
                "what env.py imports late stays with each process of its migrations: {reason}"
            );
            current.server.close().await;
            current.server = Arc::new(Server::start(&self.settings, &self.url, false).await?.0);
        }
        Ok(())
    }

    /// A fresh process for one cell's steps.
    pub async fn child(&self) -> Result<Child, HostError> {
        let mut current = self.current.lock().await;
        let mut ready = None;
        if let Some(mut spare) = current.spare.take() {
            // One that ended while it waited, or that never came to be, says nothing about the next.
            ready = match (&mut spare.0).await {
                Ok(Ok(mut child)) => (!child.has_ended()).then_some(child),
                Ok(Err(_)) | Err(_) => None,
            };
        }
        match ready {
            Some(child) => Ok(child),
            None => current.fork().await,
        }
    }

    /// Forks the next child, if that is not so already. To be called while nobody waits for this host: forking takes
    /// its share of the processors.
    pub async fn fork_ahead(&self) {
        let mut current = self.current.lock().await;
        if current.spare.is_none() {
            let server = Arc::clone(&current.server);
            current.spare = Some(Spare(tokio::spawn(fork(server))));
        }
    }

    /// Calls `module:callable` with the database's URL, in a process of its own.
    pub async fn bootstrap(&self, callable: &str, limit: Duration) -> Result<StepOutcome, HostError> {
        let mut child = self.child().await?;
        let outcome = child.bootstrap(callable, limit).await?;
        child.end().await?;
        Ok(outcome)
    }

    /// Runs `env.py` with no step, in a process of its own, for what it does to the database by itself.
    pub async fn settle(&self, limit: Duration) -> Result<Settled, HostError> {
        let mut child = self.child().await?;
        let Scouted { version_table, error, .. } = child.scout(limit).await?;
        child.end().await?;
        Ok(Settled { version_table, raised: error })
    }

    /// Ends all processes of the project and waits until they are gone.
    pub async fn close(self) {
        let mut current = self.current.lock().await;
        current.spare = None;
        current.server.close().await;
    }
}

impl Current {
    async fn fork(&self) -> Result<Child, HostError> {
        fork(Arc::clone(&self.server)).await
    }
}

async fn fork(server: Arc<Server>) -> Result<Child, HostError> {
    let forked = server.fork().await?;
    Ok(Child::new(server, forked))
}
