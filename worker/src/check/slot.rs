//! A slot: one database name, one URL, one migration host, for the whole of a shard.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mrt_chain::graph::Chain;
use mrt_chain::settings::{Seed, Suite, Target};
use tracing::debug;

use crate::check::evidence::Scrubber;
use crate::check::hosts::Hosts;
use crate::check::trial::Problem;
use crate::check::{BrokenEnvironment, CheckError, own_rows};
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::Contents;
use crate::database::{DatabaseName, Engine, Session};
use crate::host::{Child, Direction, Failure, Host, Raised, StepOutcome};

/// What all slots of one suite and target share.
pub(crate) struct TargetContext {
    pub(crate) suite: Arc<Suite>,
    pub(crate) target: Target,
    pub(crate) chain: Arc<Chain>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) hosts: Hosts,
    /// The SQLAlchemy driver that its URLs name.
    pub(crate) driver: Option<String>,
    /// Seed every table at every revision.
    pub(crate) seed_all: bool,
    /// The cells write outside of their database: nothing else is on the server, and every trial begins with a
    /// server as it was found.
    pub(crate) apart: bool,
    /// The name of the version table, as env.py says it.
    pub(crate) version_table: OnceLock<String>,
    /// env.py has once come as far as a revision. Until then a failure is the project's as a whole.
    pub(crate) env_works: AtomicBool,
    /// Nothing else runs on this server, which is ours and fresh: what fails here is the revision's own doing, as
    /// long as the server still answers.
    pub(crate) alone: bool,
}

impl TargetContext {
    /// Alembic's own table and the engine's, which hold no rows of the user's.
    pub(crate) fn is_bookkeeping(&self, table: &TableName) -> bool {
        let dialect = self.engine.dialect();
        dialect.fold(&table.name) == dialect.fold(self.version_table())
    }

    /// The name of the version table: what env.py says of it, else the settings.
    pub(crate) fn version_table(&self) -> &str {
        self.version_table.get().unwrap_or(&self.suite.version_table)
    }

    /// Takes env.py's word for the version table; it says the same each time.
    pub(crate) fn learn_version_table(&self, name: String) {
        self.version_table.get_or_init(|| name);
    }

    /// Reads the catalog, without what is Alembic's own: its version table comes with the first revision and stays.
    pub(crate) async fn catalog(&self, session: &mut dyn Session) -> Result<Catalog, CheckError> {
        let mut catalog = session.catalog().await?;
        if self.apart {
            catalog.objects.extend(self.engine.server_wide().await?);
        }
        let own: BTreeSet<String> = catalog
            .tables
            .keys()
            .filter(|table| self.is_bookkeeping(table))
            .map(ToString::to_string)
            .collect();
        catalog.objects.retain(|key, _| {
            !own.contains(&key.path) && !key.owner.as_ref().is_some_and(|owner| own.contains(owner))
        });
        Ok(catalog)
    }

    /// What the version table says.
    pub(crate) fn versions(&self, contents: &Contents) -> BTreeSet<Vec<Option<String>>> {
        contents
            .tables
            .iter()
            .filter(|(table, _)| self.is_bookkeeping(table))
            .flat_map(|(_, rows)| rows.rows.iter().cloned())
            .collect()
    }

    /// Whether the version table names a revision. SQLite shows text that could be a number (`905134444e17`) in
    /// quotes.
    pub(crate) fn is_recorded(&self, contents: &Contents, revision: &str) -> bool {
        let named = |version: &String| version.trim_matches('\'') == revision;
        self.versions(contents).iter().any(|row| row.iter().flatten().any(named))
    }

    fn is_about_room(&self, raised: &Raised) -> bool {
        raised.from_database && self.engine.dialect().speaks_of_room(raised.code.as_deref(), &raised.message)
    }

    /// The user's rows for these tables that fit the database before `revision`.
    pub(crate) fn own_seeds(&self, revision: &str, tables: &BTreeSet<TableName>) -> Vec<(TableName, Seed)> {
        let named: BTreeMap<String, &TableName> =
            tables.iter().map(|table| (table.to_string(), table)).collect();
        self.suite
            .seeds
            .iter()
            .filter(|seed| own_rows::fits(&self.chain, seed, revision))
            .filter_map(|seed| named.get(&seed.table).map(|table| ((*table).clone(), seed.clone())))
            .collect()
    }

    /// The URL of a database as the project gets it.
    pub(crate) fn url(&self, database: &DatabaseName) -> String {
        // SQLite's usual driver goes without a name: some programs look at the URL's beginning.
        let driver = self.driver.as_deref().filter(|driver| *driver != "pysqlite");
        self.engine.project_url(database, driver)
    }
}

/// What the lineage has left in a slot for the revision's first trial.
struct Warm {
    revision: String,
    /// The process that has applied the revision; it has nothing open.
    child: Child,
    /// The slot's database still is as the revision left it.
    upgraded: Option<Upgraded>,
}

