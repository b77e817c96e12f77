//! How a database comes to be: new, or as the copy of another one.
//!
//! The ways to a copy, and why it is a backup that is restored:
//!
//! - A **database snapshot** cannot be written. It could be gone back to, but only its own source can, so that two cells would
//!   have to take turns in one database.
//! - **DBCC CLONEDATABASE** copies no rows, and leaves statistics that say there are some.
//! - **Detaching and copying files** is quick, but nothing documented copies a file over SQL, and the source is away meanwhile.
//! - **Scripting** everything again is what other engines force upon us; here it would be the most of all to get wrong.
//! - **BACKUP … COPY_ONLY** and **RESTORE … WITH MOVE** copy used pages, exactly, whatever they hold, and the source stays in use.
//!
//! The backup of a database to which no migration has a way any more is kept for its next copy, which then is one RESTORE. What
//! a database has outside of its pages is said again: its owner, and three settings that the server switches off in what is
//! restored. Users stay mapped, since they know their logins by identifiers that are the server's own.

use std::collections::{BTreeMap, BTreeSet};

use super::MsSql;
use super::error::classify;
use super::quote::{ident, literal};
use super::wire::Cells as _;
use crate::database::DatabaseError;

/// By how much files grow, in megabytes.
const GROWTH: u64 = 16;

/// Backups that stand for databases, and who knows of these.
#[derive(Debug, Default)]
pub(super) struct Known {
    backups: BTreeMap<String, Backup>,
    /// Databases that somebody knows of and may change.
    exposed: BTreeSet<String>,
    /// Backups that stand for nothing any more, to be deleted.
    stale: Vec<Backup>,
    /// How many files were named.
    files: u64,
}

/// A backup on the server's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backup {
    path: String,
    files: Vec<File>,
    settings: Settings,
}

/// A file of the database, by its name in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    name: String,
    sort: Sort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Rows,
    Log,
    /// Of streams, or of tables in memory.
    Directory,
}

/// What a restored database has to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Settings {
    owner: Option<String>,
    is_trustworthy: bool,
    is_chained: bool,
    has_broker: bool,
    has_cdc: bool,
}

impl Known {
    /// Somebody may change the database from now on.
    pub(super) fn expose(&mut self, database: &str) {
        self.exposed.insert(database.to_owned());
        self.forget(database);
    }

    /// The database is another one now, or none.
    pub(super) fn forget(&mut self, database: &str) {
        self.stale.extend(self.backups.remove(database));
    }

    /// Nothing that was kept stands for anything any more.
    pub(super) fn forget_all(&mut self) {
        self.stale.extend(std::mem::take(&mut self.backups).into_values());
    }

    /// Keeps a backup for the next copy, unless the database may change before.
    fn keep(&mut self, database: &str, backup: &Backup) {
        if !self.exposed.contains(database) {
            self.backups.insert(database.to_owned(), backup.clone());
        }
    }

    /// A backup has served the copy that it was made for.
    fn has_served(&mut self, backup: Backup) {
        if !self.backups.values().any(|kept| *kept == backup) {
            self.stale.push(backup);
        }
    }

    fn next_file(&mut self) -> u64 {
        self.files += 1;
        self.files
    }
}

impl MsSql {
    /// Makes an empty database.
    pub(super) async fn create_stored(&self, name: &str) -> Result<(), DatabaseError> {
        let action = format!("create database {name}");
        let collation = match &self.target.locale {
            None => String::new(),
            Some(name) if is_collation(name) => format!(" COLLATE {name}"),
            Some(name) => {
                let source = format!("{name:?} is not the name of a collation").into();
                return Err(DatabaseError::Refused { action, source });
            }
        };
        let number = self.known().next_file();
        let file = |sort: Sort| {
            let most = (self.target.disk >> 20).max(64);
            let logical = if sort == Sort::Log { "log" } else { "data" };
            format!(
                "(NAME = {}, FILENAME = {}, MAXSIZE = {most}MB, FILEGROWTH = {GROWTH}MB)",
                literal(logical),
                literal(&self.path(number, 1, sort))
            )
        };
        let database = ident(name);
        let create = format!(
            "CREATE DATABASE {database} ON PRIMARY {} LOG ON {}{collation}",
            file(Sort::Rows),
            file(Sort::Log)
        );
        {
            let _alone = self.creating.lock().await;
            self.run_alone(&action, name, &create).await?;
        }
        // Nothing here outlives the server, so nothing needs to be on disk when a transaction ends.
        for setting in ["RECOVERY SIMPLE", "DELAYED_DURABILITY = FORCED", "AUTO_CLOSE OFF"] {
            self.run_alone(&action, name, &format!("ALTER DATABASE {database} SET {setting}")).await?;
        }
        // Keys that the server has set aside in its memory are not in a backup: a copy would go on behind them, and give other
        // keys than its source. (For sequences there is no such switch: those with a cache do that.)
        let uncached = format!(
            "EXEC {database}.sys.sp_executesql N'ALTER DATABASE SCOPED CONFIGURATION SET IDENTITY_CACHE = OFF'"
        );
        self.run_alone(&action, name, &uncached).await?;
        self.run_alone(&action, name, &owned_by(name, &self.shared.user)).await
    }

