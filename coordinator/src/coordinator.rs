//! A whole coordinator: as a program of its own, or inside of `mrt-cli run`.

use mrt_ops::serve::Tokens;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::farm::Settings;
use crate::head::{Head, Retention};
use crate::service;
use crate::store::Store;

pub use crate::service::Limits;

/// The head at work on a state, and what serves it.
pub struct Coordinator {
    head: Head,
    store: Store,
    task: JoinHandle<()>,
}

impl Coordinator {
    /// Starts the head. Needs a tokio runtime.
    pub fn start(store: Store, settings: Settings, retention: Retention) -> Self {
        let (head, mind) = Head::start(store.clone(), settings, retention);
        Self { head, store, task: tokio::spawn(mind) }
    }

    /// Whether the state can be written.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.head.ready()
    }

    /// What there is to measure.
    pub fn metrics(&self) -> Registry {
        self.head.registry()
    }

    /// What is to be served: submissions, workers, health and reflection. Streams end when `stop` says so.
    pub fn routes(&self, tokens: &Tokens, limits: Limits, stop: &CancellationToken) -> Routes {
        service::routes(&self.head, &self.store, tokens, limits, stop)
    }

    /// Ends when all that was asked is written down, and nobody is served any more.
    pub async fn end(self) {
        drop(self.head);
        if let Err(error) = self.task.await {
            tracing::error!("the head has not ended well: {error}");
        }
    }
}
