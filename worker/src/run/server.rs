//! The server of one target, through its lives: started, used again, replaced when it died, stopped or left for a look.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::RunError;
use super::directory::Directory;
use super::python::Interpreter;
use super::served::{Served, is_of, obstacle};
use crate::check::CheckError;
use crate::check::hosts::Hosts;
use crate::database::sqlite::{Owner, Sqlite};
use crate::database::{DatabaseError, Engine};
use crate::host::environment::tell_of_root;
use crate::server::{Endpoint, Launcher, Server, ServerError, Servers, external, random_token};
use mrt_chain::settings::{ServerSettings, Suite, Target};

/// Where an embedded engine has its files, in a target's directory.
const DATABASES: &str = "databases";

/// A target's server and the engine that speaks to it.
pub(super) struct Running {
    target: Target,
    engine: Arc<dyn Engine>,
    /// `None` where the engine is embedded.
    server: Option<Server>,
    launcher: Option<Launcher>,
    /// Databases of embedded engines, scratch directories of hosts.
    directory: Directory,
    run_as: Option<(u32, u32)>,
    shards: usize,
    /// Of the first shard, started beside the server.
    ahead: Option<Hosts>,
    /// Databases on it were kept for a look.
    pub(super) holds_kept: bool,
    /// Servers that were left for that before this one.
    left: Vec<String>,
}

/// Why a server cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the server is {found}")]
    Version { found: String },
    #[error("{why}")]
    Unable { why: String },
    #[error("cannot make a working directory in {}", path.display())]
    Scratch { path: PathBuf, source: std::io::Error },
}

impl StartError {
    pub(super) fn for_target(self, target: &Target) -> RunError {
        let origin = match &target.server {
            ServerSettings::External { url_env: Some(name), .. } => Some(format!("the URL in ${name}")),
            ServerSettings::External { .. } => Some("its `url` in mrt.toml".to_owned()),
            ServerSettings::Docker { .. } | ServerSettings::Embedded => None,
        };
        let target = target.name.clone();
        match self {
            Self::Server(source) => RunError::Server { target, source: Box::new(source) },
            Self::Database(source) => {
                let source = Box::new(source);
                match origin {
                    Some(origin) => RunError::External { target, origin, source },
                    None => RunError::Database { target, source },
                }
            }
            Self::Version { found } => {
                RunError::Version { target, found, origin: origin.unwrap_or_default() }
            }
            Self::Unable { why } => RunError::Unable { target, why },
            Self::Scratch { path, source } => RunError::Scratch { path, source },
        }
    }
}

impl Running {
    /// Starts what a target needs, and beside it this many interpreters of the suite that comes first. `launcher` starts
    /// servers of ours.
    pub(super) async fn start(
        target: &Target,
        launcher: Option<Launcher>,
        (suite, python): (&Arc<Suite>, &Interpreter),
        slots: usize,
    ) -> Result<Self, StartError> {
        let (directory, run_as) = directory(python)?;
        let opening = open(target, launcher.as_ref(), directory.path(), run_as);
        let ahead = hosts_ahead(directory.path(), target, suite, python, slots, run_as);
        // Without a server nobody waits for them.
        let ((engine, server), (ahead, run_as)) = tokio::try_join!(opening, async { Ok(ahead.await) })?;
        Ok(Self {
            target: target.clone(),
            engine,
            server,
            launcher,
            directory,
            run_as,
            shards: 1,
            ahead,
            holds_kept: false,
            left: Vec::new(),
        })
    }

    /// Makes what does not belong to the server anew, for a unit that has nothing to do with the one before.
    pub(super) fn begin_again(
        &mut self,
        launcher: Option<Launcher>,
        python: &Interpreter,
    ) -> Result<(), StartError> {
        self.launcher = launcher;
        (self.directory, self.run_as) = directory(python)?;
        self.ahead = None;
        Ok(())
    }

    /// Whether it is worth keeping: files cost nothing to make anew, and what is not ours may be changed meanwhile.
    pub(super) fn can_wait(&self) -> bool {
        matches!(&self.server, Some(server) if server.is_ours() && !server.is_old())
    }