/// A database after the revision's upgrade, with no seeds in it.
struct Upgraded {
    /// A session of ours on it, where one may stay.
    session: Option<Box<dyn Session>>,
}

/// One database name with the host that knows it by its URL.
pub(crate) struct Slot {
    pub(crate) number: usize,
    pub(crate) database: DatabaseName,
    host: Option<Host>,
    warm: Option<Warm>,
}

impl Slot {
    pub(crate) fn new(number: usize) -> Self {
        Self { number, database: DatabaseName::new("slot", number), host: None, warm: None }
    }

    /// Replaces the slot's database by a clone of `source`.
    pub(crate) async fn load(
        &mut self,
        target: &TargetContext,
        source: &DatabaseName,
    ) -> Result<(), CheckError> {
        if let Some(warm) = &mut self.warm {
            warm.upgraded = None;
        }
        self.host(target).await?;
        Ok(target.engine.clone_database(source, &self.database).await?)
    }

    /// The host of this slot, started at first use: it imports the project for the slot's URL, and runs `env.py`
    /// once without a step on an empty database, so that the children find everything imported.
    pub(crate) async fn host(&mut self, target: &TargetContext) -> Result<&Host, CheckError> {
        let host = match self.host.take() {
            Some(host) => host,
            None => self.start_host(target).await?,
        };
        Ok(self.host.insert(host))
    }

    /// Starts the host, if that is not so already. What keeps it from starting is told to whoever needs it.
    pub(crate) async fn get_ready(&mut self, target: &TargetContext) {
        if let Err(error) = self.host(target).await {
            debug!(slot = self.number, "the host does not start: {}", error.in_full());
        }
    }

    async fn start_host(&self, target: &TargetContext) -> Result<Host, CheckError> {
        target.engine.create(&self.database).await?;
        let interpreter = target.hosts.interpreter(self.number).await?;
        let host = Host::load(interpreter, target.url(&self.database)).await?;
        host.warm_up(target.suite.timeout).await?;
        Ok(host)
    }

    /// What of this slot must not reach a report.
    pub(crate) fn scrubber(&self, target: &TargetContext) -> Scrubber {
        let mut names = target.engine.private_names(&self.database);
        names.push((target.url(&self.database), "<url>".to_owned()));
        let scratch = target.hosts.scratch(self.number);
        names.push((scratch.to_string_lossy().into_owned(), "<scratch>".to_owned()));
        names.push((format!("{}/", target.suite.dir.to_string_lossy()), String::new()));
        names.push((self.database.to_string(), "<database>".to_owned()));
        Scrubber::new(names)
    }

    /// The revision whose first trial can go on in the process that has applied it for the lineage.
    pub(crate) fn is_warm_for(&self) -> Option<&str> {
        self.warm.as_ref().map(|warm| warm.revision.as_str())
    }

    /// The slot's database is left as the lineage's upgrade made it, for a trial that would seed nothing before it.
    pub(crate) fn keep_upgraded(&mut self, session: Box<dyn Session>) {
        if let Some(warm) = &mut self.warm {
            warm.upgraded = Some(Upgraded { session: Some(session).filter(|session| session.may_stay()) });
        }
    }

    /// Whether the slot's database is as the upgrade of `revision` has left it, with no seeds.
    pub(crate) fn is_upgraded(&self, revision: &str) -> bool {
        self.warm.as_ref().is_some_and(|warm| warm.revision == revision && warm.upgraded.is_some())
    }

    /// What the lineage has left is not to be used.
    pub(crate) fn cool_down(&mut self) {
        self.warm = None;
    }

    pub(crate) async fn stop(&mut self) {
        self.warm = None;
        if let Some(host) = self.host.take() {
            host.close().await;
        }
    }
}

