//! One Pod with one server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use super::api::Api;
use super::describe::GRACE;
use super::error::KubernetesError;
use super::follow::Follow;
use super::forward::Forward;
use super::state::State;
use crate::server::owner::LIFE;
use crate::server::{Death, Endpoint, ServerError};

/// Lines of the log that go into an error.
const LOG_LINES: i64 = 20;
/// Logs longer than this help nobody.
const LOG_BYTES: i64 = 16 * 1024;

/// A Pod that runs a server of ours.
///
/// End it with [`Pod::stop`]. Dropping it asks for its deletion without waiting; what that misses is found by
/// [`super::Kubernetes::remove_owned`], by [`super::Kubernetes::sweep`], and by the cluster itself where the worker's Pod owns it.
#[derive(Debug)]
pub struct Pod {
    api: Arc<Api>,
    name: String,
    image: String,
    endpoint: Endpoint,
    /// The way to it, where its own address is none.
    forward: Option<Forward>,
    born: Instant,
    removed: AtomicBool,
}

impl Pod {
    pub(super) fn new(api: Arc<Api>, name: String, image: String, endpoint: Endpoint) -> Self {
        let removed = AtomicBool::new(false);
        Self { api, name, image, endpoint, forward: None, born: Instant::now(), removed }
    }

    pub(super) fn listens_at(&mut self, endpoint: Endpoint, forward: Option<Forward>) {
        // A way that is not gone needs not be kept.
        self.forward =
            forward.filter(|way| (endpoint.host.as_str(), endpoint.port) == (super::LOOPBACK, way.port()));
        self.endpoint = endpoint;
    }

    /// There is none: it was never made.
    pub(super) fn was_refused(&self) {
        self.removed.store(true, Ordering::Relaxed);
    }

    /// Where the server listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The Pod's name, with which a person can look at it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it nears the age at which the cluster ends it. Replace it between shards.
    pub fn is_old(&self) -> bool {
        self.born.elapsed() > LIFE / 2
    }

    /// Whether its container runs, as far as the API knows at this moment.
    pub async fn is_running(&self) -> Result<bool, ServerError> {
        let pod = self.api.get(&self.name).await;
        let pod = pod.map_err(|error| self.api.explain(format!("look at Pod {}", self.name), error))?;
        Ok(pod.is_some_and(|pod| matches!(State::of(&pod), State::Running { .. })))
    }

    /// How the server ended, or `None` when it has not. To be asked after a connection broke.
    pub async fn why_died(&self) -> Result<Option<ServerError>, ServerError> {
        // The node needs a moment to see it, and another one to tell.
        let death = self.death_within(self.api.limits.notice).await?;
        Ok(death.map(|death| ServerError::Died { image: self.image.clone(), death }))
    }

    async fn death_within(&self, time: Duration) -> Result<Option<Death>, ServerError> {
        let limit = tokio::time::Instant::now() + time;
        let mut follow = Follow::new(&self.api, &self.name);
        // What it is now has to be known, however long that takes.
        let mut seen = follow.next().await?;
        loop {
            match seen.as_ref().map(State::of) {
                None => return Ok(Some(Death::removed(DELETED))),
                Some(State::Ended(death)) => return self.with_last_lines(death).await.map(Some),
                Some(_) => {}
            }
            match timeout_at(limit, follow.next()).await {
                Err(_) => return Ok(None),
                Ok(next) => seen = next?,
            }
        }
    }

    /// A death with the lines that the server wrote last, as far as they can still be had.
    pub(super) async fn with_last_lines(&self, death: Death) -> Result<Death, ServerError> {
        let lines = self.logs_tail().await.unwrap_or_default();
        Ok(if lines.is_empty() { death } else { Death { logs: lines, ..death } })
    }

    /// The last lines that the server wrote; they outlive it as long as its Pod is there.
    pub async fn logs_tail(&self) -> Result<String, ServerError> {
        let lines = self.api.logs(&self.name, LOG_LINES, LOG_BYTES).await;
        Ok(lines.map_err(|error| self.api.explain(format!("read the log of Pod {}", self.name), error))?)
    }

    /// Leaves the Pod for a person to look into, until its deadline, and says what to remove afterwards.
    pub fn keep(self) -> String {
        self.removed.store(true, Ordering::Relaxed);
        format!("Pod {} in namespace {} (which a sweep may remove)", self.name, self.api.namespace)
    }

    /// Ends the server and deletes its Pod with everything in it; returns when it is gone.
    pub async fn stop(&self) -> Result<(), ServerError> {
        remove(&self.api, &self.name, None).await?;
        self.removed.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        if self.removed.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (api, name) = (Arc::clone(&self.api), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            if let Err(error) = api.delete(&name, None, GRACE).await {
                tracing::warn!(pod = name, %error, "left behind until a sweep finds it");
            }
        });
    }
}

/// What is said of a Pod that is not there any more.
pub(super) const DELETED: &str = "somebody deleted the Pod";

/// Deletes a Pod whatever its state, and waits until it is gone. Where its node does not answer, the API is made to forget it.
pub(super) async fn remove(api: &Api, name: &str, uid: Option<&str>) -> Result<(), Box<KubernetesError>> {
    for grace in [GRACE, 0] {
        let asked = api.delete(name, uid, grace).await;
        asked.map_err(|error| api.explain(format!("delete Pod {name}"), error))?;
        if is_gone(api, name).await? {
            return Ok(());
        }
        if grace > 0 {
            tracing::warn!(pod = name, "its node does not end it; it is deleted by force");
        }
    }
    let left = api.get(name).await.map_err(|error| api.explain(format!("look at Pod {name}"), error))?;
    let Some(left) = left else { return Ok(()) };
    let finalizers = left.metadata.finalizers.unwrap_or_default();
    Err(Box::new(KubernetesError::Stays {
        pod: name.to_owned(),
        namespace: api.namespace.clone(),
        waited: api.limits.going * 2,
        finalizers: if finalizers.is_empty() {
            String::new()
        } else {
            format!("; it waits for who has put these finalizers on it: {}", finalizers.join(", "))
        },
    }))
}

/// Whether a Pod that is being deleted goes in time.
async fn is_gone(api: &Api, name: &str) -> Result<bool, Box<KubernetesError>> {
    let limit = tokio::time::Instant::now() + api.limits.going;
    let mut follow = Follow::new(api, name);
    loop {
        match timeout_at(limit, follow.next()).await {
            Err(_) => return Ok(false),
            Ok(seen) => {
                if seen?.is_none() {
                    return Ok(true);
                }
            }
        }
    }
}
