//! SQL Server 2019, 2022 and 2025.
//!
//! A server of ours (a container) is used as it is: migrations log in as `mrt`, who owns all databases and so is `dbo` in them. A
//! server that somebody gave us is shared: login and databases carry the run's own name (`mrt_1f2e3d4c_…`), nothing else is
//! touched, [`Engine::close`] takes them away, and what a run that died has left is taken away when the next one opens the server
//! (each run holds an application lock by which the living are known).
//!
//! How a database is copied is told in `copy`.

mod catalog;
mod copy;
mod counters;
mod dialect;
mod error;
mod launch;
mod logins;
mod open;
mod processes;
mod quote;
mod samples;
mod script;
mod session;
#[cfg(test)]
mod tests;
mod values;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mrt_chain::settings::Target;
use tiberius::Row;
use tiberius::error::Error;
use tokio::time::{Instant, sleep};

use crate::database::catalog::{Attributes, ObjectKey};
use crate::database::rows::Rejection;
use crate::database::{DatabaseError, DatabaseName, Dialect, Disconnected, Engine, Session};
use crate::server::Endpoint;
pub use dialect::TransactSqlDialect;
use error::classify;
pub use launch::{launch, objection};
use logins::Logins;
pub use open::ready;
use quote::{ident, literal};
use session::MsSqlSession;
use wire::{Cells as _, Connection, Login};

/// The login that owns databases and runs migrations, as it is called in catalogs.
const OWNER: &str = "mrt";

/// The database in which the administrator's statements are run.
const MASTER: &str = "master";

/// Idle connections of the administrator's that are kept.
const IDLE: usize = 4;

/// How long we wait for a session that has been told to end, and for a database to be let go.
const SETTLE: Duration = Duration::from_secs(10);

/// One SQL Server.
pub struct MsSql {
    shared: Arc<Shared>,
    version: String,
    target: Target,
    /// What names on a server that is not ours carry.
    run: Option<String>,
    /// Where the server keeps its files.
    places: Places,
    /// What the server had in logins when it was opened, as far as it is ours to restore.
    opened: Logins,
    dialect: TransactSqlDialect,
    idle: Mutex<Vec<Connection>>,
    /// The copies of databases that are kept for their next clones, and how many files were named.
    known: Mutex<copy::Known>,
    /// `model` is copied by one CREATE DATABASE at a time.
    creating: tokio::sync::Mutex<()>,
    /// Holds the lock by which other runs know that this one lives.
    _alive: Option<tokio::sync::Mutex<Connection>>,
}

/// What sessions know of their engine.
struct Shared {
    endpoint: Endpoint,
    /// Its release as it counts them itself: 16 for 2022.
    major: u32,
    /// It was started by us and will be ended by us.
    is_ours: bool,
    /// The login that runs migrations, by its real name.
    user: String,
    /// Its password.
    password: String,
}

/// Directories of the server's, each with what ends a directory's name there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    data: String,
    log: String,
    backup: String,
    /// Tells files of one opening from those of another one.
    token: String,
}

impl MsSql {
    /// A database's name on the server.
    fn stored(&self, database: &DatabaseName) -> String {
        match &self.run {
            Some(run) => format!("mrt_{run}_{}", database.as_str().trim_start_matches("mrt_")),
            None => database.as_str().to_owned(),
        }
    }

    /// Runs administrator's SQL.
    async fn run(&self, action: &str, sql: &str) -> Result<Vec<Vec<Row>>, DatabaseError> {
        self.try_run(sql).await.map_err(|error| classify(error, action, MASTER))
    }

    async fn try_run(&self, sql: &str) -> Result<Vec<Vec<Row>>, Error> {
        let kept = self.idle().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::log_in(&self.shared.login(MASTER)).await?,
        };
        let result = connection.results(sql).await;
        let mut idle = self.idle();
        let number = result.as_ref().err().and_then(error::number);
        let is_alive = connection.is_whole() && number.and_then(error::trouble) != Some(error::Trouble::Gone);
        if !is_alive {
            // The others of its time are no better.
            idle.clear();
        } else if idle.len() < IDLE {
            idle.push(connection);
        }
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, copy::Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a statement that needs a database for itself, again while somebody is still leaving it.
    async fn run_alone(&self, action: &str, database: &str, sql: &str) -> Result<(), DatabaseError> {
        let end = Instant::now() + SETTLE;
        loop {
            match self.try_run(sql).await.map_err(|error| classify(error, action, database)) {
                Err(DatabaseError::Locked { .. }) if Instant::now() < end => {
                    sleep(Duration::from_millis(20)).await;
                }
                told => return told.map(drop),
            }
        }
    }

