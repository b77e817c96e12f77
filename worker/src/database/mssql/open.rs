//! Opening a server and leaving it: who we are there, and what dead runs have left.

use std::sync::{Arc, Mutex};

use mrt_chain::settings::{Role, ServerSettings, Target};
use tiberius::error::Error;

use super::error::classify;
use super::logins::{self, Logins};
use super::quote::{ident, literal};
use super::wire::{Cells as _, Connection, Login};
use super::{MASTER, MsSql, OWNER, Places, Shared, TransactSqlDialect, copy, error};
use crate::database::DatabaseError;
use crate::database::credentials::{derived_password, random_hex};
use crate::server::Endpoint;

/// What the login that runs migrations may do on a server of ours beyond its databases, when it is to be an ordinary owner of
/// those: make databases, logins and server roles, and look.
const OWNERS_RIGHTS: &str =
    "ALTER ANY LOGIN, ALTER ANY SERVER ROLE, CREATE ANY DATABASE, VIEW SERVER STATE, VIEW ANY DEFINITION";

/// The same on a server that is not ours, where the settings let it make logins.
const MAKERS_RIGHTS: &str = "ALTER ANY LOGIN, ALTER ANY SERVER ROLE";

/// How often restoring logins is begun before it is given up.
const ROUNDS: u32 = 4;

/// Whether the server answers: a login and a `SELECT 1`.
pub async fn ready(endpoint: &Endpoint) -> Result<(), DatabaseError> {
    let action = format!("log in to {endpoint:?}");
    let fail = |error| classify(error, &action, &endpoint.database);
    let mut connection = Connection::open(endpoint, &endpoint.database).await.map_err(fail)?;
    connection.batch("SELECT 1").await.map_err(fail)
}

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Told {
    version: String,
    edition: i64,
    is_administrator: bool,
    data: Option<String>,
    log: Option<String>,
    backup: Option<String>,
}

/// What [`ask`] takes the answer of.
pub(super) const QUESTION: &str = "SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')), \
     CONVERT(int, SERVERPROPERTY('EngineEdition')), IS_SRVROLEMEMBER('sysadmin'), \
     CONVERT(nvarchar(4000), SERVERPROPERTY('InstanceDefaultDataPath')), \
     CONVERT(nvarchar(4000), SERVERPROPERTY('InstanceDefaultLogPath')), \
     CONVERT(nvarchar(4000), SERVERPROPERTY('InstanceDefaultBackupPath'))";

async fn ask(connection: &mut Connection) -> Result<Told, Error> {
    let answers = connection.results(QUESTION).await?;
    let Some(row) = answers.iter().flatten().next() else { return Ok(Told::default()) };
    Ok(Told {
        version: row.string(0)?,
        edition: row.integer(1)?.unwrap_or_default(),
        is_administrator: row.flag(2)?,
        data: row.text(3)?,
        log: row.text(4)?,
        backup: row.text(5)?,
    })
}

impl Told {
    /// The release as its image has it, as the server counts it, and where files go, unless it is no server for us.
    fn accepted(&self, token: String, user: &str) -> Result<(&'static str, u32, Places), String> {
        let version = &self.version;
        // Personal, Standard, Enterprise with Developer and Evaluation, Express.
        if !(1..=4).contains(&self.edition) {
            return Err(
                "this is a service of Azure's, which cannot copy a database by a file of its own; only servers are \
                 supported"
                    .to_owned(),
            );
        }
        let (release, major) = match version.split('.').next() {
            Some("15") => ("2019", 15),
            Some("16") => ("2022", 16),
            Some("17") => ("2025", 17),
            _ => {
                return Err(format!("SQL Server {version} is not supported, only 2019, 2022 and 2025 are"));
            }
        };
        if !self.is_administrator {
            return Err(format!(
                "{user} is not a member of sysadmin; the administrator's URL must be one's, to copy databases and to end \
                 sessions"
            ));
        }
        let directory = |path: &Option<String>| path.as_deref().filter(|path| !path.is_empty()).map(ended);
        let data = directory(&self.data).ok_or("the server does not tell where its files go")?;
        let [log, backup] =
            [&self.log, &self.backup].map(|path| directory(path).unwrap_or_else(|| data.clone()));
        Ok((release, major, Places { data, log, backup, token }))
    }
}

