//! One container with one server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bollard::errors::Error;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    LogsOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;

use super::engine::Engine;
use crate::server::owner::LIFE;
use crate::server::{Death, Endpoint, ServerError};

/// A connection breaks a moment before the engine knows that the container has ended.
const NOTICE: Duration = Duration::from_secs(1);
/// Logs longer than this help nobody.
const LOG_BYTES: usize = 16 * 1024;
/// Lines of the log that go into an error.
pub(super) const LOG_LINES: usize = 20;

/// A container that runs a server of ours.
///
/// End it with [`Container::stop`]. Dropping it asks for its removal without waiting; what that misses is found by
/// [`super::Docker::remove_owned`] and by the next start's [`super::Docker::sweep`].
#[derive(Debug)]
pub struct Container {
    engine: Arc<Engine>,
    name: String,
    image: String,
    endpoint: Endpoint,
    born: Instant,
    removed: AtomicBool,
}

impl Container {
    pub(super) fn new(engine: Arc<Engine>, name: String, image: String, endpoint: Endpoint) -> Self {
        Self { engine, name, image, endpoint, born: Instant::now(), removed: AtomicBool::new(false) }
    }

    pub(super) fn listens_at(&mut self, host: String, port: u16) {
        (self.endpoint.host, self.endpoint.port) = (host, port);
    }

    /// Where the server listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The container's name, with which a person can look at it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it nears the age at which another machine may take it for abandoned. Replace it between shards.
    pub fn is_old(&self) -> bool {
        self.born.elapsed() > LIFE / 2
    }

    /// Whether its first process runs.
    pub async fn is_running(&self) -> Result<bool, ServerError> {
        let inspected = self.inspect().await?;
        Ok(inspected.and_then(|it| it.state?.running).unwrap_or(false))
    }

    /// How the container ended, or `None` when it has not. To be asked after a connection broke.
    pub async fn why_died(&self) -> Result<Option<ServerError>, ServerError> {
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut ended = std::pin::pin!(self.engine.client().wait_container(&self.name, Some(options)));
        // The outcome is read below; this only waits for it.
        let _ = tokio::time::timeout(NOTICE, ended.next()).await;
        let death = self.death().await?;
        Ok(death.map(|death| ServerError::Died { image: self.image.clone(), death }))
    }

    /// How the container ended, as far as the engine knows at this moment.
    pub(super) async fn death(&self) -> Result<Option<Death>, ServerError> {
        let Some(inspected) = self.inspect().await? else {
            return Ok(Some(Death::removed("somebody removed the container")));
        };
        let state = inspected.state.unwrap_or_default();
        if state.running.unwrap_or(false) {
            return Ok(None);
        }
        Ok(Some(Death {
            exit_code: Some(state.exit_code.unwrap_or(0)),
            out_of_memory: state.oom_killed.unwrap_or(false),
            taken: None,
            logs: self.logs_tail(LOG_LINES).await?,
        }))
    }

    /// The container as the engine sees it; `None` when it is gone.
    pub(super) async fn inspect(&self) -> Result<Option<ContainerInspectResponse>, ServerError> {
        inspect(&self.engine, &self.name).await
    }

    /// The last lines that the server wrote, to stdout and stderr; they outlive the server.
    pub async fn logs_tail(&self, lines: usize) -> Result<String, ServerError> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let reading = async {
            let mut stream = std::pin::pin!(self.engine.client().logs(&self.name, Some(options)));
            let mut text = Vec::new();
            while let Some(piece) = stream.next().await {
                text.extend_from_slice(piece?.as_ref());
            }
            Ok(text)
        };
        let text = self.engine.call(|| format!("read the log of container {}", self.name), reading).await?;
        let text = &text[text.len().saturating_sub(LOG_BYTES)..];
        Ok(String::from_utf8_lossy(text).trim_end().to_owned())
    }

    /// Leaves the container for a person to look into, under a name that no sweep takes, and says that name.
    pub async fn keep(self) -> Result<String, ServerError> {
        let name = format!("{KEPT}{}", self.name);
        let options = RenameContainerOptionsBuilder::new().name(&name).build();
        let call = self.engine.client().rename_container(&self.name, options);
        self.engine.call(|| format!("rename container {}", self.name), call).await?;
        self.removed.store(true, Ordering::Relaxed);
        Ok(name)
    }

    /// Ends the server and removes its container with everything in it.
    pub async fn stop(&self) -> Result<(), ServerError> {
        remove(&self.engine, &self.name).await?;
        self.removed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.removed.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (engine, name) = (self.engine.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            if let Err(error) = remove(&engine, &name).await {
                tracing::warn!(container = name, %error, "left behind until the next start sweeps");
            }
        });
    }
}

/// A container as the engine sees it; `None` when there is none of that name.
pub(super) async fn inspect(
    engine: &Engine,
    name: &str,
) -> Result<Option<ContainerInspectResponse>, ServerError> {
    let call = engine.client().inspect_container(name, None);
    present(engine.call(|| format!("look at container {name}"), call).await)
}

/// How the names of containers begin that a person wants to look into.
pub(super) const KEPT: &str = "mrt-keep-";

/// Removes a container whatever its state; that it is gone already, or going, is as good.
pub(super) async fn remove(engine: &Engine, name: &str) -> Result<(), ServerError> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let call = engine.client().remove_container(name, Some(options));
    match engine.call(|| format!("remove container {name}"), call).await {
        Err(ServerError::Engine {
            source: Error::DockerResponseServerError { status_code: 409, message },
            ..
        }) if message.contains("already in progress") => Ok(()),
        other => present(other).map(drop),
    }
}

/// Tells "there is no such container" from other failures.
fn present<T>(outcome: Result<T, ServerError>) -> Result<Option<T>, ServerError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(ServerError::Engine {
            source: Error::DockerResponseServerError { status_code: 404, .. },
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}
