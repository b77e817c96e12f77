//! MySQL 8.0 to 9, and MariaDB 10.6 to 12: two engines that share a protocol.
//!
//! What is one or the other's alone follows from `flavor::Server`.
//!
//! A server of ours (a container) is used as it is: migrations log in as `mrt`. A server that somebody gave us is shared:
//! user and databases carry the run's own name (`mrt_1f2e3d4c_…`), nothing else is touched, [`Engine::close`] takes them
//! away, and what a run that died has left is taken away when the next one opens the server (each run holds a lock by which
//! the living are known).
//!
//! Neither server can copy a database; `copy` tells how it is done.

mod catalog;
mod copy;
mod counters;
mod dialect;
mod error;
mod flavor;
mod grants;
mod launch;
mod open;
mod processes;
mod quote;
mod samples;
mod session;
#[cfg(test)]
mod tests;
mod users;
mod values;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mrt_chain::settings::Target;
use sqlx::mysql::MySqlConnection;

use crate::database::catalog::{Attributes, ObjectKey};
use crate::database::rows::Rejection;
use crate::database::{DatabaseError, DatabaseName, Dialect, Disconnected, Engine, Session};
use crate::server::Endpoint;
pub use dialect::MySqlDialect;
use error::classify;
use flavor::Server;
pub use launch::launch;
pub use open::ready;
use quote::ident;
use session::MySqlSession;
use users::Users;
use wire::{Login, Row};

/// The user that runs migrations, as it is called in catalogs.
const OWNER: &str = "mrt";

/// Idle connections of the administrator's that are kept.
const IDLE: usize = 4;

/// One MySQL or MariaDB server.
pub struct Mysql {
    shared: Arc<Shared>,
    version: String,
    target: Target,
    /// What names on a server that is not ours carry.
    run: Option<String>,
    /// What the server had in users when it was opened, as far as it is ours to restore.
    opened: Users,
    dialect: MySqlDialect,
    idle: Mutex<Vec<MySqlConnection>>,
    /// What was read of databases for their copies.
    known: Mutex<copy::Known>,
    /// Holds the lock by which other runs know that this one lives.
    _alive: Option<tokio::sync::Mutex<MySqlConnection>>,
}

/// What sessions know of their engine.
struct Shared {
    endpoint: Endpoint,
    server: Server,
    /// It was started by us and will be ended by us.
    is_ours: bool,
    /// The user that runs migrations, by its real name.
    user: String,
    /// Its password.
    password: String,
    /// The host from which the server sees it come.
    seen_from: String,
    /// `performance_schema` is on.
    has_instruments: bool,
    /// It lists the server's processes.
    has_processes: bool,
}

impl Mysql {
    /// A database's name on the server.
    fn stored(&self, database: &DatabaseName) -> String {
        match &self.run {
            Some(run) => format!("mrt_{run}_{}", database.as_str().trim_start_matches("mrt_")),
            None => database.as_str().to_owned(),
        }
    }

    /// Runs administrator's SQL, in no database.
    async fn run(&self, action: &str, sql: &str) -> Result<Vec<Vec<Row>>, DatabaseError> {
        self.try_run(sql).await.map_err(|error| classify(error, action, ""))
    }

    async fn try_run(&self, sql: &str) -> Result<Vec<Vec<Row>>, sqlx::Error> {
        let mut connection = self.take().await?;
        let result = wire::batch(&mut connection, sql.to_owned()).await;
        self.put_back(connection, result.as_ref().err());
        result
    }

    /// A kept connection, or a new one.
    async fn take(&self) -> Result<MySqlConnection, sqlx::Error> {
        let kept = self.idle().pop();
        match kept {
            Some(connection) => Ok(connection),
            None => wire::connect(&self.shared.login(None), self.shared.server).await,
        }
    }