/// A directory's name with what ends it on that system.
fn ended(path: &str) -> String {
    let end = if path.contains('\\') { '\\' } else { '/' };
    format!("{}{end}", path.trim_end_matches(end))
}

impl MsSql {
    /// Connects to a server and makes the login that migrations use.
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
        let random = |bytes| random_hex(bytes).map_err(|error| refused(error.to_string()));
        let run = match target.server {
            ServerSettings::External { .. } => Some(random(4)?),
            ServerSettings::Docker { .. } | ServerSettings::Embedded => None,
        };
        let user = run.as_ref().map_or_else(|| OWNER.to_owned(), |run| format!("{OWNER}_{run}"));
        // On a server of ours the login's password follows from the administrator's, so that a server which is opened again
        // still has the same URLs. The prefix brings what the server's rules ask of a password.
        let password = match &run {
            Some(_) => random(16)?,
            None => derived_password(&endpoint.password),
        };
        let password = format!("Mrt-{password}");

        let login = Login::to(&endpoint, MASTER).on_ours(run.is_none());
        let mut connection = Connection::log_in(&login).await.map_err(fail)?;
        let token = match &run {
            Some(run) => run.clone(),
            None => random(4)?,
        };
        let told = ask(&mut connection).await.map_err(fail)?;
        let (release, major, places) = told.accepted(token, &endpoint.user).map_err(refused)?;

