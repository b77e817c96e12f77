//! A whole coordinator: as a program of its own, or inside of `mrt-cli run`.

use std::time::Duration;

use mrt_ops::serve::Tokens;
use prometheus_client::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tracing::error;

use crate::farm::Settings;
use crate::head::{Head, Retention};
use crate::service;
use crate::store::Store;

pub use crate::service::Limits;

/// How long what was asked before the end may take to be written down.
const LAST_TURNS: Duration = Duration::from_secs(10);

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

    /// Ends when all that was asked is written down; what is asked from now on is refused. That is not waited for for ever.
    pub async fn end(self) {
        let Self { head, mut task, .. } = self;
        // Connections may be left whose clients do not go, and each of them speaks to the head.
        head.close();
        match timeout(LAST_TURNS, &mut task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!("the head has not ended well: {error}"),
            Err(_) => {
                task.abort();
                error!("the state could not be written in time; what was not answered may be lost");
            }
        }
    }
}