    /// Makes `to` an exact copy of `from`, replacing `to`.
    pub(super) async fn copy(&self, from: &str, to: &str) -> Result<(), DatabaseError> {
        let action = format!("copy database {from} to {to}");
        let known = self.known().backups.get(from).cloned();
        let backup = match known {
            Some(backup) => backup,
            None => {
                let backup = self.back_up(&action, from).await?;
                self.known().keep(from, &backup);
                backup
            }
        };
        self.drop_stored(to).await?;
        let restored = self.restore(&action, to, &backup).await;
        self.known().has_served(backup);
        self.delete_stale().await;
        restored
    }

    async fn back_up(&self, action: &str, from: &str) -> Result<Backup, DatabaseError> {
        let fail = |error| classify(error, action, from);
        let mut answers = self.run(action, &question(from)).await?.into_iter();
        let mut next = || answers.next().unwrap_or_default();
        let Some(row) = next().into_iter().next() else {
            return Err(DatabaseError::NoDatabase { action: action.to_owned(), database: from.to_owned() });
        };
        let settings = Settings {
            owner: row.text(0).map_err(fail)?,
            is_trustworthy: row.flag(1).map_err(fail)?,
            is_chained: row.flag(2).map_err(fail)?,
            has_broker: row.flag(3).map_err(fail)?,
            has_cdc: row.flag(4).map_err(fail)?,
        };
        let mut files = Vec::new();
        for row in next() {
            let sort = match row.integer(1).map_err(fail)? {
                Some(1) => Sort::Log,
                Some(2) => Sort::Directory,
                _ => Sort::Rows,
            };
            files.push(File { name: row.string(0).map_err(fail)?, sort });
        }
        let number = self.known().next_file();
        let path = format!("{}mrt_{}_{number}.bak", self.places.backup, self.places.token);
        // What was committed may still be in memory alone.
        self.run_alone(action, from, &format!("EXEC {}.sys.sp_flush_log", ident(from))).await?;
        let sql = format!(
            "BACKUP DATABASE {} TO DISK = {} WITH COPY_ONLY, INIT, FORMAT, SKIP, NO_COMPRESSION",
            ident(from),
            literal(&path)
        );
        self.run_alone(action, from, &sql).await?;
        Ok(Backup { path, files, settings })
    }

    async fn restore(&self, action: &str, to: &str, backup: &Backup) -> Result<(), DatabaseError> {
        let number = self.known().next_file();
        let moves: Vec<String> = backup
            .files
            .iter()
            .zip(1..)
            .map(|(file, at)| {
                format!("MOVE {} TO {}", literal(&file.name), literal(&self.path(number, at, file.sort)))
            })
            .collect();
        let restore = format!(
            "RESTORE DATABASE {} FROM DISK = {} WITH {}, RECOVERY{}",
            ident(to),
            literal(&backup.path),
            moves.join(", "),
            // Under another name what captures changes is taken away otherwise.
            if backup.settings.has_cdc { ", KEEP_CDC" } else { "" }
        );
        self.run_alone(action, to, &restore).await?;
        for sql in again(to, &backup.settings) {
            self.run_alone(action, to, &sql).await?;
        }
        Ok(())
    }

