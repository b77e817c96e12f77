//! Opening a server and leaving it: what its users may do there, and what dead runs have left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mrt_chain::settings::{Role, ServerSettings, Target};

use super::error::{Error, classify};
use super::quote::{ident, literal};
use super::users::{self, Users};
use super::wire::{Connection, Login, Param};
use super::{Oracle, Shared, password, session};
use crate::database::DatabaseError;
use crate::database::credentials::{derived_password, random_hex};
use crate::server::Endpoint;

/// What every owner of a schema may do: what is asked for in most manuals of applications that bring migrations.
const OWNERS_RIGHTS: &str = "CREATE SESSION, CREATE TABLE, CREATE VIEW, CREATE SEQUENCE, CREATE PROCEDURE, CREATE TRIGGER, \
     CREATE TYPE, CREATE SYNONYM, CREATE MATERIALIZED VIEW, CREATE CLUSTER, CREATE OPERATOR, CREATE INDEXTYPE, \
     CREATE DIMENSION, CREATE JOB";

/// What more the owner may do where others are not disturbed: make roles, and names that all see.
const RIGHTS_ON_OURS: &str = "CREATE ROLE, CREATE PUBLIC SYNONYM, DROP PUBLIC SYNONYM";

/// What more who manages users may do.
const MANAGERS_RIGHTS: &str = "CREATE ROLE, CREATE PUBLIC SYNONYM, DROP PUBLIC SYNONYM, CREATE USER, ALTER USER, DROP USER, \
     DROP ANY ROLE, GRANT ANY ROLE, CREATE PROFILE, ALTER PROFILE, DROP PROFILE, CREATE ANY DIRECTORY, DROP ANY DIRECTORY, \
     CREATE ANY CONTEXT, DROP ANY CONTEXT";

/// How often restoring users is begun before it is given up.
const ROUNDS: u32 = 4;

/// How long a server that does not know the password yet is left alone: accounts are locked after some logins that fail.
const BEFORE_NEXT_LOGIN: Duration = Duration::from_secs(3);

/// Whether the server answers: a login and a question.
pub async fn ready(endpoint: &Endpoint) -> Result<(), DatabaseError> {
    let action = format!("log in to {endpoint:?}");
    let fail = |error| classify(error, &action, &endpoint.database);
    match Connection::open(&Login::to(endpoint)).await {
        Ok(mut connection) => connection.rows("SELECT 1 FROM dual", &[]).await.map(drop).map_err(fail),
        Err(error) => {
            // The images first start the server, and set the password then.
            if error.number() == Some(1017) {
                tokio::time::sleep(BEFORE_NEXT_LOGIN).await;
            }
            Err(fail(error))
        }
    }
}

/// The first number of a version that is supported.
fn accepted(version: &str) -> Result<u32, String> {
    let major = version.split('.').next().and_then(|number| number.parse().ok());
    match major {
        None => Err(format!("a server of version {version} is not known")),
        Some(major @ 19..=26) => Ok(major),
        Some(_) => Err(format!("Oracle {version} is not supported, only 19 to 23 are")),
    }
}

/// The identifier of the session by which a run is known to live.
fn sign(run: &str) -> String {
    format!("mrt_{run}")
}

