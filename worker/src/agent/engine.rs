//! Whether a container engine is there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};

use crate::run::RunError;
use crate::server::ServerError;
use crate::server::docker::Docker;

/// How often an engine is asked whether it is there.
const PROBE: Duration = Duration::from_secs(3);
/// An engine that comes back has ended its containers; what failed so shortly after that failed with them.
const SHORTLY: Duration = Duration::from_secs(30);

/// A container engine, as far as a worker has to know.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Whether it answers.
    async fn answers(&self) -> bool;
}

/// The engine that [`Docker::connect`] finds.
#[derive(Debug, Clone, Copy, Default)]
pub struct DockerEngine;

#[async_trait]
impl Engine for DockerEngine {
    async fn answers(&self) -> bool {
        Docker::connect().await.is_ok()
    }
}

/// An engine that is looked at now and then.
pub(super) struct Watched {
    engine: Arc<dyn Engine>,
    /// When it was last seen to be away.
    away: Mutex<Option<Instant>>,
}

impl Watched {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, away: Mutex::default() }
    }

    /// Tells for ever whether it is there.
    pub(super) async fn watch(&self, there: watch::Sender<bool>) {
        loop {
            let now = self.answers().await;
            let before = there.send_replace(now);
            match (before, now) {
                (true, false) => {
                    warn!("no container engine answers; shards that need one are left to others")
                }
                (false, true) => info!("a container engine answers"),
                _ => {}
            }
            sleep(PROBE).await;
        }
    }

    /// Whether something that failed may have failed for want of the engine.
    pub(super) async fn is_to_blame(&self, error: Option<&RunError>) -> bool {
        if let Some(RunError::Server { source, .. }) = error
            && matches!(**source, ServerError::EngineUnreachable { .. })
        {
            return true;
        }
        if !self.answers().await {
            return true;
        }
        let away = *self.away.lock().unwrap_or_else(PoisonError::into_inner);
        away.is_some_and(|away| away.elapsed() < SHORTLY)
    }

    /// Whether it answers now.
    pub(super) async fn answers(&self) -> bool {
        let answers = self.engine.answers().await;
        if !answers {
            *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        answers
    }
}
