//! Opening a server and leaving it: who we are there, and what dead runs have left.

use std::sync::{Arc, Mutex};

use mrt_chain::settings::{EngineKind, Role, ServerSettings, Target};
use sqlx::Connection as _;
use sqlx::mysql::MySqlConnection;

use super::error::classify;
use super::flavor::{Flavor, Server};
use super::quote::{ident, literal};
use super::users::{self, Users};
use super::wire::{self, Login, first, fixed};
use super::{Mysql, OWNER, Shared, error};
use crate::database::DatabaseError;
use crate::database::credentials::{derived_password, random_hex};
use crate::server::Endpoint;

/// What the user that runs migrations may do on a server of ours, when it is to be an ordinary owner of its databases: what
/// hosting providers give to the first user of a server, and with it most services have their databases. It can make
/// databases, users and roles, and do everything to what is in a database; it can not read the server's files, set global
/// variables or act as somebody else.
const OWNERS_RIGHTS: &str = "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, \
     SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW, CREATE ROUTINE, \
     ALTER ROUTINE, CREATE USER, EVENT, TRIGGER";

/// How often restoring users is begun before it is given up.
const ROUNDS: u32 = 4;

/// Whether the server answers: a login over TCP and a `SELECT 1`. (The official images first run a server without TCP.)
pub async fn ready(endpoint: &Endpoint) -> Result<(), DatabaseError> {
    let action = format!("log in to {endpoint:?}");
    let fail = |error| classify(error, &action, &endpoint.database);
    let mut connection = wire::connect_plain(&Login::to(endpoint, None)).await.map_err(fail)?;
    wire::batch(&mut connection, "SELECT 1".to_owned()).await.map_err(fail)?;
    connection.close().await.map_err(fail)
}

/// The server's kind and version, unless it is not the target's.
fn accepted(printed: &str, target: &Target) -> Result<Server, String> {
    let unknown = || format!("a server of version {printed} is not known");
    let server = Server::of(printed).ok_or_else(unknown)?;
    let (asked, name) = match target.engine {
        EngineKind::MariaDb => (Flavor::MariaDb, "MariaDB"),
        _ => (Flavor::MySql, "MySQL"),
    };
    if server.flavor != asked {
        return Err(format!(
            "this is {server}, and the target asks for {name}; the two differ too much to stand for each other"
        ));
    }
    let supported = match server.flavor {
        Flavor::MySql if !server.is_mysql_from(8, 0) || server.is_mysql_from(10, 0) => Some("8.0 to 9"),
        Flavor::MariaDb if !server.is_mariadb_from(10, 6) || server.is_mariadb_from(13, 0) => {
            Some("10.6 to 12")
        }
        _ => None,
    };
    match supported {
        Some(versions) => Err(format!("{server} is not supported, only {versions} are")),
        None => Ok(server),
    }
}

impl Mysql {
    /// Connects to a server and makes the user that migrations use.
    pub async fn open(endpoint: Endpoint, target: &Target) -> Result<Self, DatabaseError> {
        let action = format!("open {} at {endpoint:?}", target.name);
        let fail = |error| classify(error, &action, &endpoint.database);
        let refused = |message: String| DatabaseError::Refused {
            action: action.clone(),
            source: Box::<dyn std::error::Error + Send + Sync>::from(message),
        };
        if !target.extensions.is_empty() {
            let named = target.extensions.join(", ");
            return Err(refused(format!(
                "{} has no extensions; take `extensions` ({named}) away",
                target.engine
            )));
        }
        let run = match target.server {
            ServerSettings::External { .. } => Some(random_hex(4).map_err(|e| refused(e.to_string()))?),
            ServerSettings::Docker { .. } | ServerSettings::Embedded => None,
        };
        let user = run.as_ref().map_or_else(|| OWNER.to_owned(), |run| format!("{OWNER}_{run}"));
        // On a server of ours the user's password follows from the administrator's, so that a server which is opened again
        // still has the same URLs.
        let password = match &run {
            Some(_) => random_hex(16).map_err(|e| refused(e.to_string()))?,
            None => derived_password(&endpoint.password),
        };

        let mut connection =
            wire::connect_plain(&Login::to(&endpoint, None).on_ours(run.is_none())).await.map_err(fail)?;
        let facts = "SELECT VERSION(), SUBSTRING_INDEX(USER(), '@', -1), (SELECT COUNT(*) FROM \
             information_schema.tables WHERE table_schema = 'performance_schema' AND table_name = 'processlist'), \
             @@performance_schema";
        let facts = wire::batch(&mut connection, facts.to_owned()).await.map_err(fail)?;
        let [printed, seen_from, has_processes, has_instruments] =
            first(facts.first().map(Vec::as_slice).unwrap_or_default());
        let server = accepted(&printed, target).map_err(refused)?;
        wire::batch(&mut connection, wire::pinned(server)).await.map_err(fail)?;

        let (mut alive, mut idle) = (None, Vec::new());
        match &run {
            Some(run) => {
                sweep(&mut connection).await.map_err(fail)?;
                let lock = format!("SELECT GET_LOCK({}, 10)", literal(&lock_name(run)));
                wire::batch(&mut connection, lock).await.map_err(fail)?;
                alive = Some(tokio::sync::Mutex::new(connection));
            }
            None => idle.push(connection),
        }
        let mut engine = Self {
            shared: Arc::new(Shared {
                endpoint,
                server,
                is_ours: run.is_none(),
                user,
                password,
                seen_from,
                has_instruments: has_instruments == "1",
                has_processes: has_processes != "0" && has_instruments == "1",
            }),
            version: server.number(),
            target: target.clone(),
            run,
            opened: Users::default(),
            dialect: super::MySqlDialect::default(),
            idle: Mutex::new(idle),
            known: Mutex::default(),
            _alive: alive,
        };
        engine.make_user().await?;
        engine.warm_login().await?;
        engine.opened = engine.users().await?;
        Ok(engine)
    }