    pub(super) fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
    }

    /// `PostgreSQL 15.18`.
    pub(super) fn description(&self) -> String {
        description(&self.target, &*self.engine)
    }

    /// Whether the server is one that we started, so that it may be taken down and replaced.
    pub(super) fn is_ours(&self) -> bool {
        self.server.as_ref().is_none_or(Server::is_ours)
    }

    pub(super) fn run_as(&self) -> Option<(u32, u32)> {
        self.run_as
    }

    /// Migrations run as the user that we are, from now on.
    pub(super) fn run_as_ourselves(&mut self, why: &str) {
        tell_of_root("migrations run", why);
        self.run_as = None;
    }

    /// The hosts of the next shard.
    pub(super) fn hosts(&mut self, suite: &Arc<Suite>, python: &Path) -> Result<Hosts, CheckError> {
        if let Some(hosts) = self.ahead.take() {
            return Ok(hosts);
        }
        self.shards += 1;
        let directory = self.directory.path();
        hosts(directory, self.shards, &self.target, suite, python, self.run_as)
            .map_err(|source| CheckError::Scratch { path: directory.to_owned(), source })
    }

    /// Replaces the server by a fresh one, and leaves one with databases that are kept for a look. An external one
    /// can only be looked at.
    pub(super) async fn fresh(&mut self) -> Result<(), StartError> {
        if !self.is_ours() {
            return self.engine.ping().await.map_err(|_| ServerError::Lost.into());
        }
        match self.server.take() {
            Some(server) if std::mem::take(&mut self.holds_kept) => self.left.push(server.leave().await),
            Some(server) => server.stop().await?,
            // What was left in the files may be what filled the disk.
            None if !self.holds_kept => {
                let path = self.directory.path().join(DATABASES);
                fs::remove_dir_all(&path).map_err(|source| StartError::Scratch { path, source })?;
            }
            None => {}
        }
        let (engine, server) =
            open(&self.target, self.launcher.as_ref(), self.directory.path(), self.run_as).await?;
        self.engine = engine;
        self.server = server;
        Ok(())
    }

    /// What is known of the server's end, with its last words.
    pub(super) async fn why_died(&self) -> String {
        let death = match &self.server {
            Some(server) => server.why_died().await,
            None => Ok(None),
        };
        match death {
            Ok(Some(death)) => death.to_string(),
            Err(error) => error.to_string(),
            Ok(None) => match self.engine.ping().await {
                Ok(()) => "the server is running".to_owned(),
                Err(error) => error.to_string(),
            },
        }
    }

    /// Whether the server did not end by itself: somebody took it away (an eviction, a node that is drained), or who could
    /// say does not answer. Then its end is no word about what ran on it.
    pub(super) async fn was_taken(&self) -> bool {
        match &self.server {
            Some(server) => match server.why_died().await {
                Ok(Some(ServerError::Died { death, .. })) => death.taken.is_some(),
                Ok(_) => false,
                Err(_) => true,
            },
            None => false,
        }
    }

    /// How the server ended, in words that are the same each time.
    pub(super) async fn how_died(&self) -> String {
        let death = match &self.server {
            Some(server) => server.why_died().await.ok().flatten(),
            None => None,
        };
        match death {
            Some(ServerError::Died { death, .. }) => format!("the server ended: {}", death.how()),
            _ => "the server ended every session".to_owned(),
        }
    }

    /// Takes the server down, and with it everything that was made for the run.
    pub(super) async fn stop(self) {
        if let Err(error) = self.engine.close().await {
            tracing::warn!("cannot take away what was made on the server of {}: {error}", self.target.name);
        }
        if let Some(server) = &self.server
            && let Err(error) = server.stop().await
        {
            tracing::warn!("cannot remove the server of {}: {error}", self.target.name);
        }
    }

    /// Leaves the server and its databases for a look, and says what to remove afterwards.
    pub(super) async fn leave(self) -> String {
        let directory = self.directory.keep();
        let mut left = self.left;
        left.push(match self.server {
            Some(server) => server.leave().await,
            None => format!("directory {}", directory.display()),
        });
        left.join(", ")
    }
}

