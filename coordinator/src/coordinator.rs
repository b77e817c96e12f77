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
use crate::page;
use crate::service;
use crate::store::Store;

pub use crate::service::Limits;

/// How long what was asked before the end may take to be written down.
const LAST_TURNS: Duration = Duration::from_secs(10);

/// The head has ended by itself.
#[derive(Debug, thiserror::Error)]
#[error(
    "the head of the farm has ended by itself: {reason}; start the coordinator again, which goes on from what was written, \
     and report this with its log"
)]
pub struct Lost {
    reason: String,
}

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

    /// What is to be served: submissions, workers, health and reflection, and beside these pages for people. Streams end when
    /// `stop` says so.
    pub fn routes(&self, tokens: &Tokens, limits: Limits, stop: &CancellationToken) -> Routes {
        let services = service::routes(&self.head, &self.store, tokens, limits, stop);
        page::beside(services, &self.head, &self.store, tokens, stop)
    }

    /// What is to be served to a cluster: health, and how many workers are wanted. Streams end when `stop` says so.
    pub async fn cluster(&self, stop: &CancellationToken) -> Routes {
        service::cluster(&self.head, stop).await
    }

    /// Ends when the head has ended though nobody asked it to: nothing works any more then.
    pub async fn lost(&mut self) -> Lost {
        let reason = match (&mut self.task).await {
            Ok(()) => "it has come to its end".to_owned(),
            Err(error) => error.to_string(),
        };
        Lost { reason }
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

#[cfg(test)]
mod tests {
    use mrt_ops::connect::in_process;
    use tonic::transport::Server;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;

    use super::*;
    use crate::store::Bundles;

    #[tokio::test]
    async fn a_head_that_ends_by_itself_is_noticed() {
        let store = Store::temporary().await.unwrap();
        let bundles = Bundles { bytes: 0, keep: 1_000 };
        let settings = Settings { lease: 1_000, attempts: 3 };
        let mut coordinator = Coordinator::start(store, settings, Retention { runs: 1_000, bundles });
        let limits = Limits { bundle: 0, bundles: 0, silence: Limits::SILENCE };
        let routes = coordinator.routes(&Tokens::none(), limits, &CancellationToken::new());
        let (channel, incoming) = in_process();
        tokio::spawn(Server::builder().add_routes(routes).serve_with_incoming(incoming));
        let watched = HealthClient::new(channel).watch(HealthCheckRequest::default()).await;
        let mut watched = watched.unwrap().into_inner();
        let mut status = async || watched.message().await.unwrap().unwrap().status();
        while status().await != ServingStatus::Serving {}
        // As a panic does, it leaves everything as it is.
        coordinator.task.abort();
        while status().await != ServingStatus::NotServing {}
        let told = coordinator.lost().await.to_string();
        assert!(told.contains("cancelled") && told.contains("start the coordinator again"), "{told}");
    }
}