    /// Drops a database, its files and whatever is connected to it.
    async fn drop_stored(&self, name: &str) -> Result<(), DatabaseError> {
        self.known().forget(name);
        let (database, text) = (ident(name), literal(name));
        // One that is still being restored takes no setting, and one without files none either; where somebody else was quicker
        // to be its single user, that one is ended.
        let sql = format!(
            "DECLARE @kill nvarchar(max) = N''; IF DB_ID({text}) IS NOT NULL BEGIN \
             BEGIN TRY EXEC ({alone}) END TRY BEGIN CATCH \
             SELECT @kill += N'KILL ' + CONVERT(nvarchar(10), session_id) + N'; ' FROM sys.dm_exec_sessions \
             WHERE database_id = DB_ID({text}) AND is_user_process = 1 AND session_id <> @@SPID; \
             BEGIN TRY EXEC (@kill) END TRY BEGIN CATCH END CATCH END CATCH; EXEC ({drop}) END",
            alone = literal(&format!("ALTER DATABASE {database} SET SINGLE_USER WITH ROLLBACK IMMEDIATE")),
            drop = literal(&format!("DROP DATABASE {database}")),
        );
        self.run_alone(&format!("drop database {name}"), name, &sql).await
    }

    fn url(&self, scheme: &str, database: &str, parameters: &str) -> String {
        let Endpoint { host, port, .. } = &self.shared.endpoint;
        let (user, password) = (&self.shared.user, &self.shared.password);
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}{parameters}")
    }
}

impl Shared {
    /// How the administrator logs in.
    fn login(&self, database: &str) -> Login {
        Login::to(&self.endpoint, database).on_ours(self.is_ours)
    }

    /// How the migrations log in.
    fn project_login(&self, database: &str) -> Login {
        self.login(database).of(&self.user, &self.password)
    }
}