/// The steps of one cell in one child, and what stands between two of them.
pub(crate) struct Steps<'a> {
    target: &'a TargetContext,
    slot: &'a mut Slot,
    revision: &'a str,
    child: Option<Child>,
    open_transaction: bool,
    /// A session of ours that has stayed.
    session: Option<Box<dyn Session>>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(target: &'a TargetContext, slot: &'a mut Slot, revision: &'a str) -> Self {
        // One that is warm for another revision is killed: each cell has a process of its own.
        let warm = slot.warm.take().filter(|warm| warm.revision == revision);
        let (child, upgraded) = warm.map(|warm| (warm.child, warm.upgraded)).unzip();
        let session = upgraded.flatten().and_then(|upgraded| upgraded.session);
        Self { target, slot, revision, child, open_transaction: false, session }
    }

    pub(crate) fn url(&self) -> String {
        self.target.url(&self.slot.database)
    }

    /// Runs one step of the revision.
    pub(crate) async fn run(&mut self, direction: Direction) -> Result<StepOutcome, CheckError> {
        self.run_revision(direction, self.revision).await
    }

    /// Runs one step of any revision, for those that stand before.
    pub(crate) async fn run_revision(
        &mut self,
        direction: Direction,
        revision: &str,
    ) -> Result<StepOutcome, CheckError> {
        let limit = self.target.suite.timeout;
        let outcome = self.child().await?.step(direction, revision, limit).await?;
        // What comes now is between us and the database.
        if let Some(host) = &self.slot.host {
            host.fork_ahead().await;
        }
        self.ended(outcome).await
    }

    /// Runs the upgrades of `first` and then that of the revision in one run of env.py.
    pub(crate) async fn upgrade_together(&mut self, first: &[&String]) -> Result<StepOutcome, CheckError> {
        let steps = u32::try_from(first.len()).unwrap_or(u32::MAX).saturating_add(1);
        let limit = self.target.suite.timeout.saturating_mul(steps);
        let revision = self.revision;
        let outcome = self.child().await?.upgrade_together(first, revision, limit).await?;
        self.ended(outcome).await
    }

    /// The process in which the next step runs.
    async fn child(&mut self) -> Result<&mut Child, CheckError> {
        self.open_transaction = false;
        let child = match self.child.take() {
            Some(child) => child,
            None => self.slot.host(self.target).await?.child().await?,
        };
        Ok(self.child.insert(child))
    }

    /// Tells the failures of a step from those of what it runs on.
    async fn ended(&mut self, outcome: StepOutcome) -> Result<StepOutcome, CheckError> {
        if outcome.reached {
            self.target.env_works.store(true, Ordering::Relaxed);
        } else if let Some(failure) = &outcome.failure
            && !self.target.env_works.load(Ordering::Relaxed)
        {
            self.target.engine.ping().await?;
            let printed = outcome.output.clone();
            return Err(CheckError::Environment(Box::new(BrokenEnvironment {
                failure: failure.clone(),
                printed,
            })));
        }
        match &outcome.failure {
            Some(Failure::Raised(raised))
                if self.target.engine.dialect().speaks_of_server(raised.code.as_deref(), &raised.message) =>
            {
                self.target.engine.ping().await?;
                if !self.target.alone {
                    return Err(CheckError::Suspect { reason: raised.message.clone() });
                }
                if self.target.is_about_room(raised) {
                    self.target.engine.has_room().await?;
                }
            }
            Some(Failure::Died { .. } | Failure::TimedOut { .. }) => {
                self.end_child().await;
                self.target.engine.ping().await?;
            }
            _ => {}
        }
        Ok(outcome)
    }

    /// What the failure of a step comes to.
    pub(crate) fn problem(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Raised(mut raised) if self.target.is_about_room(&raised) => {
                raised.message = self.target.engine.dialect().without_files(&raised.message);
                Problem::OutOfRoom { raised, disk: self.target.target.disk }
            }
            failure => Problem::Failed(failure),
        }
    }

    /// Ends the child when it sits in an open transaction, as the end of the `alembic` command would.
    pub(crate) async fn ends_open_transaction(&mut self) -> Result<bool, CheckError> {
        if self.child.as_ref().is_none_or(Child::is_quiet)
            || !self.target.engine.has_open_transaction(&self.slot.database).await?
        {
            return Ok(false);
        }
        self.end_child().await;
        self.target.engine.disconnect(&self.slot.database).await?;
        self.open_transaction = true;
        Ok(true)
    }

    /// Ends whatever is connected to the database, but for us.
    pub(crate) async fn disconnect(&mut self) -> Result<(), CheckError> {
        self.end_child().await;
        self.target.engine.disconnect(&self.slot.database).await?;
        Ok(())
    }

    /// Whether the last step left a transaction open.
    pub(crate) fn had_open_transaction(&self) -> bool {
        self.open_transaction
    }

    /// A session of ours: the one that has stayed, or a new one.
    pub(crate) async fn connect(&mut self) -> Result<Box<dyn Session>, CheckError> {
        if let Some(mut session) = self.session.take()
            && session.is_alive().await
        {
            return Ok(session);
        }
        Ok(self.target.engine.connect(&self.slot.database).await?)
    }

    /// Keeps a session for what comes after the next step, where it may stay.
    pub(crate) fn keep(&mut self, session: Box<dyn Session>) {
        self.session = Some(session).filter(|session| session.may_stay());
    }

    async fn end_child(&mut self) {
        if let Some(child) = self.child.take() {
            // A child that cannot be ended is dead already, or is killed when it is dropped.
            let _ = child.end().await;
        }
    }

    pub(crate) async fn end(mut self) {
        self.end_child().await;
    }

    /// Leaves the process to the revision's first trial, when nothing it holds stands in the way of replacing the
    /// database: forking is a large part of what a cell costs.
    pub(crate) async fn end_warm(mut self) {
        match self.child.take() {
            Some(child) if child.is_quiet() => {
                self.slot.warm = Some(Warm { revision: self.revision.to_owned(), child, upgraded: None });
            }
            child => {
                self.child = child;
                self.end_child().await;
            }
        }
    }
}

/// How long a bootstrap may take, as a multiple of a step's limit.
pub(crate) fn bootstrap_limit(step: Duration) -> Duration {
    step * 4
}
