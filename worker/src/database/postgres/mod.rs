//! PostgreSQL, 12 to 18.
//!
//! A server of ours (a container) is used as it is: the owner of all databases is the role `mrt`. A server that
//! somebody gave us is shared: role and databases carry the run's own name (`mrt_1f2e3d4c_…`), nothing else is
//! touched, [`Engine::close`] takes them away, and what a run that died has left is taken away when the next
//! one opens the server (each run holds an advisory lock by which the living are known).

mod catalog;
mod error;
mod launch;
mod quote;
mod roles;
mod samples;
mod session;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mrt_chain::settings::{Role, ServerSettings, Target};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::{Instant, sleep};

use crate::database::catalog::{Attributes, ObjectKey};
use crate::database::credentials::{derived_password, random_hex};
use crate::database::rows::Rejection;
use crate::database::{DatabaseError, DatabaseName, Dialect, Disconnected, Engine, Session};
use crate::server::Endpoint;
use error::classify;
pub use launch::launch;
use quote::{ident, literal};
use roles::Roles;
pub use samples::PostgreSqlDialect;
use session::PostgresSession;
use wire::Row;

/// The role that owns databases and runs migrations, as it is called in catalogs.
const OWNER: &str = "mrt";

/// How long we wait for a session that has been told to end, and for a database to be let go.
const SETTLE: Duration = Duration::from_secs(10);

/// How long a closed session of ours may take to disappear before it is ended by force.
const GRACE: Duration = Duration::from_secs(1);

/// How often restoring roles is begun before it is given up.
const ROUNDS: u32 = 4;

/// Idle connections to the maintenance database that are kept.
const IDLE: usize = 4;

/// Whether the server answers: a login over TCP and a `SELECT 1`.
pub async fn ready(endpoint: &Endpoint) -> Result<(), DatabaseError> {
    let action = format!("log in to {endpoint:?}");
    let fail = |error| classify(error, &action, &endpoint.database);
    let mut connection =
        wire::connect(wire::options(endpoint, &endpoint.database, "mrt")).await.map_err(fail)?;
    wire::batch(&mut connection, "SELECT 1".to_owned()).await.map_err(fail)?;
    connection.close().await.map_err(fail)
}

/// One PostgreSQL server.
pub struct Postgres {
    shared: Arc<Shared>,
    version: String,
    target: Target,
    password: String,
    /// What names on a server that is not ours carry.
    run: Option<String>,
    /// What the server had in roles when it was opened, as far as it is ours to restore.
    opened: Roles,
    dialect: PostgreSqlDialect,
    idle: Mutex<Vec<PgConnection>>,
    /// Holds the lock by which other runs know that this one lives.
    _alive: Option<tokio::sync::Mutex<PgConnection>>,
}

/// What sessions know of their engine.
pub(crate) struct Shared {
    endpoint: Endpoint,
    /// The server's version as a number, 150018.
    version: u32,
    /// The role that runs migrations, by its real name.
    role: String,
    /// Marks sessions of ours.
    application: String,
}

