//! What a worker process keeps from one unit to the next.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mrt_chain::settings::Target;
use tokio::sync::{OnceCell, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::pool::{Place, Pool};
use super::python::{InUse, Interpreters};
use super::server::{Running, is_started};
use super::told::Told;
use super::work::{Tools, Work};
use super::{Replay, RunError, Unit, UnitEvent};
use crate::check::under_way::UnderWay;
use crate::host::environment::Environments;
use crate::server::{Launcher, ServerError, Servers, Tell};

/// How units are checked here.
#[derive(Debug, Clone)]
pub struct StationOptions {
    /// How many cells are checked side by side, over all units; and how many servers there are at most.
    pub jobs: usize,
    /// Leave the databases of cells that do not pass, and their servers, for a look: each as it is where its gravest finding shows.
    pub keep: bool,
    /// Who hears what was done until then.
    pub replays: Option<mpsc::UnboundedSender<Replay>>,
    /// The Python that runs all migrations, instead of each suite's own.
    pub interpreter: Option<PathBuf>,
    /// The Python environments that are made.
    pub environments: Arc<Environments>,
    /// Where servers of ours come from.
    pub servers: Servers,
}

/// Checks units, several at a time, and keeps servers and interpreters for the next ones.
pub struct Station {
    options: StationOptions,
    jobs: Semaphore,
    interpreters: Interpreters,
    /// Who starts servers, once one is needed.
    launcher: OnceCell<Launcher>,
    pool: Pool,
}

/// What a unit needs.
struct Prepared<'a> {
    python: InUse,
    place: Place<'a>,
    running: Running,
    /// It has served another unit.
    used: bool,
}

impl Station {
    /// A station that has nothing yet.
    pub fn new(options: StationOptions) -> Self {
        let options = StationOptions { jobs: options.jobs.max(1), ..options };
        Self {
            jobs: Semaphore::new(options.jobs),
            interpreters: Interpreters::default(),
            launcher: OnceCell::new(),
            pool: Pool::new(options.jobs),
            options,
        }
    }

    /// Checks a unit. Every cell of it is told exactly once, as [`UnitEvent::Finished`] or [`UnitEvent::Failed`], but
    /// for those that are not the unit's any more, and what is left after a cancellation.
    ///
    /// A unit waits while there are as many servers in use as there are jobs. Dropping the future ends what runs for
    /// the unit.
    ///
    /// # Errors
    /// When nothing of it can be checked at all.
    pub async fn check(
        &self,
        unit: &Unit,
        events: &mpsc::UnboundedSender<UnitEvent>,
        cancel: &CancellationToken,
    ) -> Result<(), RunError> {
        let prepared = tokio::select! {
            biased;
            () = cancel.cancelled() => return Ok(()),
            prepared = self.prepare(unit, events) => prepared?,
        };
        let Prepared { python: in_use, place, mut running, used } = prepared;
        let python = &*in_use.python;
        let _ = events.send(UnitEvent::Serving(running.description()));
        let tools = Tools { options: &self.options, jobs: &self.jobs, python, cancel };
        let told = Told::new(unit, events, running.is_ours());
        let tell = |revisions| {
            let _ = events.send(UnitEvent::At(revisions));
        };
        let work = Work::new(tools, unit, (&mut running, used), told, UnderWay::new(&tell));
        let done = work.check().await;
        python.is_private.fetch_or(running.run_as().is_none(), Ordering::Relaxed);
        place.give_back(running, matches!(done, Ok(true))).await;
        done.map(drop)
    }

    /// Names of the targets of which a server waits for a unit.
    pub fn warm(&self) -> Vec<String> {
        self.pool.idle()
    }

    /// Stops the servers that no unit uses.
    pub async fn cool(&self) {
        self.pool.cool().await;
    }

    /// Takes away what was kept for a look, once no unit is checked any more.
    pub async fn let_go(&self) {
        for running in self.pool.take_kept() {
            running.stop().await;
        }
    }

    /// Stops everything once no unit is checked any more, and says what was kept for a look, each with what to remove
    /// afterwards.
    pub async fn close(&self) -> Vec<String> {
        self.pool.cool().await;
        let mut kept = Vec::new();
        for running in self.pool.take_kept() {
            kept.push(format!("kept for a look, remove it when done: {}", running.leave().await));
        }
        // What was given up half way is taken away beside us, or not yet.
        if let Some(launcher) = self.launcher.get()
            && let Err(error) = launcher.remove_owned().await
        {
            tracing::warn!("cannot remove the servers that are left: {error}");
        }
        kept
    }

    async fn prepare(
        &self,
        unit: &Unit,
        events: &mpsc::UnboundedSender<UnitEvent>,
    ) -> Result<Prepared<'_>, RunError> {
        let (suite, target) = (&unit.suite, &unit.target);
        let preparing = |what: String| {
            let _ = events.send(UnitEvent::Preparing(what));
        };
        let instead = self.options.interpreter.as_deref();
        let tell = |event| preparing(ToString::to_string(&event));
        let python =
            self.interpreters.of(suite, unit.copy.as_deref(), instead, &self.options.environments, tell);
        let in_use = python.await?;
        let python = &*in_use.python;
        let (place, idle) = self.pool.enter(target).await;
        let used = idle.is_some();
        if !used && is_started(target) {
            preparing(format!("starting {}", target.name));
        }
        let launcher = self.launcher_for(target).await?.map(|it| it.telling(waits(target, events)));
        let running = match idle {
            Some(mut running) => running.begin_again(launcher, python).map(|()| running),
            None => {
                let slots = self.options.jobs.min(unit.cells.borrow().len());
                Running::start(target, launcher, (suite, python), slots).await
            }
        };
        let running = running.map_err(|error| error.for_target(target))?;
        Ok(Prepared { python: in_use, place, running, used })
    }

    async fn launcher_for(&self, target: &Target) -> Result<Option<Launcher>, RunError> {
        if !is_started(target) {
            return Ok(None);
        }
        let launcher = self.launcher.get_or_try_init(|| async {
            let launcher = self.options.servers.launcher().await?;
            launcher.sweep().await?;
            Ok(launcher)
        });
        let failed =
            |source: ServerError| RunError::Server { target: target.name.clone(), source: Box::new(source) };
        launcher.await.cloned().map(Some).map_err(failed)
    }
}

/// Passes on what a server's start waits for, as long as its unit is checked.
fn waits(target: &Target, events: &mpsc::UnboundedSender<UnitEvent>) -> Tell {
    let (name, events) = (target.name.clone(), events.downgrade());
    Tell::new(move |what| {
        if let Some(events) = events.upgrade() {
            let _ = events.send(UnitEvent::Preparing(format!("starting {name}: {what}")));
        }
    })
}