impl Oracle {
    /// Connects to a server.
    pub async fn open(endpoint: Endpoint, target: &Target) -> Result<Self, DatabaseError> {
        let action = format!("open {} at {endpoint:?}", target.name);
        let fail = |error| classify(error, &action, &endpoint.database);
        let refused = |message: String| DatabaseError::Refused {
            action: action.clone(),
            source: Box::<dyn std::error::Error + Send + Sync>::from(message),
        };
        if !target.extensions.is_empty() {
            let named = target.extensions.join(", ");
            return Err(refused(format!("Oracle has no extensions; take `extensions` ({named}) away")));
        }
        if let Some(locale) = &target.locale {
            return Err(refused(format!(
                "Oracle's character set is that of the whole database; take `locale` ({locale}) away"
            )));
        }
        let run = match target.server {
            ServerSettings::External { .. } => Some(random_hex(4).map_err(|e| refused(e.to_string()))?),
            ServerSettings::Docker { .. } | ServerSettings::Embedded => None,
        };
        // On a server of ours the users' password follows from the administrator's, so that a server which is opened again
        // still has the same URLs.
        let secret = match &run {
            Some(_) => random_hex(16).map_err(|e| refused(e.to_string()))?,
            None => derived_password(&endpoint.password),
        };
        let login = Login::to(&endpoint);
        let mut connection = session::connect(&login).await.map_err(fail)?;
        let facts = "SELECT version_full, SYS_CONTEXT('USERENV', 'CON_NAME'), (SELECT property_value \
             FROM database_properties WHERE property_name = 'DEFAULT_PERMANENT_TABLESPACE') FROM v$instance";
        let facts = connection.rows(facts, &[]).await.map_err(fail)?;
        let fact = |at: usize| facts.first().map(|row| row.string(at)).unwrap_or_default();
        let (version, container, tablespace) = (fact(0), fact(1), fact(2));
        let major = accepted(&version).map_err(refused)?;
        if container == "CDB$ROOT" {
            return Err(refused(format!(
                "the service {} leads to the root of the server; name that of a pluggable database, such as FREEPDB1",
                endpoint.database
            )));
        }
        let (mut alive, mut idle) = (None, Vec::new());
        match &run {
            Some(run) => {
                sweep(&mut connection).await.map_err(fail)?;
                let identify = format!("BEGIN DBMS_SESSION.SET_IDENTIFIER({}); END;", literal(&sign(run)));
                connection.execute(identify, &[]).await.map_err(fail)?;
                alive = Some(tokio::sync::Mutex::new(connection));
            }
            None => {
                // So that row security hides nothing from us. It is our server, and the administrator's right to give.
                let grant = format!("GRANT EXEMPT ACCESS POLICY TO {}", ident(&endpoint.user.to_uppercase()));
                if let Err(error) = connection.execute(grant, &[]).await {
                    if error.number().is_none() {
                        return Err(fail(error));
                    }
                    tracing::debug!(%error, "row security applies to the administrator, too");
                }
                idle.push(connection);
            }
        }
        let mut engine = Self {
            shared: Arc::new(Shared { endpoint, login, password: password(&secret), major }),
            version,
            target: target.clone(),
            run,
            tablespace,
            opened: Users::default(),
            dialect: super::OracleDialect::default(),
            idle: Mutex::new(idle),
            _alive: alive,
        };
        engine.opened = engine.users().await?;
        Ok(engine)
    }

    /// Makes an empty schema with its user, replacing one of that name. What it may hold is what the target's settings promise.
    pub(super) async fn make_schema(&self, owner: &str) -> Result<(), DatabaseError> {
        self.drop_stored(owner).await?;
        let action = format!("make schema {owner}");
        let (name, tablespace) = (ident(owner), ident(&self.tablespace));
        let create = format!(
            "CREATE USER {name} IDENTIFIED BY \"{}\" DEFAULT TABLESPACE {tablespace} QUOTA {}K ON {tablespace}",
            self.shared.password,
            self.target.disk.div_ceil(1024)
        );
        self.execute(&action, &create).await?;
        for grant in rights(self.target.role, self.run.is_none(), self.shared.major) {
            self.execute(&action, &format!("GRANT {grant} TO {name}")).await?;
        }
        Ok(())
    }

    /// What migrations can change of what schemas share, as far as it is ours to restore.
    pub(super) async fn users(&self) -> Result<Users, DatabaseError> {
        if !self.may_write_users() {
            return Ok(Users::default());
        }
        let fail = |error| classify(error, "read the users of the server", "");
        let mut connection = self.take().await.map_err(fail)?;
        let read = users::read(&mut connection).await;
        self.put_back(connection, read.as_ref().err());
        read.map_err(fail)
    }

    /// Whether migrations can change what schemas share.
    pub(super) fn may_write_users(&self) -> bool {
        self.run.is_none() || self.target.role != Role::Owner
    }

    pub(super) async fn restore_users(&self) -> Result<(), DatabaseError> {
        let action = "restore the users of the server";
        // A user or role that goes takes memberships along, which the next round grants again.
        for _ in 0..ROUNDS {
            let statements = self.users().await?.statements_to(&self.opened);
            if statements.is_empty() {
                return Ok(());
            }
            for statement in statements {
                self.execute(action, &statement).await?;
            }
        }
        let source = "they are not as they were when the run began, whatever is done".into();
        Err(DatabaseError::Refused { action: action.to_owned(), source })
    }