impl Postgres {
    /// Connects to a server and makes the role that migrations use.
    pub async fn open(endpoint: Endpoint, target: &Target) -> Result<Self, DatabaseError> {
        let action = format!("open {} at {endpoint:?}", target.name);
        let fail = |error| classify(error, &action, &endpoint.database);
        let refused = |message: String| DatabaseError::Refused {
            action: action.clone(),
            source: Box::<dyn std::error::Error + Send + Sync>::from(message),
        };
        let run = match target.server {
            ServerSettings::External { .. } => Some(random_hex(4).map_err(|e| refused(e.to_string()))?),
            ServerSettings::Docker { .. } | ServerSettings::Embedded => None,
        };
        let role = run.as_ref().map_or_else(|| OWNER.to_owned(), |run| format!("{OWNER}_{run}"));
        // On a server of ours the owner's password follows from the administrator's, so that a server which is
        // opened again still has the same URLs.
        let password = match &run {
            Some(_) => random_hex(16).map_err(|e| refused(e.to_string()))?,
            None => derived_password(&endpoint.password),
        };
        let application = role.clone();

        let options = wire::options(&endpoint, &endpoint.database, &application);
        let mut connection = wire::connect(options).await.map_err(fail)?;
        let facts = wire::batch(
            &mut connection,
            "SELECT current_setting('server_version_num'), current_setting('server_version'), rolsuper \
             FROM pg_roles WHERE rolname = current_user"
                .to_owned(),
        )
        .await
        .map_err(fail)?;
        let [number, printed, superuser] = first_row(&facts);
        let number: u32 = number.parse().unwrap_or_default();
        if !(120_000..190_000).contains(&number) {
            return Err(refused(format!("PostgreSQL {printed} is not supported, only 12 to 18 are")));
        }
        if superuser != "t" {
            return Err(refused(format!(
                "{} is not a superuser; the administrator's URL must be a superuser's, to read all rows and \
                 to copy databases",
                endpoint.user
            )));
        }

        let alive = match &run {
            Some(run) => {
                sweep(&mut connection, number).await.map_err(fail)?;
                let lock = format!("SELECT pg_advisory_lock({})", lock_key(run));
                wire::batch(&mut connection, lock).await.map_err(fail)?;
                if number >= 140_000 {
                    let stay = "SET idle_session_timeout = 0".to_owned();
                    wire::batch(&mut connection, stay).await.map_err(fail)?;
                }
                Some(tokio::sync::Mutex::new(connection))
            }
            None => {
                connection.close().await.map_err(fail)?;
                None
            }
        };
        let mut engine = Self {
            shared: Arc::new(Shared { endpoint, version: number, role, application }),
            version: printed.split(' ').next().unwrap_or_default().to_owned(),
            target: target.clone(),
            password,
            run,
            opened: Roles::default(),
            dialect: PostgreSqlDialect::default(),
            idle: Mutex::new(Vec::new()),
            _alive: alive,
        };
        engine.make_role().await?;
        engine.opened = engine.roles().await?;
        Ok(engine)
    }

    /// The roles of the server, as far as they are ours to restore.
    async fn roles(&self) -> Result<Roles, DatabaseError> {
        let answers = self.run("read the roles of the server", &roles::query(self.shared.version)).await?;
        let (own, all) = (&self.shared.role, self.may_write_roles());
        Ok(Roles::of(answers).only(|name| name == own || (all && !is_of_another_run(name))))
    }

    /// Whether migrations can change other roles than their own.
    fn may_write_roles(&self) -> bool {
        self.run.is_none() || self.target.role != Role::Owner
    }

    async fn restore_roles(&self) -> Result<(), DatabaseError> {
        let action = "restore the roles of the server";
        // What is revoked takes along what was granted on its strength, which the next round grants again.
        for _ in 0..ROUNDS {
            let statements = self.roles().await?.statements_to(&self.opened);
            if statements.is_empty() {
                return Ok(());
            }
            self.run(action, &statements.join("; ")).await?;
        }
        let source = "they are not as they were when the run began, whatever is done".into();
        Err(DatabaseError::Refused { action: action.to_owned(), source })
    }

    /// Drops every database of this run.
    async fn drop_all(&self) -> Result<(), DatabaseError> {
        let pattern =
            self.run.as_ref().map_or_else(|| "mrt\\_%".to_owned(), |run| format!("mrt\\_{run}\\_%"));
        let found =
            format!("SELECT datname FROM pg_database WHERE datname LIKE '{pattern}' ORDER BY datname");
        for row in self.run("list the databases of this run", &found).await?.into_iter().flatten() {
            let name = row.into_iter().flatten().next().unwrap_or_default();
            self.drop_stored(&name).await?;
        }
        Ok(())
    }

