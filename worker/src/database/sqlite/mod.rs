//! SQLite: databases are files in one directory, and we read and write them in this process.
//!
//! What SQLite knows about a table beyond its columns it keeps as the text of `CREATE TABLE`. So `token`, `ddl` and
//! `normal` read SQL text, `catalog` puts that together with what the pragmas tell, `session` and `write` move rows.

mod cache;
mod catalog;
mod ddl;
mod definition;
mod dialect;
mod error;
mod files;
mod normal;
mod objects;
mod script;
mod session;
#[cfg(test)]
mod tests;
mod token;
mod types;
mod values;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mrt_chain::settings::Target;
use nix::sys::statvfs::statvfs;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tokio::task::JoinHandle;

use super::rows::Rejection;
use super::{DatabaseError, DatabaseName, Dialect, Disconnected, Engine, Session};
use cache::Catalogs;
use dialect::SqliteDialect;
use error::{engine_error, io_error};
use session::SqliteSession;

/// How long we wait for a lock. Nobody else should hold one, so this covers a process that is just ending.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Who must be able to write the files, when the migrations run as a user of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// A directory of SQLite databases.
#[derive(Debug)]
pub struct Sqlite {
    dir: PathBuf,
    owner: Option<Owner>,
    initial_sql: Vec<String>,
    /// How large a database may get.
    disk: u64,
    version: String,
    closing: Closing,
    catalogs: Catalogs,
}

impl Sqlite {
    /// Opens the directory `dir`, making it if need be; it and its files go to `owner`, if one is given.
    pub async fn open(dir: &Path, target: &Target, owner: Option<Owner>) -> Result<Self, DatabaseError> {
        let action = "open the directory of SQLite databases";
        let dir = std::fs::create_dir_all(dir)
            .and_then(|()| match owner {
                Some(owner) => std::os::unix::fs::chown(dir, Some(owner.uid), Some(owner.gid)),
                None => Ok(()),
            })
            .and_then(|()| dir.canonicalize())
            .map_err(|error| io_error(error, action, dir))?;
        let memory = Path::new(":memory:");
        let version = async {
            let mut connection = options(memory).connect().await?;
            let version: String =
                sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
            connection.close().await?;
            Ok(version)
        };
        let version = version.await.map_err(|error| engine_error(error, "start SQLite", memory))?;
        Ok(Self {
            dir,
            owner,
            initial_sql: target.initial_sql.clone(),
            disk: target.disk,
            version,
            closing: Closing::default(),
            catalogs: Catalogs::default(),
        })
    }

    fn path(&self, database: &DatabaseName) -> PathBuf {
        self.dir.join(format!("{database}.db"))
    }

    /// Brings into the main file what a killed process has left beside it.
    async fn settle(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let path = self.path(database);
        if !files::has_left_overs(&path) {
            return Ok(());
        }
        let action = "recover a database";
        let error = |error| engine_error(error, action, &path);
        // Reading rolls a hot journal back. The last connection to close takes the write-ahead log along,
        // but only without such an error as the checkpoint would name.
        let mut connection = options(&path).connect().await.map_err(error)?;
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await;
        let closed = connection.close().await;
        let busy = checkpoint.and_then(|row| row.try_get::<i64, _>(0)).map_err(error)?;
        closed.map_err(error)?;
        if busy != 0 || files::has_left_overs(&path) {
            return Err(DatabaseError::Locked { action: action.to_owned(), database: database.to_string() });
        }
        Ok(())
    }

    async fn run_initial_sql(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        let path = self.path(database);
        let error = |error| engine_error(error, "run initial_sql", &path);
        let mut connection = options(&path).connect().await.map_err(error)?;
        let mut result = Ok(());
        for sql in &self.initial_sql {
            // As it is, without a transaction around it: it may set a journal mode, which no transaction allows.
            result = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut connection).await.map(|_| ());
            if result.is_err() {
                break;
            }
        }
        let closed = connection.close().await;
        result.and(closed).map_err(error)
    }
}

#[async_trait]
impl Engine for Sqlite {
    fn version(&self) -> &str {
        &self.version
    }

    fn dialect(&self) -> &dyn Dialect {
        &SqliteDialect
    }

    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String {
        let driver = driver.map(|driver| format!("+{driver}")).unwrap_or_default();
        format!("sqlite{driver}:///{}", self.path(database).display())
    }