    /// Drops every schema of this run.
    pub(super) async fn drop_all(&self) -> Result<(), DatabaseError> {
        let prefix = self.run.as_ref().map_or_else(|| "MRT_".to_owned(), |run| format!("MRT_{run}_"));
        let found =
            "SELECT username FROM dba_users WHERE SUBSTR(username, 1, LENGTH(:1)) = :2 ORDER BY username";
        let prefix = Param::from(prefix.to_ascii_uppercase());
        for row in self.rows("list the schemas of this run", found, &[prefix.clone(), prefix]).await? {
            self.drop_stored(&row.string(0)).await?;
        }
        Ok(())
    }

    /// Takes everything away that this run has made on a server that is not ours.
    pub(super) async fn leave(&self) -> Result<(), DatabaseError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.drop_all().await?;
        if self.may_write_users() {
            self.restore_users().await?;
        }
        Ok(())
    }
}

/// What is granted to the user that runs migrations, one GRANT each.
fn rights(role: Role, is_ours: bool, major: u32) -> Vec<String> {
    let mut rights = vec![OWNERS_RIGHTS.to_owned()];
    if major >= 23 {
        // A type of its own kind, which came with this version; and what else its makers mean developers to have.
        rights.push("DB_DEVELOPER_ROLE, CREATE DOMAIN".to_owned());
    } else {
        rights.push("CONNECT, RESOURCE".to_owned());
    }
    match role {
        Role::Owner if is_ours => rights.push(RIGHTS_ON_OURS.to_owned()),
        Role::Owner => {}
        Role::CreateRole => rights.push(MANAGERS_RIGHTS.to_owned()),
        Role::Superuser => rights.push("DBA".to_owned()),
    }
    rights
}

/// Drops what runs that died have left on a server that is not ours.
async fn sweep(connection: &mut Connection) -> Result<(), Error> {
    let found = connection
        .rows(
            "SELECT username FROM dba_users u WHERE REGEXP_LIKE(username, '^MRT_[0-9A-F]{8}_') AND NOT EXISTS \
             (SELECT 1 FROM gv$session s WHERE UPPER(s.client_identifier) = SUBSTR(u.username, 1, 12)) \
             AND NOT EXISTS (SELECT 1 FROM gv$session s WHERE s.username = u.username) ORDER BY username",
            &[],
        )
        .await?;
    for row in found {
        let name = row.string(0);
        let drop = format!("DROP USER {} CASCADE", ident(&name));
        // Another run may sweep at the same time, or a person use what is left; neither is our business.
        if let Err(error) = connection.execute(drop, &[]).await {
            if error.number().is_none() {
                return Err(error);
            }
            tracing::warn!(%name, %error, "cannot drop what an earlier run has left");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn other_versions_are_refused() {
        assert_eq!(accepted("19.3.0.0.0"), Ok(19));
        assert_eq!(accepted("23.9.0.25.07"), Ok(23));
        let told = |version| accepted(version).unwrap_err();
        assert_eq!(told("12.2.0.1.0"), "Oracle 12.2.0.1.0 is not supported, only 19 to 23 are");
        assert_eq!(told(""), "a server of version  is not known");
    }

    #[test]
    fn rights_go_with_the_role() {
        let all = |role, ours, major| rights(role, ours, major).join("; ");
        assert!(all(Role::Owner, true, 23).contains("CREATE ROLE"));
        assert!(all(Role::Owner, true, 23).contains("CREATE DOMAIN"));
        assert!(!all(Role::Owner, true, 21).contains("DOMAIN"));
        assert!(!all(Role::Owner, false, 23).contains("CREATE ROLE"));
        assert!(all(Role::CreateRole, false, 19).contains("CREATE USER"));
        assert!(all(Role::Superuser, false, 19).ends_with("DBA"));
    }

    #[test]
    fn passwords_fit_the_oldest_server() {
        let made = password("0123456789abcdef0123456789abcdef");
        assert_eq!(made, "Mrt_00123456789abcdef01234567");
        assert!(made.len() <= 30);
    }
}
