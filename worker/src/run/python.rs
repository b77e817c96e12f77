//! The Pythons of suites, each made once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mrt_chain::settings::{EngineKind, Python, Suite};
use tokio::sync::OnceCell;

use super::RunError;
use crate::host::environment::{Driver, EnvironmentError, EnvironmentEvent, Environments, Wanted};
use crate::program::{Ids, nobody};
use crate::shelf::Taken;

/// How many Pythons are remembered.
const REMEMBERED: usize = 64;

/// The Python of a suite.
#[derive(Debug)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// The SQLAlchemy driver that URLs name, by engine: the settings', else the most usual one that is installed.
    /// Without a name SQLAlchemy chooses, and which one depends on its release.
    pub(super) drivers: BTreeMap<EngineKind, String>,
    /// As whom it runs, if not as ourselves.
    pub(super) run_as: Option<Ids>,
    /// The project is of whoever has started us: what cannot be done as another user may be done as ourselves.
    pub(super) is_own: bool,
    /// It was seen that it, or the suite, cannot be read by the user as whom migrations run where we are root.
    pub(super) is_private: AtomicBool,
    /// Its name among the environments, where it is one of them.
    environment: Option<String>,
}

/// A Python in use.
#[derive(Debug)]
pub(super) struct InUse {
    pub(super) python: Arc<Interpreter>,
    /// Its environment is not removed meanwhile.
    _kept: Option<Taken>,
}

/// What a suite's Python follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    python: Python,
    dir: PathBuf,
    /// The whole project, where it is somebody else's.
    copy: Option<PathBuf>,
    is_ordered: bool,
    engines: BTreeSet<EngineKind>,
    drivers: BTreeMap<EngineKind, String>,
}

type Making = Arc<OnceCell<Arc<Interpreter>>>;

/// The Pythons that are known, or are being made. Remembering one does not keep its environment.
#[derive(Debug, Default)]
pub(super) struct Interpreters {
    known: Mutex<VecDeque<(Request, Making)>>,
}

impl Interpreters {
    /// The suite's Python, made when it is not there. Whoever asks meanwhile waits for it. `copy` is the whole project where
    /// it is somebody else's.
    pub(super) async fn of(
        &self,
        suite: &Suite,
        copy: Option<&Path>,
        instead: Option<&Path>,
        environments: &Environments,
        tell: impl Fn(EnvironmentEvent),
    ) -> Result<InUse, RunError> {
        let mut python = suite.python.clone();
        if let Some(path) = instead {
            python.interpreter = Some(path.to_owned());
        }
        let request = Request {
            python,
            dir: suite.dir.clone(),
            copy: copy.map(Path::to_owned),
            is_ordered: instead.is_some(),
            engines: suite.targets.iter().map(|target| target.engine).collect(),
            drivers: suite.drivers.clone(),
        };
        self.get(&request, environments, tell)
            .await
            .map_err(|source| RunError::Environment { suite: suite.name.clone(), source: Box::new(source) })
    }

    async fn get(
        &self,
        request: &Request,
        environments: &Environments,
        tell: impl Fn(EnvironmentEvent),
    ) -> Result<InUse, EnvironmentError> {
        loop {
            let place = self.place(request);
            let mut made = None;
            let make = async {
                let (python, kept) = request.prepare(environments, &tell).await?;
                made = Some(kept);
                Ok::<_, EnvironmentError>(Arc::new(python))
            };
            let python = Arc::clone(place.get_or_try_init(|| make).await?);
            if let Some(kept) = made {
                return Ok(InUse { python, _kept: kept });
            }
            let Some(name) = &python.environment else { return Ok(InUse { python, _kept: None }) };
            if let kept @ Some(_) = environments.find(name).await? {
                return Ok(InUse { python, _kept: kept });
            }
            // It had to make room.
            self.known().retain(|(_, other)| !Arc::ptr_eq(other, &place));
        }
    }

    fn place(&self, request: &Request) -> Making {
        let mut known = self.known();
        if let Some((_, place)) = known.iter().find(|(other, _)| other == request) {
            return Arc::clone(place);
        }
        let place = Making::default();
        known.push_back((request.clone(), Arc::clone(&place)));
        if known.len() > REMEMBERED {
            known.pop_front();
        }
        place
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<(Request, Making)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    async fn prepare(
        &self,
        environments: &Environments,
        tell: impl Fn(EnvironmentEvent),
    ) -> Result<(Interpreter, Option<Taken>), EnvironmentError> {
        let driver = |&engine| Driver { engine, name: self.drivers.get(&engine).cloned() };
        let drivers: Vec<Driver> = self.engines.iter().map(driver).collect();
        let wanted = Wanted {
            python: &self.python,
            suite_dir: &self.dir,
            drivers: &drivers,
            copy: self.copy.as_deref(),
            is_ordered: self.is_ordered,
            run_as: nobody(),
        };
        let prepared = environments.prepare(&wanted, tell).await?;
        let mut drivers = self.drivers.clone();
        for &engine in &self.engines {
            if let (false, Some(first)) = (drivers.contains_key(&engine), prepared.drivers(engine).first()) {
                drivers.insert(engine, (*first).to_owned());
            }
        }
        let (environment, kept) = prepared.kept.unzip();
        let python = Interpreter {
            path: prepared.interpreter,
            drivers,
            run_as: prepared.run_as,
            is_own: self.copy.is_none(),
            is_private: AtomicBool::new(false),
            environment,
        };
        Ok((python, kept))
    }
}
