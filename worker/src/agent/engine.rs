//! Whether who starts servers is there: a container engine, or a cluster.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

use crate::run::RunError;
use crate::server::Servers;

/// How often an engine is asked whether it is there.
const PROBE: Duration = Duration::from_secs(3);
/// An engine that comes back has ended its containers; what failed so shortly after that failed with them.
const SHORTLY: Duration = Duration::from_secs(30);

/// Who starts servers, as far as a worker has to know.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Whether it answers.
    async fn answers(&self) -> bool;

    /// What people call it.
    fn name(&self) -> &'static str {
        "container engine"
    }

    /// How long to wait before it is asked again.
    fn pause(&self) -> Duration {
        PROBE
    }
}

#[async_trait]
impl Engine for Servers {
    async fn answers(&self) -> bool {
        let answer = Servers::answers(self).await;
        if let Err(error) = &answer {
            debug!(error = error as &dyn Error, "no server can be started");
        }
        answer.is_ok()
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Docker => "container engine",
            Self::Kubernetes(_) => "Kubernetes API",
        }
    }

    fn pause(&self) -> Duration {
        match self {
            Self::Docker => PROBE,
            // All workers ask the same one.
            Self::Kubernetes(_) => PROBE * 5,
        }
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

    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        self.engine.name()
    }

    /// Tells for ever whether it is there.
    pub(super) async fn watch(&self, there: watch::Sender<bool>) {
        loop {
            let now = self.answers().await;
            let before = there.send_replace(now);
            match (before, now) {
                (true, false) => {
                    warn!("no {} answers; shards that need one are left to others", self.name())
                }
                (false, true) => info!("a {} answers", self.name()),
                _ => {}
            }
            sleep(self.engine.pause()).await;
        }
    }

    /// Whether something that failed may have failed for want of the engine.
    pub(super) async fn is_to_blame(&self, error: Option<&RunError>) -> bool {
        if let Some(RunError::Server { source, .. }) = error
            && source.is_about_reach()
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