        let (mut alive, mut idle) = (None, Vec::new());
        match &run {
            Some(run) => {
                sweep(&mut connection).await.map_err(fail)?;
                if !locked(&mut connection, run).await.map_err(fail)? {
                    return Err(refused("a lock that nobody else can know of is taken".to_owned()));
                }
                alive = Some(tokio::sync::Mutex::new(connection));
            }
            None => idle.push(connection),
        }
        let mut engine = Self {
            shared: Arc::new(Shared { endpoint, major, is_ours: run.is_none(), user, password }),
            version: format!("{release} ({})", told.version),
            target: target.clone(),
            run,
            places,
            opened: Logins::default(),
            dialect: TransactSqlDialect::default(),
            idle: Mutex::new(idle),
            known: Mutex::new(copy::Known::default()),
            creating: tokio::sync::Mutex::default(),
            _alive: alive,
        };
        engine.make_login().await?;
        engine.opened = engine.logins().await?;
        Ok(engine)
    }

    /// The logins of the server, as far as they are ours to restore.
    pub(super) async fn logins(&self) -> Result<Logins, DatabaseError> {
        let action = "read the logins of the server";
        let (own, all) = (self.shared.user.as_str(), self.may_write_logins());
        let is_meant = |name: &str| name == own || (all && !is_of_another_run(name));
        let answers = self.run(action, logins::QUESTIONS).await?;
        Logins::of(answers, is_meant, all).map_err(|error| classify(error, action, MASTER))
    }

    /// Whether migrations can change other logins than their own.
    pub(super) fn may_write_logins(&self) -> bool {
        self.run.is_none() || self.target.role != Role::Owner
    }

    pub(super) async fn restore_logins(&self) -> Result<(), DatabaseError> {
        let action = "restore the logins of the server";
        // A role that goes takes memberships and rights along, which the next round grants again.
        for _ in 0..ROUNDS {
            let statements = self.logins().await?.statements_to(&self.opened);
            if statements.is_empty() {
                return Ok(());
            }
            for statement in statements {
                self.run(action, &statement).await?;
            }
        }
        let source = "they are not as they were when the run began, whatever is done".into();
        Err(DatabaseError::Refused { action: action.to_owned(), source })
    }

    async fn make_login(&self) -> Result<(), DatabaseError> {
        let (name, text) = (ident(&self.shared.user), literal(&self.shared.user));
        // The rules for passwords are the company's; this one is made up and lives as long as the run.
        let with = format!("WITH PASSWORD = {}, CHECK_POLICY = OFF", literal(&self.shared.password));
        let mut statements = vec![format!(
            "IF SUSER_ID({text}) IS NULL CREATE LOGIN {name} {with} ELSE ALTER LOGIN {name} {with}"
        )];
        let rights = match (&self.run, self.target.role) {
            (_, Role::Superuser) => {
                statements.push(format!("ALTER SERVER ROLE sysadmin ADD MEMBER {name}"));
                None
            }
            (None, Role::Owner | Role::CreateRole) => Some(OWNERS_RIGHTS),
            (Some(_), Role::CreateRole) => Some(MAKERS_RIGHTS),
            (Some(_), Role::Owner) => None,
        };
        statements.extend(rights.map(|rights| format!("GRANT {rights} TO {name}")));
        for statement in statements {
            self.run("make the migrations' login", &statement).await?;
        }
        Ok(())
    }

    /// Drops every database of this run.
    pub(super) async fn drop_all(&self) -> Result<(), DatabaseError> {
        let action = "list the databases of this run";
        let prefix = self.run.as_ref().map_or_else(|| "mrt_".to_owned(), |run| format!("mrt_{run}_"));
        let found = format!(
            "SELECT CONVERT(nvarchar(128), name) FROM sys.databases WHERE LEFT(name, {}) = {} ORDER BY name",
            prefix.len(),
            literal(&prefix)
        );
        for row in self.run(action, &found).await?.into_iter().flatten() {
            let name = row.string(0).map_err(|error| classify(error, action, MASTER))?;
            self.drop_stored(&name).await?;
            if self.run.is_some() {
                let forget = format!(
                    "EXEC msdb.dbo.sp_delete_database_backuphistory @database_name = {}",
                    literal(&name)
                );
                self.run("forget the backups of a database", &forget).await?;
            }
        }
        self.known().forget_all();
        self.delete_stale().await;
        Ok(())
    }

    /// Takes everything away that this run has made on a server that is not ours.
    pub(super) async fn leave(&self) -> Result<(), DatabaseError> {
        if self.run.is_none() {
            return Ok(());
        }
        self.drop_all().await?;
        // Only what may have been changed: somebody else's new logins are none of our business.
        if self.may_write_logins() {
            self.restore_logins().await?;
        }
        let (name, text) = (ident(&self.shared.user), literal(&self.shared.user));
        let drop = format!("IF SUSER_ID({text}) IS NOT NULL DROP LOGIN {name}");
        self.run_alone("drop the login of this run", MASTER, &drop).await
    }
}

/// Takes the lock of a run, by which it is known to live; `false` when somebody has it.
async fn locked(connection: &mut Connection, run: &str) -> Result<bool, Error> {
    let sql = format!(
        "DECLARE @result int; EXEC @result = sys.sp_getapplock @Resource = {}, @LockMode = N'Exclusive', \
         @LockOwner = N'Session', @LockTimeout = 0, @DbPrincipal = N'public'; SELECT @result",
        literal(&lock_name(run))
    );
    let answers = connection.results(&sql).await?;
    let result = answers.iter().flatten().next_back().map(|row| row.integer(0)).transpose()?.flatten();
    Ok(result.is_some_and(|result| result >= 0))
}

async fn unlock(connection: &mut Connection, run: &str) -> Result<(), Error> {
    let sql = format!(
        "EXEC sys.sp_releaseapplock @Resource = {}, @LockOwner = N'Session', @DbPrincipal = N'public'",
        literal(&lock_name(run))
    );
    connection.batch(&sql).await
}

fn lock_name(run: &str) -> String {
    format!("mrt_{run}")
}