    /// The users of the server, as far as they are ours to restore.
    pub(super) async fn users(&self) -> Result<Users, DatabaseError> {
        let (own, all) = (self.shared.user.as_str(), self.may_write_users());
        let is_meant = |name: &str| name == own || (all && (self.run.is_none() || !is_of_a_run(name)));
        let fail = |error| classify(error, "read the users of the server", "");
        let mut connection = self.take().await.map_err(fail)?;
        let read = users::read(&mut connection, self.shared.server, is_meant, all).await;
        self.put_back(connection, read.as_ref().err());
        read.map_err(fail)
    }

    /// Whether migrations can change other users than their own.
    pub(super) fn may_write_users(&self) -> bool {
        self.run.is_none() || self.target.role != Role::Owner
    }

    pub(super) async fn restore_users(&self) -> Result<(), DatabaseError> {
        let action = "restore the users of the server";
        // A role that goes takes memberships along, which the next round grants again.
        for round in 0..ROUNDS {
            let administrator = &self.shared.endpoint.user;
            let statements = self.users().await?.statements_to(&self.opened, round > 0, administrator);
            if statements.is_empty() {
                return Ok(());
            }
            self.run(action, &statements.join("; ")).await?;
        }
        let source = "they are not as they were when the run began, whatever is done".into();
        Err(DatabaseError::Refused { action: action.to_owned(), source })
    }

    /// The migrations' user as grants name it.
    pub(super) fn account(&self) -> String {
        format!("{}@'%'", literal(&self.shared.user))
    }

    async fn make_user(&self) -> Result<(), DatabaseError> {
        let (account, password) = (self.account(), literal(&self.shared.password));
        let mut statements = vec![
            format!("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {password}"),
            format!("ALTER USER {account} IDENTIFIED BY {password}"),
        ];
        let everything = format!("GRANT ALL PRIVILEGES ON *.* TO {account} WITH GRANT OPTION");
        match (&self.run, self.target.role) {
            (None, Role::Owner) => {
                // Roles are rights of their own on MySQL; on MariaDB who makes users makes roles.
                let roles = if self.shared.server.is_mariadb() { "" } else { ", CREATE ROLE, DROP ROLE" };
                statements
                    .push(format!("GRANT {OWNERS_RIGHTS}{roles} ON *.* TO {account} WITH GRANT OPTION"));
            }
            (None, Role::CreateRole | Role::Superuser) | (Some(_), Role::Superuser) => {
                statements.push(everything)
            }
            (Some(run), role) => {
                // The pattern covers this run's databases alone.
                statements.push(format!(
                    "GRANT ALL PRIVILEGES ON `mrt\\_{run}\\_%`.* TO {account} WITH GRANT OPTION"
                ));
                if role == Role::CreateRole {
                    statements.push(format!("GRANT CREATE USER ON *.* TO {account}"));
                }
            }
        }
        self.run("make the migrations' user", &statements.join("; ")).await.map(drop)
    }

