//! The Pythons of suites, each made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use mrt_chain::settings::{EngineKind, Python, Suite};
use tokio::sync::OnceCell;

use super::RunError;
use crate::host::environment::{self, Driver, EnvironmentError, EnvironmentEvent};

/// The Python of a suite.
#[derive(Debug)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// The SQLAlchemy driver that URLs name, by engine: the settings', else the most usual one that is installed.
    /// Without a name SQLAlchemy chooses, and which one depends on its release.
    pub(super) drivers: BTreeMap<EngineKind, String>,
    /// It was seen that it, or the suite, cannot be read by the user as whom migrations run where we are root.
    pub(super) is_private: AtomicBool,
}

/// What a suite's Python follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    python: Python,
    dir: PathBuf,
    engines: BTreeSet<EngineKind>,
    drivers: BTreeMap<EngineKind, String>,
}

type Making = Arc<OnceCell<Arc<Interpreter>>>;

/// The Pythons that are there, or are being made.
#[derive(Debug, Default)]
pub(super) struct Interpreters {
    known: Mutex<Vec<(Request, Making)>>,
}

impl Interpreters {
    /// The suite's Python, made when it is not there. Whoever asks meanwhile waits for it.
    pub(super) async fn of(
        &self,
        suite: &Suite,
        instead: Option<&Path>,
        cache: &Path,
        tell: impl Fn(EnvironmentEvent),
    ) -> Result<Arc<Interpreter>, RunError> {
        let mut python = suite.python.clone();
        if let Some(path) = instead {
            python.interpreter = Some(path.to_owned());
        }
        let engines = suite.targets.iter().map(|target| target.engine).collect();
        let request = Request { python, dir: suite.dir.clone(), engines, drivers: suite.drivers.clone() };
        let made = self.place(&request);
        let made = made.get_or_try_init(|| async { request.prepare(cache, tell).await.map(Arc::new) }).await;
        made.cloned()
            .map_err(|source| RunError::Environment { suite: suite.name.clone(), source: Box::new(source) })
    }

    fn place(&self, request: &Request) -> Making {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = known.iter().find(|(other, _)| other == request) {
            return Arc::clone(place);
        }
        let place = Making::default();
        known.push((request.clone(), Arc::clone(&place)));
        place
    }
}

impl Request {
    async fn prepare(
        &self,
        cache: &Path,
        tell: impl Fn(EnvironmentEvent),
    ) -> Result<Interpreter, EnvironmentError> {
        let driver = |&engine| Driver { engine, name: self.drivers.get(&engine).cloned() };
        let wanted: Vec<Driver> = self.engines.iter().map(driver).collect();
        let path = environment::prepare(&self.python, &self.dir, &wanted, cache, tell).await?;
        let mut drivers = self.drivers.clone();
        for &engine in &self.engines {
            let installed = environment::installed_drivers(&path, engine).await?;
            if let (false, Some(first)) = (drivers.contains_key(&engine), installed.first()) {
                drivers.insert(engine, (*first).to_owned());
            }
        }
        Ok(Interpreter { path, drivers, is_private: AtomicBool::new(false) })
    }
}
