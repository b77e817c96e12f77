//! Oracle Database 19, 21 and 23 (which is sold as 26, too).
//!
//! A database of ours is a schema in one pluggable database, and a schema is a user: migrations log in as the user whose schema
//! they change, which is what most applications do. All these users have one password.
//!
//! A pluggable database for each would be nearer to the word, and a copy of one is what PostgreSQL's template is: a single
//! statement that takes everything along. But each costs some seconds and some hundred megabytes even when it is empty, only
//! a server's owner may make them, and the edition that costs nothing has room for few (three up to 21, sixteen in 23), while
//! a check wants dozens at the same time. So a schema is copied as it stands in the dictionary (module `copy` tells how).
//!
//! A server of ours (a container) is used as it is. A server that somebody gave us is shared: schemas carry the run's own name
//! (`MRT_1F2E3D4C_…`), nothing else is touched, [`Engine::close`] takes them away, and what a run that died has left is taken
//! away when the next one opens the server (each run keeps a session by whose identifier the living are known).

mod catalog;
mod client;
mod copy;
mod counters;
mod dialect;
mod error;
mod launch;
mod numbers;
mod open;
mod processes;
mod quote;
mod samples;
mod script;
mod session;
#[cfg(test)]
mod tests;
mod types;
mod users;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mrt_chain::settings::Target;

use crate::database::catalog::{Attributes, ObjectKey};
use crate::database::rows::Rejection;
use crate::database::{DatabaseError, DatabaseName, Dialect, Disconnected, Engine, Session};
use crate::server::Endpoint;
pub use client::missing;
pub use dialect::OracleDialect;
use error::{Error, classify};
pub use launch::{launch, obstacle};
pub use open::ready;
use session::OracleSession;
use users::Users;
use wire::{Connection, Login, Param, Row};

/// Idle connections of the administrator's that are kept.
const IDLE: usize = 4;

/// One pluggable database of an Oracle server.
pub struct Oracle {
    shared: Arc<Shared>,
    version: String,
    target: Target,
    /// What names on a server that is not ours carry.
    run: Option<String>,
    /// Where schemas keep their data.
    tablespace: String,
    /// What the server had in users, roles and the like when it was opened, as far as it is ours to restore.
    opened: Users,
    dialect: OracleDialect,
    idle: Mutex<Vec<Connection>>,
    /// Holds the session by which other runs know that this one lives.
    _alive: Option<tokio::sync::Mutex<Connection>>,
}

/// What sessions know of their engine.
struct Shared {
    endpoint: Endpoint,
    /// How the administrator logs in.
    login: Login,
    /// The password of every user that runs migrations.
    password: String,
    /// The first number of the version.
    major: u32,
}

/// A password that servers take: with letters of both cases, a digit and a sign, as rules for them ask, and no longer than 30
/// characters, as before 23 none may be.
fn password(secret: &str) -> String {
    let digits: String = secret.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    format!("Mrt_0{digits}")
}

impl Shared {
    /// How migrations log in.
    fn project_login(&self, owner: &str) -> Login {
        self.login.of(owner, &self.password)
    }
}

impl Oracle {
    /// A database's name on the server, as the dictionary has it.
    fn stored(&self, database: &DatabaseName) -> String {
        let name = match &self.run {
            Some(run) => format!("mrt_{run}_{}", database.as_str().trim_start_matches("mrt_")),
            None => database.as_str().to_owned(),
        };
        name.to_ascii_uppercase()
    }

    /// Asks as the administrator.
    async fn rows(&self, action: &str, sql: &str, params: &[Param]) -> Result<Vec<Row>, DatabaseError> {
        let fail = |error| classify(error, action, "");
        let mut connection = self.take().await.map_err(fail)?;
        let answer = connection.rows(sql, params).await;
        self.put_back(connection, answer.as_ref().err());
        answer.map_err(fail)
    }

    /// Runs the administrator's SQL.
    async fn execute(&self, action: &str, sql: &str) -> Result<(), DatabaseError> {
        self.try_execute(sql).await.map_err(|error| classify(error, action, ""))
    }

    async fn try_execute(&self, sql: &str) -> Result<(), Error> {
        let mut connection = self.take().await?;
        let answer = connection.execute(sql, &[]).await;
        self.put_back(connection, answer.as_ref().err());
        answer.map(drop)
    }

    /// A kept connection, or a new one.
    async fn take(&self) -> Result<Connection, Error> {
        let kept = self.idle().pop();
        match kept {
            Some(connection) => Ok(connection),
            None => session::connect(&self.shared.login).await,
        }
    }