    /// Logs in once as the migrations' user, over TLS.
    ///
    /// MySQL keeps only a hash of a password (`caching_sha2_password`). After a login in which it has seen the password
    /// itself, it remembers enough to take the next one without; until then a client that speaks no TLS has to have it
    /// encrypted, for which PyMySQL wants a package that a project may not have. What is remembered is forgotten with FLUSH
    /// PRIVILEGES, which a migration may say.
    pub(super) async fn warm_login(&self) -> Result<(), DatabaseError> {
        if self.shared.server.is_mariadb() {
            return Ok(());
        }
        let fail = |error| classify(error, "log in as the migrations' user", "");
        let connection = wire::connect_plain(&self.shared.project_login(None)).await.map_err(fail)?;
        connection.close().await.map_err(fail)
    }

    /// Drops every database of this run.
    pub(super) async fn drop_all(&self) -> Result<(), DatabaseError> {
        let pattern = self.run.as_ref().map_or_else(|| r"mrt\_%".to_owned(), |run| format!(r"mrt\_{run}\_%"));
        let found = format!(
            "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE {} ORDER BY schema_name",
            // The backslash is LIKE's own.
            literal(&pattern)
        );
        for row in self.run("list the databases of this run", &found).await?.into_iter().flatten() {
            let [name] = fixed(row);
            self.drop_stored(&name).await?;
        }
        Ok(())
    }

    /// Takes everything away that this run has made on a server that is not ours.
    pub(super) async fn leave(&self) -> Result<(), DatabaseError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.drop_all().await?;
        // Only what may have been changed: somebody else's new users are none of our business.
        if self.may_write_users() {
            self.restore_users().await?;
        }
        self.run("drop the user of this run", &format!("DROP USER IF EXISTS {}", self.account()))
            .await
            .map(drop)
    }
}

/// Drops what runs that died have left on a server that is not ours.
async fn sweep(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let found = wire::batch(
        connection,
        "SELECT name, is_database FROM (\
         SELECT schema_name AS name, 1 AS is_database FROM information_schema.schemata \
         WHERE schema_name REGEXP '^mrt_[0-9a-f]{8}_' \
         UNION ALL SELECT user, 0 FROM mysql.user WHERE host = '%' AND user REGEXP '^mrt_[0-9a-f]{8}$') left_behind \
         WHERE IS_FREE_LOCK(SUBSTR(name, 1, 12)) ORDER BY is_database DESC, name"
            .to_owned(),
    )
    .await?;
    for row in found.into_iter().flatten() {
        let [name, is_database] = fixed(row);
        let drop = if is_database == "1" {
            format!("DROP DATABASE IF EXISTS {}", ident(&name))
        } else {
            format!("DROP USER IF EXISTS {}@'%'", literal(&name))
        };
        // Another run may sweep at the same time, or a person use what is left; neither is our business.
        if let Err(error) = wire::batch(connection, drop).await {
            if error::number(&error).is_none() {
                return Err(error);
            }
            tracing::warn!(%name, %error, "cannot drop what an earlier run has left");
        }
    }
    Ok(())
}

/// Whether a user's name is of those that runs have on a server that they share.
fn is_of_a_run(name: &str) -> bool {
    name == OWNER || name.starts_with("mrt_")
}

/// The lock of a run, by which it is known to live.
fn lock_name(run: &str) -> String {
    format!("mrt_{run}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_server_and_other_versions_are_refused() {
        let target = |name: &str| Target::from_name(name).unwrap_or_else(|error| panic!("{error}"));
        assert!(accepted("9.7.1", &target("mysql")).is_ok());
        assert!(accepted("8.0.11", &target("mysql")).is_ok());
        assert!(accepted("11.8.2-MariaDB", &target("mariadb")).is_ok());
        for (printed, name, said) in [
            ("11.8.2-MariaDB", "mysql", "this is MariaDB 11.8.2, and the target asks for MySQL"),
            ("9.7.1", "mariadb", "this is MySQL 9.7.1, and the target asks for MariaDB"),
            ("5.7.44", "mysql", "MySQL 5.7.44 is not supported, only 8.0 to 9 are"),
            ("10.5.29-MariaDB", "mariadb", "MariaDB 10.5.29 is not supported, only 10.6 to 12 are"),
            ("TiDB", "mysql", "a server of version TiDB is not known"),
        ] {
            let refusal = accepted(printed, &target(name));
            assert!(refusal.as_ref().is_err_and(|told| told.starts_with(said)), "{refusal:?}");
        }
    }
}