    /// Takes everything away that this run has made on a server that is not ours.
    async fn leave(&self) -> Result<(), DatabaseError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.drop_all().await?;
        // Only what may have been changed: somebody else's new roles are none of our business.
        if self.may_write_roles() {
            self.restore_roles().await?;
        }
        let role = ident(&self.shared.role);
        self.run("drop the role of this run", &format!("DROP ROLE IF EXISTS {role}")).await?;
        Ok(())
    }

    async fn make_role(&self) -> Result<(), DatabaseError> {
        let role = &self.shared.role;
        let rights = match self.target.role {
            // A server of ours is thrown away. On somebody else's, up to version 15, the right would reach every
            // role that is no superuser.
            Role::Owner if self.run.is_some() => "NOSUPERUSER NOCREATEROLE",
            Role::Owner | Role::CreateRole => "NOSUPERUSER CREATEROLE",
            Role::Superuser => "SUPERUSER",
        };
        let (name, password) = (ident(role), literal(&self.password));
        let exists = format!("SELECT 1 FROM pg_roles WHERE rolname = {}", literal(role));
        let known =
            self.run("look for the migrations' role", &exists).await?.iter().any(|rows| !rows.is_empty());
        let verb = if known { "ALTER" } else { "CREATE" };
        let sql = format!("{verb} ROLE {name} LOGIN {rights} PASSWORD {password}");
        self.run("make the migrations' role", &sql).await?;
        Ok(())
    }

    /// A database's name on the server.
    fn stored(&self, database: &DatabaseName) -> String {
        match &self.run {
            Some(run) => format!("mrt_{run}_{}", database.as_str().trim_start_matches("mrt_")),
            None => database.as_str().to_owned(),
        }
    }

    /// Runs administrator's SQL in the maintenance database.
    async fn run(&self, action: &str, sql: &str) -> Result<Vec<Vec<Row>>, DatabaseError> {
        self.try_run(sql).await.map_err(|error| classify(error, action, &self.shared.endpoint.database))
    }

    async fn try_run(&self, sql: &str) -> Result<Vec<Vec<Row>>, sqlx::Error> {
        let kept = self.idle().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => wire::connect(self.shared.admin_options()).await?,
        };
        let result = wire::batch(&mut connection, sql.to_owned()).await;
        let alive =
            result.as_ref().err().is_none_or(|e| error::code(e).is_some_and(|c| !c.starts_with("57P")));
        let mut idle = self.idle();
        if !alive {
            // The others of its time are no better.
            idle.clear();
        } else if idle.len() < IDLE {
            idle.push(connection);
        }
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a statement that needs a database for itself, again while somebody is still leaving it.
    async fn run_alone(&self, action: &str, database: &str, sql: &str) -> Result<(), DatabaseError> {
        let end = Instant::now() + SETTLE;
        loop {
            match self.try_run(sql).await {
                Ok(_) => return Ok(()),
                Err(error) if error::code(&error) == Some("55006") && Instant::now() < end => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(classify(error, action, database)),
            }
        }
    }

    async fn drop_stored(&self, name: &str) -> Result<(), DatabaseError> {
        let action = format!("drop database {name}");
        let force = if self.shared.version >= 130_000 {
            " WITH (FORCE)"
        } else {
            let sql = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}",
                literal(name)
            );
            self.run(&action, &sql).await?;
            ""
        };
        self.run_alone(&action, name, &format!("DROP DATABASE IF EXISTS {}{force}", ident(name))).await
    }

    /// Waits until nobody is connected to a database that is to be copied or renamed. Sessions of ours that have
    /// just been closed need a moment; one that stays is ended. The server itself would wait in steps of 100 ms.
    async fn wait_until_unused(&self, name: &str) -> Result<(), DatabaseError> {
        let action = format!("wait for the sessions on database {name} to end");
        let of_ours = format!(
            "datname = {} AND application_name = {}",
            literal(name),
            literal(&self.shared.application)
        );
        let start = Instant::now();
        loop {
            let answer =
                self.run(&action, &format!("SELECT 1 FROM pg_stat_activity WHERE {of_ours} LIMIT 1")).await?;
            if answer.iter().all(Vec::is_empty) || start.elapsed() > SETTLE {
                return Ok(());
            }
            if start.elapsed() > GRACE {
                let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {of_ours}");
                self.run(&action, &end).await?;
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Statements that give `to` what belongs to database `from` and is not inside it.
    async fn facts(&self, from: &str, to: &str) -> Result<(String, Vec<String>), DatabaseError> {
        let action = format!("read the settings of database {from}");
        let name = literal(from);
        let sql = format!(
            "SELECT pg_get_userbyid(datdba), datconnlimit, datacl IS NOT NULL, \
             shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = {name}; \
             SELECT privilege_type, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) \
             END, is_grantable FROM pg_database, aclexplode(datacl) WHERE datname = {name}; \
             SELECT CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END, unnest(setconfig) \
             FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = {name}"
        );
        let mut answers = self.run(&action, &sql).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let Some(row) = next().into_iter().next() else {
            return Err(DatabaseError::NoDatabase { action, database: from.to_owned() });
        };
        let [owner, limit, own_privileges, comment] = <[_; 4]>::try_from(row).unwrap_or_default();
        let owner = owner.unwrap_or_default();
        let target = ident(to);
        let mut statements = Vec::new();
        if limit.as_deref().is_some_and(|l| l != "-1") {
            statements
                .push(format!("ALTER DATABASE {target} CONNECTION LIMIT {}", limit.unwrap_or_default()));
        }
        if let Some(comment) = comment {
            statements.push(format!("COMMENT ON DATABASE {target} IS {}", literal(&comment)));
        }
        if own_privileges.as_deref() == Some("t") {
            statements.push(format!("REVOKE ALL ON DATABASE {target} FROM PUBLIC, {}", ident(&owner)));
        }
        for row in next() {
            let [privilege, grantee, grantable] = <[_; 3]>::try_from(row).unwrap_or_default();
            let option = if grantable.as_deref() == Some("t") { " WITH GRANT OPTION" } else { "" };
            statements.push(format!(
                "GRANT {} ON DATABASE {target} TO {}{option}",
                privilege.unwrap_or_default(),
                grantee.unwrap_or_default()
            ));
        }
        for row in next() {
            let [role, setting] = <[_; 2]>::try_from(row).unwrap_or_default();
            let setting = quote::setting(&setting.unwrap_or_default());
            statements.push(match role {
                Some(role) => format!("ALTER ROLE {} IN DATABASE {target} SET {setting}", ident(&role)),
                None => format!("ALTER DATABASE {target} SET {setting}"),
            });
        }
        Ok((owner, statements))
    }
}

impl Shared {
    fn options(&self, database: &str) -> PgConnectOptions {
        wire::options(&self.endpoint, database, &self.application)
    }

    /// For the maintenance database: such connections are kept, and what they do may take its time.
    fn admin_options(&self) -> PgConnectOptions {
        let options = self.options(&self.endpoint.database).options([("statement_timeout", "120s")]);
        if self.version >= 140_000 { options.options([("idle_session_timeout", "0")]) } else { options }
    }
}

#[async_trait]
impl Engine for Postgres {
    fn version(&self) -> &str {
        &self.version
    }

    fn dialect(&self) -> &dyn Dialect {
        &self.dialect
    }

    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String {
        let scheme = driver.map_or_else(|| "postgresql".to_owned(), |driver| format!("postgresql+{driver}"));
        url(&scheme, &self.shared, &self.password, &self.stored(database))
    }

    fn connect_hint(&self, database: &DatabaseName) -> String {
        format!("psql '{}'", url("postgresql", &self.shared, &self.password, &self.stored(database)))
    }

    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let name = self.stored(database);
        let action = format!("create database {name}");
        self.drop_stored(&name).await?;
        let locale = self.target.locale.as_ref().map_or_else(String::new, |locale| {
            let provider = if self.shared.version >= 150_000 { " LOCALE_PROVIDER libc" } else { "" };
            let locale = literal(locale);
            format!("{provider} LC_COLLATE {locale} LC_CTYPE {locale}")
        });
        let owner = ident(&self.shared.role);
        let sql = format!(
            "CREATE DATABASE {} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'{locale}",
            ident(&name)
        );
        self.run_alone(&action, &name, &sql).await?;

        let mut inside = Vec::new();
        if self.shared.version < 150_000 {
            // From 15 on the schema belongs to the database's owner by itself.
            inside.push((
                "hand over schema public".to_owned(),
                format!("ALTER SCHEMA public OWNER TO {owner}"),
            ));
        }
        for extension in &self.target.extensions {
            let sql = format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE", ident(extension));
            inside.push((format!("create extension {extension}"), sql));
        }
        for (at, sql) in self.target.initial_sql.iter().enumerate() {
            inside.push((format!("run initial SQL {} of target {}", at + 1, self.target.name), sql.clone()));
        }
        if inside.is_empty() {
            return Ok(());
        }
        let fail = |error| classify(error, &action, &name);
        let mut connection = wire::connect(self.shared.options(&name)).await.map_err(fail)?;
        for (action, sql) in inside {
            wire::batch(&mut connection, sql).await.map_err(|error| classify(error, &action, &name))?;
        }
        connection.close().await.map_err(fail)
    }

    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        let action = format!("clone database {from} as {to}");
        self.wait_until_unused(&from).await?;
        let (owner, statements) = self.facts(&from, &to).await?;
        self.drop_stored(&to).await?;
        // Copying files beats writing every page to the log, the only way that older versions know not.
        let strategy = if self.shared.version >= 150_000 { " STRATEGY FILE_COPY" } else { "" };
        let sql = format!(
            "CREATE DATABASE {} OWNER {} TEMPLATE {}{strategy}",
            ident(&to),
            ident(&owner),
            ident(&from)
        );
        self.run_alone(&action, &from, &sql).await?;
        if !statements.is_empty() {
            self.run(&action, &statements.join("; ")).await?;
        }
        Ok(())
    }

    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        let (from, to) = (self.stored(from), self.stored(to));
        self.wait_until_unused(&from).await?;
        self.drop_stored(&to).await?;
        let sql = format!("ALTER DATABASE {} RENAME TO {}", ident(&from), ident(&to));
        self.run_alone(&format!("rename database {from} to {to}"), &from, &sql).await
    }

    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.drop_stored(&self.stored(database)).await
    }

    /// Sessions of ours ([`Engine::connect`]) are left alone and not counted.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError> {
        let name = self.stored(database);
        let action = format!("end the sessions on database {name}");
        let of_others = format!(
            "datname = {} AND application_name <> {} AND backend_type = 'client backend'",
            literal(&name),
            literal(&self.shared.application)
        );
        let end = format!(
            "SELECT pid, state LIKE 'idle in transaction%' OR state IN ('active', 'fastpath function call'), \
             pg_terminate_backend(pid) FROM pg_stat_activity WHERE {of_others}"
        );
        let ended: Vec<Row> = self.run(&action, &end).await?.into_iter().flatten().collect();
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        let result = Disconnected {
            sessions: count(ended.len()),
            in_transaction: count(
                ended.iter().filter(|r| r.get(1).is_some_and(|v| v.as_deref() == Some("t"))).count(),
            ),
        };
        let deadline = Instant::now() + SETTLE;
        let mut left = !ended.is_empty();
        while left {
            if Instant::now() > deadline {
                let source = "a session does not end though it has been told to".into();
                return Err(DatabaseError::Refused { action, source });
            }
            sleep(Duration::from_millis(2)).await;
            left = self.run(&action, &end).await?.iter().any(|rows| !rows.is_empty());
        }
        Ok(result)
    }

    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError> {
        let name = self.stored(database);
        let session = PostgresSession::open(Arc::clone(&self.shared), name).await?;
        Ok(Box::new(session))
    }

    async fn has_open_transaction(&self, database: &DatabaseName) -> Result<bool, DatabaseError> {
        let name = self.stored(database);
        let open = format!(
            "SELECT 1 FROM pg_stat_activity WHERE datname = {} AND application_name <> {} \
             AND backend_type = 'client backend' AND state LIKE 'idle in transaction%' LIMIT 1",
            literal(&name),
            literal(&self.shared.application)
        );
        let found = self.run(&format!("look for open transactions on database {name}"), &open).await?;
        Ok(found.iter().any(|rows| !rows.is_empty()))
    }

    async fn execute_as_project(
        &self,
        database: &DatabaseName,
        sql: &str,
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        let mut session = PostgresSession::open(Arc::clone(&self.shared), self.stored(database)).await?;
        session.become_project().await?;
        session.execute_script(sql).await
    }

    fn private_names(&self, database: &DatabaseName) -> Vec<(String, String)> {
        let endpoint = &self.shared.endpoint;
        vec![
            (self.stored(database), "<database>".to_owned()),
            (self.password.clone(), "<password>".to_owned()),
            (format!("{}:{}", endpoint.host, endpoint.port), "<server>".to_owned()),
            (format!("'{}', {}", endpoint.host, endpoint.port), "<server>".to_owned()),
            (format!("\"{}\", port {}", endpoint.host, endpoint.port), "<server>".to_owned()),
            (format!("port {}", endpoint.port), "port <port>".to_owned()),
        ]
    }

    fn shares_objects(&self) -> bool {
        true
    }

    fn forbids_server_wide(&self) -> Option<&'static str> {
        let forbidden = "the server is not mrt's, so the migrations' role may not create roles; let mrt start the \
             server, or, when nobody else uses it, set `role = \"createrole\"` for this target";
        (!self.may_write_roles()).then_some(forbidden)
    }

    async fn server_wide(&self) -> Result<BTreeMap<ObjectKey, Attributes>, DatabaseError> {
        let mut objects = self.roles().await?.objects(&self.opened);
        if self.shared.role != OWNER {
            catalog::rename_in_objects(&mut objects, &self.shared.role, OWNER);
        }
        Ok(objects)
    }

    async fn reset(&self) -> Result<(), DatabaseError> {
        self.drop_all().await?;
        self.restore_roles().await
    }

    async fn close(&self) -> Result<(), DatabaseError> {
        self.leave().await
    }

    async fn ping(&self) -> Result<(), DatabaseError> {
        ready(&self.shared.endpoint).await
    }
}

