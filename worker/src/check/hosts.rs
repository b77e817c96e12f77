//! Where the hosts of a shard come from: what they need to know, and interpreters that were started ahead, while there
//! was no database server yet.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use mrt_chain::settings::{Suite, Target};

use crate::check::CheckError;
use crate::host::{HostSettings, Interpreter};
use crate::program::Ids;

/// The hosts of one shard, one a slot.
#[derive(Debug)]
pub(crate) struct Hosts {
    suite: Arc<Suite>,
    target: Target,
    python: PathBuf,
    /// A private directory.
    directory: PathBuf,
    /// The user as whom migrations run, when we are root.
    run_as: Option<Ids>,
    ahead: Mutex<BTreeMap<usize, Interpreter>>,
}

impl Hosts {
    pub(crate) fn new(
        suite: &Arc<Suite>,
        target: &Target,
        python: PathBuf,
        directory: PathBuf,
        run_as: Option<Ids>,
    ) -> Self {
        let (suite, target) = (Arc::clone(suite), target.clone());
        Self { suite, target, python, directory, run_as, ahead: Mutex::default() }
    }

    /// As whom the project's code runs, if not as ourselves.
    pub(crate) fn run_as(&self) -> Option<Ids> {
        self.run_as
    }

    /// Starts the interpreters of this many slots.
    pub(crate) async fn start_ahead(&self, slots: usize) -> Result<(), CheckError> {
        let starting = (0..slots).map(|slot| async move { Ok((slot, self.start(slot).await?)) });
        let started = join_all(starting).await.into_iter().collect::<Result<Vec<_>, CheckError>>()?;
        self.ahead().extend(started);
        Ok(())
    }

    /// The interpreter of a slot.
    pub(crate) async fn interpreter(&self, slot: usize) -> Result<Interpreter, CheckError> {
        let ahead = self.ahead().remove(&slot);
        match ahead {
            Some(interpreter) => Ok(interpreter),
            None => self.start(slot).await,
        }
    }

    /// The private directory of a slot's host.
    pub(crate) fn scratch(&self, slot: usize) -> PathBuf {
        self.directory.join(format!("slot-{slot}"))
    }

    async fn start(&self, slot: usize) -> Result<Interpreter, CheckError> {
        let scratch = self.scratch(slot);
        std::fs::create_dir_all(&scratch)
            .map_err(|source| CheckError::Scratch { path: scratch.clone(), source })?;
        let alembic = &self.suite.alembic;
        let settings = HostSettings {
            interpreter: self.python.clone(),
            dir: self.suite.dir.clone(),
            alembic_file: alembic.file.clone(),
            section: alembic.section.clone(),
            script_location: alembic.script_location.clone(),
            version_locations: alembic.locations(self.target.engine).to_vec(),
            recursive: alembic.recursive,
            env: self.suite.env.clone(),
            hand_over_url: self.suite.hand_over_url,
            x_arguments: self.suite.x_arguments.clone(),
            around: self.suite.around.clone(),
            scratch,
            max_file_bytes: self.target.disk,
            run_as: self.run_as,
        };
        Ok(Interpreter::start(settings).await?)
    }

    fn ahead(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, Interpreter>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
