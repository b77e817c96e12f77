//! The server of one target, through its lives: started, replaced when it died, stopped or left for a look.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mrt_chain::settings::{EngineKind, ServerSettings, Target};
use tempfile::TempDir;

use super::RunError;
use crate::check::CheckError;
use crate::database::postgres::{self, Postgres};
use crate::database::sqlite::Sqlite;
use crate::database::{DatabaseError, Engine};
use crate::server::docker::{Container, Docker};
use crate::server::{Endpoint, ServerError, external, random_password};

/// A target's server and the engine that speaks to it.
pub(super) struct Running {
    target: Target,
    engine: Arc<dyn Engine>,
    kind: Kind,
    /// Databases of embedded engines, scratch directories of hosts.
    directory: TempDir,
    run_as: Option<(u32, u32)>,
    shards: usize,
}

enum Kind {
    Container { docker: Docker, container: Container },
    External,
    Embedded,
}

/// Why a server cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot make a working directory in {}", path.display())]
    Scratch { path: PathBuf, source: std::io::Error },
    #[error("an external server was lost, and mrt cannot start another one")]
    External,
}

impl StartError {
    pub(super) fn for_target(self, target: &Target) -> RunError {
        let target = target.name.clone();
        match self {
            Self::Server(source) => RunError::Server { target, source },
            Self::Database(source) => RunError::Database { target, source },
            Self::Scratch { path, source } => RunError::Scratch { path, source },
            Self::External => RunError::NothingSelected { suite: String::new(), target },
        }
    }
}

impl Running {
    /// Starts what a target needs.
    pub(super) async fn start(target: &Target) -> Result<Self, StartError> {
        let root = std::env::temp_dir();
        let directory = tempfile::Builder::new()
            .prefix("mrt-")
            .tempdir()
            .map_err(|source| StartError::Scratch { path: root, source })?;
        let run_as = unprivileged(directory.path())?;
        let (engine, kind) = open(target, directory.path(), run_as).await?;
        Ok(Self { target: target.clone(), engine, kind, directory, run_as, shards: 0 })
    }

    pub(super) fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
    }

    /// `PostgreSQL 15.18`.
    pub(super) fn description(&self) -> String {
        let name = match self.target.engine {
            EngineKind::Sqlite => "SQLite",
            EngineKind::Postgres => "PostgreSQL",
        };
        format!("{name} {}", self.engine.version())
    }

    /// Whether the server is one that we started, so that it may be taken down and replaced.
    pub(super) fn is_ours(&self) -> bool {
        !matches!(self.kind, Kind::External)
    }

    pub(super) fn run_as(&self) -> Option<(u32, u32)> {
        self.run_as
    }

    /// A private directory for the hosts of one shard.
    pub(super) fn scratch(&mut self, suite: &str) -> Result<PathBuf, CheckError> {
        self.shards += 1;
        let name: String = suite.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
        let path = self.directory.path().join(format!("hosts-{name}-{}", self.shards));
        make(&path, self.run_as).map_err(|source| CheckError::Scratch { path: path.clone(), source })?;
        Ok(path)
    }

    /// Replaces the server by a fresh one. An external one can only be looked at.
    pub(super) async fn fresh(&mut self) -> Result<(), StartError> {
        match &self.kind {
            Kind::External => return self.engine.ping().await.map_err(|_| StartError::External),
            Kind::Container { container, .. } => container.stop().await?,
            Kind::Embedded => {}
        }
        let (engine, kind) = open(&self.target, self.directory.path(), self.run_as).await?;
        self.engine = engine;
        self.kind = kind;
        Ok(())
    }

    /// What is known of the server's end, with its last words.
    pub(super) async fn why_died(&self) -> String {
        match &self.kind {
            Kind::Container { container, .. } => match container.why_died().await {
                Some(why) => why,
                None => "the server is still running".to_owned(),
            },
            Kind::External | Kind::Embedded => match self.engine.ping().await {
                Ok(()) => "the server answers".to_owned(),
                Err(error) => error.to_string(),
            },
        }
    }

    /// Takes the server down, and with it everything that was made for the run.
    pub(super) async fn stop(self) {
        self.engine.close().await;
        if let Kind::Container { container, .. } = &self.kind
            && let Err(error) = container.stop().await
        {
            tracing::warn!("cannot remove the container of {}: {error}", self.target.name);
        }
    }

    /// Leaves the server and its databases for a look, and says how to get rid of them.
    pub(super) async fn leave(self) -> Option<String> {
        match self.kind {
            Kind::Container { container, .. } => container.keep().await.ok(),
            Kind::External => Some("the databases named mrt_* on the external server".to_owned()),
            Kind::Embedded => Some(self.directory.keep().display().to_string()),
        }
    }
}

async fn open(
    target: &Target,
    directory: &Path,
    run_as: Option<(u32, u32)>,
) -> Result<(Arc<dyn Engine>, Kind), StartError> {
    match (&target.server, target.engine) {
        (_, EngineKind::Sqlite) => {
            let files = directory.join("databases");
            make(&files, run_as).map_err(|source| StartError::Scratch { path: files.clone(), source })?;
            Ok((Arc::new(Sqlite::open(&files, target, run_as).await?), Kind::Embedded))
        }
        (ServerSettings::External { url, url_env }, EngineKind::Postgres) => {
            let endpoint = external::endpoint(url.as_deref(), url_env.as_deref())?;
            Ok((Arc::new(Postgres::open(endpoint, target, true).await?), Kind::External))
        }
        (_, EngineKind::Postgres) => {
            let docker = Docker::connect().await?;
            docker.sweep().await?;
            let launch = postgres::launch(target, random_password());
            let ready = |endpoint: &Endpoint| {
                let endpoint = endpoint.clone();
                async move { postgres::ready(&endpoint).await }
            };
            let container = docker.start(&launch, ready).await?;
            let engine = Postgres::open(container.endpoint(), target, false).await?;
            Ok((Arc::new(engine), Kind::Container { docker, container }))
        }
    }
}

/// The user as whom migrations run: ourselves, or, where we are root, nobody.
fn unprivileged(directory: &Path) -> Result<Option<(u32, u32)>, StartError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    let nobody = nix::unistd::User::from_name("nobody").ok().flatten();
    let Some(user) = nobody else { return Ok(None) };
    let ids = (user.uid.as_raw(), user.gid.as_raw());
    std::os::unix::fs::chown(directory, Some(ids.0), Some(ids.1))
        .map_err(|source| StartError::Scratch { path: directory.to_owned(), source })?;
    Ok(Some(ids))
}

fn make(path: &Path, owner: Option<(u32, u32)>) -> std::io::Result<()> {
    std::fs::create_dir_all(path)?;
    if let Some((uid, gid)) = owner {
        std::os::unix::fs::chown(path, Some(uid), Some(gid))?;
    }
    Ok(())
}
