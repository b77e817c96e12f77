//! A Pod, followed through its changes.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, WatchEvent};
use tokio::time::{Instant, sleep, timeout};

use super::api::{Api, Backoff, of_event};
use super::error::{ApiError, KubernetesError};

/// One Pod, as it is and as it becomes: listed, then watched from there; listed again where the API no longer knows how to go on
/// from the last version that we know.
pub(super) struct Follow<'a> {
    api: &'a Api,
    name: &'a str,
    /// Up to which everything is known.
    version: Option<String>,
    events: Option<BoxStream<'static, Result<WatchEvent<Pod>, ApiError>>>,
    backoff: Backoff,
    /// Since when nothing works.
    failing: Option<Instant>,
}

impl<'a> Follow<'a> {
    pub(super) fn new(api: &'a Api, name: &'a str) -> Self {
        let backoff = Backoff::new(&api.limits);
        Self { api, name, version: None, events: None, backoff, failing: None }
    }

    /// The Pod as it is now, the first time, and then as it is after each change; `None` when it is gone.
    pub(super) async fn next(&mut self) -> Result<Option<Pod>, Box<KubernetesError>> {
        loop {
            let Some(version) = self.version.clone() else {
                let which = ListParams::default().fields(&format!("metadata.name={}", self.name));
                let listed = self.api.list(&which).await.map_err(|error| self.explain(error))?;
                self.version = Some(listed.metadata.resource_version.unwrap_or_else(|| "0".to_owned()));
                return Ok(listed.items.into_iter().next());
            };
            let Some(events) = &mut self.events else {
                match self.api.watch(self.name, &version).await {
                    Ok(events) => self.events = Some(events.boxed()),
                    Err(error) => self.failed(error).await?,
                }
                continue;
            };
            // The server ends a watch after this time; when it does not, the connection is dead.
            match timeout(self.api.limits.watch + self.api.limits.answer, events.next()).await {
                Ok(Some(Ok(event))) => {
                    if let Some(seen) = self.heard(event).await? {
                        return Ok(seen);
                    }
                }
                Ok(Some(Err(error))) => self.failed(error).await?,
                Ok(None) | Err(_) => {
                    self.events = None;
                    sleep(self.api.limits.pauses.0).await;
                }
            }
        }
    }

    async fn heard(&mut self, event: WatchEvent<Pod>) -> Result<Option<Option<Pod>>, Box<KubernetesError>> {
        let seen = match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                self.version = pod.metadata.resource_version.clone();
                Some(Some(pod))
            }
            WatchEvent::Deleted(_) => {
                // Whatever comes after that is seen by a list.
                self.version = None;
                Some(None)
            }
            WatchEvent::Bookmark(bookmark) => {
                self.version = Some(bookmark.metadata.resource_version);
                None
            }
            WatchEvent::Error(status) => {
                self.failed(of_event(*status)).await?;
                return Ok(None);
            }
        };
        self.failing = None;
        self.backoff = Backoff::new(&self.api.limits);
        Ok(seen)
    }

    /// Goes on after a failure: from the same version, or by a new list where that is too old; not at once, and not for ever.
    async fn failed(&mut self, error: ApiError) -> Result<(), Box<KubernetesError>> {
        self.events = None;
        if error.is_gone() {
            self.version = None;
        } else if !error.is_passing() {
            return Err(self.explain(error));
        }
        let pause = self.backoff.next(&error);
        let since = *self.failing.get_or_insert_with(Instant::now);
        if since.elapsed() + pause > self.api.limits.away {
            return Err(self.explain(error));
        }
        tracing::debug!(pod = self.name, %error, "watched again");
        sleep(pause).await;
        Ok(())
    }

    fn explain(&self, error: ApiError) -> Box<KubernetesError> {
        self.api.explain(format!("watch Pod {}", self.name), error)
    }
}