    fn connect_hint(&self, database: &DatabaseName) -> String {
        let path = self.path(database).display().to_string();
        let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+:@".contains(c));
        if plain { format!("sqlite3 {path}") } else { format!("sqlite3 '{}'", path.replace('\'', "'\\''")) }
    }

    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.closing.wait(&[database]).await;
        files::create(&self.path(database), self.owner)?;
        if self.initial_sql.is_empty() {
            return Ok(());
        }
        let result = self.run_initial_sql(database).await;
        if result.is_err() {
            files::remove(&self.path(database))?;
        }
        result
    }

    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        self.closing.wait(&[from, to]).await;
        self.settle(from).await?;
        let (source, copy, owner) = (self.path(from), self.path(to), self.owner);
        let copied = tokio::task::spawn_blocking(move || files::copy(&source, &copy, owner)).await;
        copied.map_err(|error| DatabaseError::Refused {
            action: "clone a database".to_owned(),
            source: Box::new(error),
        })?
    }

    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError> {
        self.closing.wait(&[from, to]).await;
        files::rename(&self.path(from), &self.path(to))
    }

    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError> {
        self.closing.wait(&[database]).await;
        files::remove(&self.path(database))
    }

    /// There is no server that could end a session: a process that still has the file open is its owner's to end.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError> {
        self.closing.wait(&[database]).await;
        Ok(Disconnected::default())
    }

    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError> {
        let action = "connect to a database";
        let path = self.path(database);
        if !path.exists() {
            return Err(files::missing(&path, action));
        }
        let connection =
            options(&path).connect().await.map_err(|error| engine_error(error, action, &path))?;
        let (closing, catalogs) = (self.closing.clone(), self.catalogs.clone());
        Ok(Box::new(SqliteSession::new(connection, database.clone(), path, closing, catalogs)))
    }

    async fn has_open_transaction(&self, database: &DatabaseName) -> Result<bool, DatabaseError> {
        let action = "see whether a transaction is open";
        let path = self.path(database);
        if !path.exists() {
            return Ok(false);
        }
        let error = |error| engine_error(error, action, &path);
        // A transaction that has written holds a lock that no second writer gets.
        let options = options(&path).busy_timeout(Duration::ZERO);
        let mut connection = options.connect().await.map_err(error)?;
        let begun = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await;
        let closed = connection.close().await;
        match begun.map_err(error) {
            Err(DatabaseError::Locked { .. }) => Ok(true),
            Err(error) => Err(error),
            Ok(_) => closed.map(|()| false).map_err(error),
        }
    }

    async fn execute_as_project(
        &self,
        database: &DatabaseName,
        sql: &str,
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        self.connect(database).await?.execute_script(sql).await
    }

    fn private_names(&self, _database: &DatabaseName) -> Vec<(String, String)> {
        vec![(self.dir.display().to_string(), "<directory>".to_owned())]
    }

    async fn close(&self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn ping(&self) -> Result<(), DatabaseError> {
        std::fs::read_dir(&self.dir).map(|_| ()).map_err(|error| DatabaseError::ServerGone {
            action: format!("look into {}", self.dir.display()),
            source: Box::new(error),
        })
    }

    /// A database, and a journal as large, must fit where the files are.
    async fn has_room(&self) -> Result<(), DatabaseError> {
        let action = "find room for a database";
        let disk = statvfs(&self.dir).map_err(|error| io_error(error.into(), action, &self.dir))?;
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        let wanted = self.disk.saturating_mul(2);
        if free >= wanted {
            return Ok(());
        }
        let source = NoRoom { dir: self.dir.clone(), free, wanted };
        Err(DatabaseError::Exhausted { action: action.to_owned(), source: Box::new(source) })
    }
}

/// The disk on which the databases lie is too small for what the settings allow them.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} has {} MB left, and a database with its journal may take {} MB; free some, set TMPDIR to a larger disk, or lower \
     `disk` of the target in mrt.toml",
    dir.display(), free >> 20, wanted >> 20
)]
struct NoRoom {
    dir: PathBuf,
    free: u64,
    wanted: u64,
}

/// How we connect: never making a file, and without waiting for a disk (a torn database is thrown away).
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Off)
        .pragma("temp_store", "MEMORY")
        .row_buffer_size(1024)
        .disable_statement_logging()
}

/// Sessions that were dropped and whose connections are still being closed.
///
/// Closing runs on the connection's own thread, and with a write-ahead log it writes: nobody may copy, move or
/// remove the file before it is over.
#[derive(Debug, Clone, Default)]
struct Closing(Arc<Mutex<Vec<ClosingSession>>>);

type ClosingSession = (DatabaseName, JoinHandle<()>);

impl Closing {
    /// Closes a connection in the background.
    fn close(&self, database: DatabaseName, connection: SqliteConnection) {
        // Without a runtime nobody can wait for it either; dropping closes as well.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let closing = runtime.spawn(async move {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "closing a SQLite connection failed");
            }
        });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, closing)| !closing.is_finished());
        all.push((database, closing));
    }

    /// Waits until no dropped session has any of these databases open.
    async fn wait(&self, databases: &[&DatabaseName]) {
        let ours = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extract_if(.., |(database, _)| databases.contains(&&*database)).collect::<Vec<_>>()
        };
        for (_, closing) in ours {
            // A task that panicked has dropped its connection.
            let _ = closing.await;
        }
    }
}