/// Drops what runs that died have left on a server that is not ours.
async fn sweep(connection: &mut PgConnection, version: u32) -> Result<(), sqlx::Error> {
    // Locks are per database, and another run may have come by another one; all of them are listed here.
    let found = wire::batch(
        connection,
        "SELECT name, is_database FROM (\
         SELECT datname AS name, true AS is_database FROM pg_database WHERE datname ~ '^mrt_[0-9a-f]{8}_' \
         UNION ALL SELECT rolname, false FROM pg_roles WHERE rolname ~ '^mrt_[0-9a-f]{8}$') left_behind \
         WHERE NOT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
         AND classid = x'006d7274'::int::oid \
         AND objid = ('x' || substr(name, 5, 8))::bit(32)::bigint::oid) ORDER BY is_database DESC, name"
            .to_owned(),
    )
    .await?;
    let force = if version >= 130_000 { " WITH (FORCE)" } else { "" };
    for row in found.into_iter().flatten() {
        let [name, is_database] = <[_; 2]>::try_from(row).unwrap_or_default();
        let name = name.unwrap_or_default();
        let drop = if is_database.as_deref() == Some("t") {
            format!("DROP DATABASE IF EXISTS {}{force}", ident(&name))
        } else {
            format!("DROP ROLE IF EXISTS {}", ident(&name))
        };
        // Another run may sweep at the same time, or a person use what is left; neither is our business.
        if let Err(error) = wire::batch(connection, drop).await {
            if error::code(&error).is_none() {
                return Err(error);
            }
            tracing::warn!(%name, %error, "cannot drop what an earlier run has left");
        }
    }
    Ok(())
}

/// Whether a role is the one of some run on a server that runs share.
fn is_of_another_run(name: &str) -> bool {
    name.strip_prefix("mrt_").is_some_and(|hex| hex.len() == 8 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The advisory lock of a run: `mrt` and the run's number.
fn lock_key(run: &str) -> String {
    format!("x'006d7274{run}'::bigint")
}

/// The first row's values; empty text for what is missing.
fn first_row<const N: usize>(answers: &[Vec<Row>]) -> [String; N] {
    let row = answers.iter().flatten().next();
    std::array::from_fn(|at| row.and_then(|r| r.get(at)).cloned().flatten().unwrap_or_default())
}

fn url(scheme: &str, shared: &Shared, password: &str, database: &str) -> String {
    let Endpoint { host, port, .. } = &shared.endpoint;
    let role = &shared.role;
    if host.starts_with('/') {
        return format!("{scheme}://{role}:{password}@/{database}?host={host}&port={port}");
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    format!("{scheme}://{role}:{password}@{host}:{port}/{database}")
}