async fn open(
    target: &Target,
    launcher: Option<&Launcher>,
    directory: &Path,
    run_as: Option<(u32, u32)>,
) -> Result<(Arc<dyn Engine>, Option<Server>), StartError> {
    let Some(served) = Served::of(target.engine) else {
        let files = directory.join(DATABASES);
        let owner = run_as.map(|(uid, gid)| Owner { uid, gid });
        return Ok((Arc::new(Sqlite::open(&files, target, owner).await?), None));
    };
    if let Some(why) = obstacle(target) {
        return Err(StartError::Unable { why });
    }
    if let ServerSettings::External { url, url_env } = &target.server {
        let endpoint = external::endpoint(target.engine, url.as_deref(), url_env.as_deref())?;
        let engine = served.open(endpoint.clone(), target).await?;
        // The report would speak of a version that nothing was checked on.
        if target.version.as_deref().is_some_and(|asked| !is_of(target.engine, asked, engine.version())) {
            return Err(StartError::Version { found: description(target, &*engine) });
        }
        return Ok((engine, Some(Server::External(endpoint))));
    }
    let launcher = match launcher {
        Some(launcher) => launcher.clone(),
        None => Servers::default().launcher().await?,
    };
    let launch = served.launch(target, random_token()?);
    let ready = |endpoint: Endpoint| async move { served.ready(&endpoint).await.map_err(Into::into) };
    let server = launcher.start(&launch, ready).await?;
    let engine = served.open(server.endpoint().clone(), target).await?;
    Ok((engine, Some(server)))
}

fn description(target: &Target, engine: &dyn Engine) -> String {
    format!("{} {}", target.engine.title(), engine.version())
}

/// Whether a target's server is one of ours, in a container or a Pod.
pub(super) fn is_started(target: &Target) -> bool {
    matches!(target.server, ServerSettings::Docker { .. })
}

/// A working directory, and the user as whom migrations run in it.
fn directory(python: &Interpreter) -> Result<(Directory, Option<(u32, u32)>), StartError> {
    let root = std::env::temp_dir();
    let directory = Directory::make(&root).map_err(|source| StartError::Scratch { path: root, source })?;
    let is_private = python.is_private.load(Ordering::Relaxed);
    let run_as = if is_private { None } else { python.run_as };
    if run_as.is_some() {
        // To be gone through: what lies in it is given away piece by piece, and never the place of it.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711))
            .map_err(|source| StartError::Scratch { path: directory.path().to_owned(), source })?;
    }
    Ok((directory, run_as))
}

/// The hosts of the first shard, with interpreters that start while the server does. Where the suite's cannot be run by
/// nobody (often it lies in a home directory that only we may read), migrations run as the user that we are, if it is our own
/// user's.
async fn hosts_ahead(
    directory: &Path,
    target: &Target,
    suite: &Arc<Suite>,
    python: &Interpreter,
    slots: usize,
    mut run_as: Option<(u32, u32)>,
) -> (Option<Hosts>, Option<(u32, u32)>) {
    loop {
        // What keeps them from starting is told when they are needed.
        let Ok(hosts) = hosts(directory, 1, target, suite, &python.path, run_as) else {
            return (None, run_as);
        };
        match hosts.start_ahead(slots).await {
            Err(error) if run_as.is_some() && python.is_own => {
                tell_of_root("migrations run", &error.in_full());
                run_as = None;
            }
            Ok(()) | Err(_) => return (Some(hosts), run_as),
        }
    }
}

/// The hosts of a target's `number`th shard, with a private directory.
fn hosts(
    directory: &Path,
    number: usize,
    target: &Target,
    suite: &Arc<Suite>,
    python: &Path,
    run_as: Option<(u32, u32)>,
) -> std::io::Result<Hosts> {
    let name: String = suite.name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    let path = directory.join(format!("hosts-{name}-{number}"));
    fs::create_dir_all(&path)?;
    if run_as.is_some() {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?;
    }
    Ok(Hosts::new(suite, target, python.to_owned(), path, run_as))
}