/// Drops what runs that died have left on a server that is not ours.
async fn sweep(connection: &mut Connection) -> Result<(), Error> {
    let found = "SELECT CONVERT(nvarchar(128), name), 1 FROM sys.databases WHERE name LIKE N'mrt[_]%' \
         UNION ALL SELECT CONVERT(nvarchar(128), name), 0 FROM sys.server_principals WHERE type = 'S' \
         AND name LIKE N'mrt[_]%' ORDER BY 2 DESC, 1";
    for row in connection.results(found).await?.into_iter().flatten() {
        let (name, is_database) = (row.string(0)?, row.flag(1)?);
        let Some(run) = run_of(&name, is_database) else { continue };
        if !locked(connection, run).await? {
            continue;
        }
        let quoted = ident(&name);
        let statements = if is_database {
            let alone = format!("ALTER DATABASE {quoted} SET SINGLE_USER WITH ROLLBACK IMMEDIATE");
            vec![
                format!("BEGIN TRY EXEC ({}) END TRY BEGIN CATCH END CATCH", literal(&alone)),
                format!("DROP DATABASE {quoted}"),
                format!("EXEC msdb.dbo.sp_delete_database_backuphistory @database_name = {}", literal(&name)),
            ]
        } else {
            vec![format!("DROP LOGIN {quoted}")]
        };
        for statement in statements {
            // Another run may sweep at the same time, or a person use what is left; neither is our business.
            if let Err(error) = connection.batch(&statement).await {
                if error::number(&error).is_none() {
                    return Err(error);
                }
                tracing::warn!(%name, %error, "cannot drop what an earlier run has left");
            }
        }
        unlock(connection, run).await?;
    }
    Ok(())
}

/// The run that a database or login is of: `1f2e3d4c` of `mrt_1f2e3d4c_slot_0001`, and of the login `mrt_1f2e3d4c`.
fn run_of(name: &str, is_database: bool) -> Option<&str> {
    let rest = name.strip_prefix("mrt_")?;
    let run = if is_database { rest.split_once('_')?.0 } else { rest };
    (run.len() == 8 && run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(run)
}

fn is_of_another_run(name: &str) -> bool {
    run_of(name, false).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: &str) -> Told {
        Told {
            version: version.to_owned(),
            edition: 3,
            is_administrator: true,
            data: Some("/var/opt/mssql/data/".to_owned()),
            ..Told::default()
        }
    }

    #[test]
    fn servers_are_known_by_their_releases() {
        let accepted = |told: Told| told.accepted("t".to_owned(), "sa");
        for (version, release) in
            [("15.0.4415.2", ("2019", 15)), ("16.0.4135.4", ("2022", 16)), ("17.0.1000.7", ("2025", 17))]
        {
            assert_eq!(accepted(told(version)).map(|(release, major, _)| (release, major)), Ok(release));
        }
        assert!(accepted(told("14.0.1")).is_err_and(|why| why.contains("14.0.1 is not supported")));
        assert!(accepted(Told { edition: 5, ..told("16.0.1") }).is_err_and(|why| why.contains("Azure")));
        let nobody = Told { is_administrator: false, ..told("16.0.1") };
        assert!(accepted(nobody).is_err_and(|why| why.starts_with("sa is not a member of sysadmin")));
    }

    #[test]
    fn directories_end_as_their_system_has_it() {
        let place = |path: &str| {
            let told = Told { data: Some(path.to_owned()), ..told("16.0.1") };
            told.accepted("t".to_owned(), "sa").map(|(_, _, places)| (places.data, places.backup))
        };
        let linux = "/var/opt/mssql/data/".to_owned();
        assert_eq!(place("/var/opt/mssql/data"), Ok((linux.clone(), linux)));
        let windows = "C:\\Data\\".to_owned();
        assert_eq!(place("C:\\Data\\"), Ok((windows.clone(), windows)));
    }

    #[test]
    fn a_run_is_known_by_its_names() {
        assert_eq!(run_of("mrt_1f2e3d4c_slot_0001", true), Some("1f2e3d4c"));
        assert_eq!(run_of("mrt_1f2e3d4c", false), Some("1f2e3d4c"));
        assert_eq!(run_of("mrt_slot_0001", true), None);
        assert_eq!(run_of("mrt", false), None);
        assert_eq!(run_of("mrt_1F2E3D4C", false), None);
    }
}