#[async_trait]
impl Engine for MsSql {
    fn version(&self) -> &str {
        &self.version
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    /// `pymssql` brings all that it needs. Microsoft's own driver has to be installed on the machine and is named in the URL; it
    /// would ask for a certificate that somebody has signed, which no server has that was started a moment ago.
    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String {
        let driver = driver.unwrap_or("pymssql");
        let name = self.stored(database);
        self.known().expose(&name);
        let parameters = match driver {
            "pyodbc" | "aioodbc" => {
                "?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=yes&TrustServerCertificate=yes"
            }
            _ => "",
        };
        self.url(&format!("mssql+{driver}"), &name, parameters)
    }

    fn connect_hint(&self, database: &DatabaseName) -> String {
        let Endpoint { host, port, .. } = &self.shared.endpoint;
        let (user, password) = (&self.shared.user, &self.shared.password);
        format!("sqlcmd -C -S {host},{port} -U {user} -P {password} -d {}", self.stored(database))
    }

    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let name = self.stored(database);
        self.drop_stored(&name).await?;
        self.create_stored(&name).await?;
        for (at, sql) in self.target.initial_sql.iter().enumerate() {
            let action = format!("run initial SQL {} of target {}", at + 1, self.target.name);
            let login = self.shared.login(&name);
            // Settings of a database cannot be made within a transaction, and are what initial SQL is for.
            write::run_script(&login, sql, false).await.map_err(|error| classify(error, &action, &name))?;
        }
        Ok(())
    }

    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        self.copy(&self.stored(from), &self.stored(to)).await
    }

    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        self.drop_stored(&to).await?;
        self.known().forget(&from);
        let (old, new) = (ident(&from), ident(&to));
        let step = |sql: String| format!("EXEC ({})", literal(&sql));
        let alone = step(format!("ALTER DATABASE {old} SET SINGLE_USER WITH ROLLBACK IMMEDIATE"));
        let rename = step(format!("ALTER DATABASE {old} MODIFY NAME = {new}"));
        let [open_old, open_new] =
            [old, new].map(|name| step(format!("ALTER DATABASE {name} SET MULTI_USER")));
        let sql = format!(
            "{alone}; BEGIN TRY {rename} END TRY BEGIN CATCH \
             BEGIN TRY {open_old} END TRY BEGIN CATCH END CATCH; THROW; END CATCH; {open_new}"
        );
        self.run_alone(&format!("rename database {from} to {to}"), &from, &sql).await
    }

    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.drop_stored(&self.stored(database)).await
    }

    /// Sessions of ours ([`Engine::connect`]) are left alone and not counted.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError> {
        self.end_sessions(&self.stored(database)).await
    }

    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError> {
        let name = self.stored(database);
        self.known().expose(&name);
        Ok(Box::new(MsSqlSession::open(Arc::clone(&self.shared), name).await?))
    }

    async fn has_open_transaction(&self, database: &DatabaseName) -> Result<bool, DatabaseError> {
        self.is_in_transaction(&self.stored(database)).await
    }

    async fn execute_as_project(
        &self,
        database: &DatabaseName,
        sql: &str,
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        let name = self.stored(database);
        self.known().expose(&name);
        write::execute(&self.shared.project_login(&name), &name, sql).await
    }

    fn private_names(&self, database: &DatabaseName) -> Vec<(String, String)> {
        let Shared { endpoint, user, password, .. } = &*self.shared;
        let mut names = vec![
            (self.stored(database), "<database>".to_owned()),
            (password.clone(), "<password>".to_owned()),
            (format!("{}:{}", endpoint.host, endpoint.port), "<server>".to_owned()),
            (format!("{},{}", endpoint.host, endpoint.port), "<server>".to_owned()),
            // As "Adaptive Server is unavailable or does not exist (127.0.0.1)" has it.
            (format!("({})", endpoint.host), "(<server>)".to_owned()),
        ];
        if user != OWNER {
            names.push((user.clone(), OWNER.to_owned()));
        }
        names
    }

    fn shares_objects(&self) -> bool {
        true
    }

    fn forbids_server_wide(&self) -> Option<&'static str> {
        let forbidden = "the server is not mrt's, so the migrations' login may not create logins and server roles; let mrt \
             start the server, or, when nobody else uses it, set `role = \"createrole\"` for this target";
        (!self.may_write_logins()).then_some(forbidden)
    }

    async fn server_wide(&self) -> Result<BTreeMap<ObjectKey, Attributes>, DatabaseError> {
        Ok(session::with_user_renamed(self.logins().await?.objects(&self.opened), &self.shared.user))
    }

    async fn reset(&self) -> Result<(), DatabaseError> {
        self.drop_all().await?;
        self.restore_logins().await
    }

    async fn close(&self) -> Result<(), DatabaseError> {
        self.leave().await
    }

    async fn ping(&self) -> Result<(), DatabaseError> {
        ready(&self.shared.endpoint).await
    }

    /// The files of all databases share a disk with whatever else is on the machine.
    async fn has_room(&self) -> Result<(), DatabaseError> {
        let action = "look for room on the server's disk";
        let sql = format!(
            "SELECT MIN(v.available_bytes) FROM sys.master_files f CROSS APPLY \
             sys.dm_os_volume_stats(f.database_id, f.file_id) v WHERE f.database_id = DB_ID({})",
            literal("tempdb")
        );
        let answers = self.run(action, &sql).await?;
        let free = answers.iter().flatten().next().map(|row| row.integer(0));
        let free = free.transpose().map_err(|error| classify(error, action, MASTER))?.flatten();
        // Some file systems tell nothing.
        match free.and_then(|bytes| u64::try_from(bytes).ok()) {
            Some(free) if free < self.target.disk => {
                let source = format!("{} MB are free of {}", free >> 20, self.target.disk >> 20).into();
                Err(DatabaseError::Exhausted { action: action.to_owned(), source })
            }
            _ => Ok(()),
        }
    }
}