    /// Keeps a connection, unless what it was last told is that it is at an end.
    fn put_back(&self, connection: MySqlConnection, told: Option<&sqlx::Error>) {
        let mut idle = self.idle();
        let is_alive = told.is_none_or(|error| {
            error::number(error).is_some_and(|number| error::trouble(number, "").is_none())
        });
        if !is_alive {
            // The others of its time are no better.
            idle.clear();
        } else if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<MySqlConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, copy::Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops a database; who is connected to it would keep it by an open transaction.
    async fn drop_stored(&self, name: &str) -> Result<(), DatabaseError> {
        self.known().forget(name);
        self.end_sessions(name).await?;
        self.forget_grants(name).await?;
        let sql = format!("DROP DATABASE IF EXISTS {}", ident(name));
        self.run(&format!("drop database {name}"), &sql).await.map(drop)
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
    fn login(&self, database: Option<&str>) -> Login {
        Login::to(&self.endpoint, database).on_ours(self.is_ours)
    }

    /// How the migrations log in.
    fn project_login(&self, database: Option<&str>) -> Login {
        self.login(database).of(&self.user, &self.password)
    }
}

#[async_trait]
impl Engine for Mysql {
    fn version(&self) -> &str {
        &self.version
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    /// The scheme is `mysql` for MariaDB too: SQLAlchemy's `mariadb` is a stricter name for the same dialect, which not every
    /// version has and which refuses a MySQL server, and projects compare the dialect's name with `mysql`. Only the driver
    /// `mariadbconnector` is known under no other. All drivers take `charset`, and one that is left to itself would write
    /// what is not ASCII as `latin1`.
    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String {
        let scheme = match driver {
            None => "mysql".to_owned(),
            Some("mariadbconnector") => "mariadb+mariadbconnector".to_owned(),
            Some(driver) => format!("mysql+{driver}"),
        };
        self.known().expose(&self.stored(database));
        // It speaks utf8mb4 alone, and takes the word for an unknown one.
        let parameters = if driver == Some("mariadbconnector") { "" } else { "?charset=utf8mb4" };
        self.url(&scheme, &self.stored(database), parameters)
    }

    fn connect_hint(&self, database: &DatabaseName) -> String {
        let Endpoint { host, port, .. } = &self.shared.endpoint;
        let client = if self.shared.server.is_mariadb() { "mariadb" } else { "mysql" };
        let (user, password) = (&self.shared.user, &self.shared.password);
        format!("{client} -h {host} -P {port} -u {user} -p{password} {}", self.stored(database))
    }

    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let name = self.stored(database);
        self.drop_stored(&name).await?;
        let collation = self
            .target
            .locale
            .as_ref()
            .map_or_else(String::new, |locale| format!(" COLLATE {}", ident(locale)));
        let sql = format!("CREATE DATABASE {} CHARACTER SET utf8mb4{collation}", ident(&name));
        self.run(&format!("create database {name}"), &sql).await?;
        for (at, sql) in self.target.initial_sql.iter().enumerate() {
            let action = format!("run initial SQL {} of target {}", at + 1, self.target.name);
            let login = self.shared.login(Some(&name));
            write::run_script(&login, sql).await.map_err(|error| classify(error, &action, &name))?;
        }
        self.warm_login().await
    }

    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        self.copy(&from, &to).await?;
        self.warm_login().await
    }

    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        self.copy(&from, &to).await?;
        self.drop_stored(&from).await
    }

    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.drop_stored(&self.stored(database)).await
    }

    /// Sessions of ours ([`Engine::connect`]) are left alone and not counted.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError> {
        self.end_sessions(&self.stored(database)).await
    }

    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError> {
        self.known().expose(&self.stored(database));
        let session = MySqlSession::open(Arc::clone(&self.shared), self.stored(database)).await?;
        Ok(Box::new(session))
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
        write::execute(&self.shared.project_login(Some(&name)), &name, sql).await
    }

    fn private_names(&self, database: &DatabaseName) -> Vec<(String, String)> {
        let Shared { endpoint, user, password, seen_from, .. } = &*self.shared;
        let mut names = vec![
            (self.stored(database), "<database>".to_owned()),
            (password.clone(), "<password>".to_owned()),
            (format!("{}:{}", endpoint.host, endpoint.port), "<server>".to_owned()),
            // As `Access denied for user 'mrt'@'172.17.0.1'` has it.
            (format!("'{user}'@'{seen_from}'"), format!("'{OWNER}'@'<client>'")),
            (format!("server on '{}'", endpoint.host), "server on '<server>'".to_owned()),
            (format!("server at '{}'", endpoint.host), "server at '<server>'".to_owned()),
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
        let forbidden = "the server is not mrt's, so the migrations' user may not create users and roles; let mrt start the \
             server, or, when nobody else uses it, set `role = \"createrole\"` for this target";
        (!self.may_write_users()).then_some(forbidden)
    }

    async fn server_wide(&self) -> Result<BTreeMap<ObjectKey, Attributes>, DatabaseError> {
        let objects = self.users().await?.objects(&self.opened);
        Ok(session::with_user_renamed(objects, &self.shared.user))
    }

    async fn reset(&self) -> Result<(), DatabaseError> {
        self.drop_all().await?;
        self.restore_users().await?;
        self.warm_login().await
    }

    async fn close(&self) -> Result<(), DatabaseError> {
        self.leave().await
    }

    async fn ping(&self) -> Result<(), DatabaseError> {
        ready(&self.shared.endpoint).await
    }
}