    /// Keeps a connection, unless what it was last told is that it is at an end.
    fn put_back(&self, connection: Connection, told: Option<&Error>) {
        let mut idle = self.idle();
        if connection.is_broken() || told.is_some_and(Error::ends_connection) {
            // The others of its time are no better.
            idle.clear();
        } else if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `to` a copy of `from`.
    async fn copy(&self, from: &str, to: &str) -> Result<(), DatabaseError> {
        let action = format!("copy schema {from} to {to}");
        let known = self.rows(&action, "SELECT 1 FROM dba_users WHERE username = :1", &[from.into()]).await?;
        if known.is_empty() {
            return Err(DatabaseError::NoDatabase { action, database: from.to_owned() });
        }
        self.make_schema(to).await?;
        let fail = |error| classify(error, &action, from);
        let mut connection = self.take().await.map_err(fail)?;
        copy::copy(&mut connection, from, to).await?;
        self.put_back(connection, None);
        Ok(())
    }
}

#[async_trait]
impl Engine for Oracle {
    fn version(&self) -> &str {
        &self.version
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    /// The thin driver unless another one is named: it needs no client library. Both take the service in a parameter; what
    /// stands in the path's place would be an SID.
    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String {
        let Endpoint { host, port, database: service, .. } = &self.shared.endpoint;
        let (user, password) = (self.stored(database).to_ascii_lowercase(), &self.shared.password);
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let driver = driver.unwrap_or("oracledb");
        format!("oracle+{driver}://{user}:{password}@{host}:{port}/?service_name={service}")
    }

    fn connect_hint(&self, database: &DatabaseName) -> String {
        let Endpoint { host, port, database: service, .. } = &self.shared.endpoint;
        let (user, password) = (self.stored(database).to_ascii_lowercase(), &self.shared.password);
        format!("sqlplus {user}/{password}@//{host}:{port}/{service}")
    }

    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let owner = self.stored(database);
        self.make_schema(&owner).await?;
        for (at, sql) in self.target.initial_sql.iter().enumerate() {
            let action = format!("run initial SQL {} of target {}", at + 1, self.target.name);
            let run = script::run(&self.shared.login, &owner, sql).await;
            run.map_err(|error| classify(error, &action, &owner))?;
        }
        Ok(())
    }

    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        self.copy(&self.stored(from), &self.stored(to)).await
    }

    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        self.copy(&from, &to).await?;
        self.drop_stored(&from).await
    }

    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.drop_stored(&self.stored(database)).await
    }

    /// Sessions of ours ([`Engine::connect`]) are the administrator's, so they are left alone and not counted.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError> {
        self.end_sessions(&self.stored(database)).await
    }

    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError> {
        Ok(Box::new(OracleSession::open(Arc::clone(&self.shared), self.stored(database)).await?))
    }

    async fn has_open_transaction(&self, database: &DatabaseName) -> Result<bool, DatabaseError> {
        self.is_in_transaction(&self.stored(database)).await
    }

    async fn execute_as_project(
        &self,
        database: &DatabaseName,
        sql: &str,
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        let owner = self.stored(database);
        script::execute(&self.shared.project_login(&owner), &owner, sql).await
    }

    fn private_names(&self, database: &DatabaseName) -> Vec<(String, String)> {
        let Endpoint { host, port, .. } = &self.shared.endpoint;
        let stored = self.stored(database);
        vec![
            // As the URL has it.
            (stored.to_ascii_lowercase(), "<database>".to_owned()),
            // As messages and the texts of views have it.
            (stored, "<database>".to_owned()),
            (self.shared.password.clone(), "<password>".to_owned()),
            (format!("{host}:{port}"), "<server>".to_owned()),
            (format!("host \"{host}\" port {port}"), "<server>".to_owned()),
            (format!("host {host} port {port}"), "<server>".to_owned()),
            (format!("(HOST={host})(PORT={port})"), "<server>".to_owned()),
        ]
    }

    fn shares_objects(&self) -> bool {
        true
    }

    fn forbids_server_wide(&self) -> Option<&'static str> {
        let forbidden = "the server is not mrt's, so the migrations' user may not create users, roles, public synonyms and \
             directories; let mrt start the server, or, when nobody else uses it, set `role = \"createrole\"` for this target";
        (!self.may_write_users()).then_some(forbidden)
    }

    async fn server_wide(&self) -> Result<BTreeMap<ObjectKey, Attributes>, DatabaseError> {
        Ok(self.users().await?.objects(&self.opened))
    }

    async fn reset(&self) -> Result<(), DatabaseError> {
        self.drop_all().await?;
        self.restore_users().await
    }

    async fn close(&self) -> Result<(), DatabaseError> {
        self.leave().await
    }

    async fn ping(&self) -> Result<(), DatabaseError> {
        ready(&self.shared.endpoint).await
    }
}