    /// Where a file of a database goes: by numbers, since a database may be renamed and its files are not.
    fn path(&self, number: u64, at: u64, sort: Sort) -> String {
        let (directory, end) = match sort {
            Sort::Rows if at == 1 => (&self.places.data, ".mdf"),
            Sort::Rows => (&self.places.data, ".ndf"),
            Sort::Log => (&self.places.log, ".ldf"),
            Sort::Directory => (&self.places.data, ""),
        };
        format!("{directory}mrt_{}_{number}_{at}{end}", self.places.token)
    }

    /// Deletes backups that stand for nothing from the server's disk. Nothing that is documented does; both procedures are known for long, and where
    /// neither works a file is left that says by its name whose it was.
    pub(super) async fn delete_stale(&self) {
        let stale = std::mem::take(&mut self.known().stale);
        for Backup { path, .. } in stale {
            let file = literal(&path);
            let sql = format!(
                "BEGIN TRY EXEC master.sys.xp_delete_files {file} END TRY \
                 BEGIN CATCH EXEC master.sys.xp_delete_file 0, {file} END CATCH"
            );
            if let Err(error) = self.try_run(&sql).await {
                tracing::debug!(%path, %error, "a backup stays on the server's disk");
            }
        }
    }
}

/// Asks what a database has outside of its pages, and for its files.
pub(super) fn question(database: &str) -> String {
    let name = literal(database);
    format!(
        "SELECT CONVERT(nvarchar(128), SUSER_SNAME(owner_sid)), is_trustworthy_on, is_db_chaining_on, \
         is_broker_enabled, is_cdc_enabled FROM sys.databases WHERE name = {name}; \
         SELECT CONVERT(nvarchar(128), name), type FROM sys.master_files WHERE database_id = DB_ID({name}) \
         ORDER BY file_id"
    )
}

/// Statements that give a restored database what its source has outside of its pages.
fn again(name: &str, settings: &Settings) -> Vec<String> {
    let mut statements: Vec<String> =
        settings.owner.as_deref().map(|owner| owned_by(name, owner)).into_iter().collect();
    for (is_on, setting) in [
        (settings.is_trustworthy, "TRUSTWORTHY ON"),
        (settings.is_chained, "DB_CHAINING ON"),
        // Two databases of a server cannot have one identifier.
        (settings.has_broker, "NEW_BROKER WITH ROLLBACK IMMEDIATE"),
    ] {
        if is_on {
            statements.push(format!("ALTER DATABASE {} SET {setting}", ident(name)));
        }
    }
    statements
}

fn owned_by(database: &str, login: &str) -> String {
    format!("ALTER AUTHORIZATION ON DATABASE::{} TO {}", ident(database), ident(login))
}

/// A collation is a word without quotes.
fn is_collation(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_kept_for_what_nobody_can_change() {
        let backup = Backup { path: "b".to_owned(), files: Vec::new(), settings: Settings::default() };
        let mut known = Known::default();
        known.keep("d", &backup);
        known.has_served(backup.clone());
        assert_eq!(known.backups.get("d"), Some(&backup));
        assert!(known.stale.is_empty());
        known.expose("d");
        assert_eq!(std::mem::take(&mut known.stale), std::slice::from_ref(&backup));
        known.keep("d", &backup);
        assert_eq!(known.backups.get("d"), None);
        known.has_served(backup.clone());
        assert_eq!(std::mem::take(&mut known.stale), std::slice::from_ref(&backup));
        known.keep("e", &backup);
        known.forget_all();
        assert_eq!(known.stale, [backup]);
    }

    #[test]
    fn what_a_restored_database_lacks_is_said_again() {
        let settings = Settings {
            owner: Some("mrt".to_owned()),
            is_trustworthy: true,
            has_broker: true,
            ..Settings::default()
        };
        assert_eq!(
            again("d", &settings),
            [
                "ALTER AUTHORIZATION ON DATABASE::[d] TO [mrt]",
                "ALTER DATABASE [d] SET TRUSTWORTHY ON",
                "ALTER DATABASE [d] SET NEW_BROKER WITH ROLLBACK IMMEDIATE",
            ]
        );
        assert!(again("d", &Settings::default()).is_empty());
    }

    #[test]
    fn a_collation_is_no_place_for_sql() {
        assert!(is_collation("Latin1_General_100_CI_AS_SC_UTF8"));
        assert!(!is_collation("") && !is_collation("a; DROP DATABASE b"));
    }
}
