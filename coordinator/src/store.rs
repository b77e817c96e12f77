//! The state of the farm in a database: SQLite for one coordinator, PostgreSQL for several behind one address.
//!
//! Writers come one after the other, over all coordinators: a transaction begins by taking the one row of `state`, and
//! learns by its number whether somebody else has written since. The database's clock is the only one that counts.

/// Milliseconds since 1970 on SQLite: this machine's clock.
macro_rules! sqlite_now {
    () => {
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
    };
}
/// Milliseconds since 1970 on PostgreSQL: its machine's clock, also in a transaction that has waited.
macro_rules! postgres_now {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    };
}

mod bulk;
mod bundles;
mod load;
mod read;
mod save;

use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, Row as _, SqlSafeStr as _};
use tempfile::TempDir;
use url::Url;

use crate::lease::Time;
use crate::plan::{ColumnId, RunId};

pub use bundles::{Bundles, Upload};
pub use load::Seen;
pub use read::{Listed, Told};

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is in no database that can be used.
    #[error(
        "the database URL is wrong: {message}; use sqlite:///path/to/a/file or postgres://user@host/database"
    )]
    Url {
        /// What is wrong with it.
        message: String,
    },
    /// The directory of the embedded database cannot be made.
    #[error("cannot make the directory {}", path.display())]
    Directory {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be reached, or is not ours.
    #[error("cannot open the state in {database}")]
    Open {
        /// Where, without its password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its tables cannot be brought to what this version needs.
    #[error(
        "cannot bring the state in {database} up to date; an older coordinator does not read a newer one's state"
    )]
    Migrate {
        /// Where, without its password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// A statement failed.
    #[error("cannot {action} the state")]
    Statement {
        /// `read`, `write`.
        action: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// What is in it was not written by us.
    #[error("the state holds what no coordinator writes: {what}")]
    Foreign {
        /// Where, and what.
        what: String,
    },
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// Where the state is.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Kind,
    options: AnyConnectOptions,
    /// For people: without a password.
    name: String,
    /// For reading alone.
    pool: AnyPool,
    /// Where it is, when it goes with this process.
    temporary: Option<Arc<TempDir>>,
}

/// How directories of temporary states are named, before the process's number.
const TEMPORARY: &str = "mrt-state-";

/// A transaction that nobody else's can overtake.
pub struct Turn {
    kind: Kind,
    connection: AnyConnection,
    /// When it is.
    pub now: Time,
    /// Its number.
    pub change: u64,
    /// The next run's name.
    pub next_run: RunId,
    /// The next column's name.
    pub next_column: ColumnId,
    /// Both, as they stand in the database.
    names: (RunId, ColumnId),
}

const SQLITE: &str = include_str!("../migrations/sqlite/0001_state.sql");
const POSTGRES: &str = include_str!("../migrations/postgres/0001_state.sql");

impl Kind {
    fn migrations(self) -> Migrator {
        let state = match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        };
        let migration = |version, name: &'static str, sql: &'static str| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        };
        Migrator::with_migrations(vec![migration(1, "state", state)])
    }

    /// What a new connection is told. One that stops in the middle of a transaction must not stop all others.
    fn session(self, durable: bool) -> &'static str {
        match (self, durable) {
            (Self::Sqlite, true) => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON"
            }
            // Nobody reads it again after this process.
            (Self::Sqlite, false) => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON"
            }
            (Self::Postgres, _) => {
                "SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '15s'; SET statement_timeout = '60s'"
            }
        }
    }

    fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Takes the turn. Readers of the answer know that nobody else writes until the transaction has ended.
    fn take_turn(self) -> &'static str {
        match self {
            Self::Sqlite => concat!(
                "UPDATE state SET change = change + 1 WHERE id = 1 RETURNING change, next_run, next_column, ",
                sqlite_now!(),
                " AS now_ms"
            ),
            Self::Postgres => concat!(
                "UPDATE state SET change = change + 1 WHERE id = 1 RETURNING change, next_run, next_column, ",
                postgres_now!(),
                " AS now_ms"
            ),
        }
    }
}

impl Store {
    /// Opens the state, and makes its tables where they are not there yet.
    ///
    /// # Errors
    /// When the database cannot be reached, or holds what a newer version has written.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_as(url, None).await
    }

    async fn open_as(url: &str, temporary: Option<Arc<TempDir>>) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(install_default_drivers);
        let wrong = |message: String| StoreError::Url { message };
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let kind = match parsed.scheme() {
            "sqlite" => Kind::Sqlite,
            "postgres" | "postgresql" => Kind::Postgres,
            other => return Err(wrong(format!("`{other}` is no database that it knows"))),
        };
        let options = AnyConnectOptions::from_str(url).map_err(|error| wrong(error.to_string()))?;
        let mut public = parsed;
        // A URL that can have none has none.
        let _ = public.set_password(None);
        let name = public.to_string();
        let failed = |source| StoreError::Open { database: name.clone(), source };
        let session = kind.session(temporary.is_none());
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(15))
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(session).await.map(drop) })
            })
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        kind.migrations()
            .run(&pool)
            .await
            .map_err(|source| StoreError::Migrate { database: name.clone(), source })?;
        Ok(Self { kind, options, name, pool, temporary })
    }

    /// A state that goes with this process: for a farm of one.
    ///
    /// # Errors
    /// When there is no place for it.
    pub async fn temporary() -> Result<Self, StoreError> {
        let place = std::env::temp_dir();
        sweep(&place);
        let prefix = format!("{TEMPORARY}{}-", std::process::id());
        let directory = tempfile::Builder::new().prefix(&prefix).tempdir_in(&place);
        let directory = directory.map_err(|source| StoreError::Directory { path: place, source })?;
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("state.db").display());
        Self::open_as(&url, Some(Arc::new(directory))).await
    }

    /// Where it is, without its password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether other coordinators may write to it, too.
    pub fn is_shared(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// A connection for turns.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let failed = |source| StoreError::Open { database: self.name.clone(), source };
        let mut connection = AnyConnection::connect_with(&self.options).await.map_err(failed)?;
        connection.execute(self.kind.session(self.temporary.is_none())).await.map_err(failed)?;
        Ok(connection)
    }

    /// Begins a turn; others wait for its end. Without [`Turn::commit`] it leaves nothing behind.
    ///
    /// # Errors
    /// When the database does not answer, or another writer does not come to its end.
    pub async fn turn(&self, mut connection: AnyConnection) -> Result<Turn, StoreError> {
        connection.execute(self.kind.begin()).await.map_err(write)?;
        let row = sqlx::query(self.kind.take_turn()).fetch_one(&mut connection).await.map_err(write)?;
        let number = |name: &str| row.try_get::<i64, _>(name).map_err(write).and_then(number);
        let (change, now) = (number("change")?, Time(number("now_ms")?));
        let (next_run, next_column) = (RunId(number("next_run")?), ColumnId(number("next_column")?));
        Ok(Turn {
            kind: self.kind,
            connection,
            now,
            change,
            next_run,
            next_column,
            names: (next_run, next_column),
        })
    }
}

impl Turn {
    /// Writes down what the turn has done, and gives the connection back.
    ///
    /// # Errors
    /// When it is not certain to be written; it may be all the same.
    pub async fn commit(mut self) -> Result<AnyConnection, StoreError> {
        if self.names != (self.next_run, self.next_column) {
            sqlx::query("UPDATE state SET next_run = $1, next_column = $2 WHERE id = 1")
                .bind(stored(self.next_run.0))
                .bind(stored(self.next_column.0))
                .execute(&mut self.connection)
                .await
                .map_err(write)?;
        }
        self.connection.execute("COMMIT").await.map_err(write)?;
        Ok(self.connection)
    }
}

fn read(source: sqlx::Error) -> StoreError {
    StoreError::Statement { action: "read", source }
}

fn write(source: sqlx::Error) -> StoreError {
    StoreError::Statement { action: "write", source }
}

/// Numbers are stored as signed ones, bit by bit.
fn stored(number: u64) -> i64 {
    number.cast_signed()
}

fn number(stored: i64) -> Result<u64, StoreError> {
    Ok(stored.cast_unsigned())
}

/// Removes the temporary states of processes that were killed.
fn sweep(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(TEMPORARY)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner.to_string()).exists()) {
            // Another user's cannot be removed, and is not ours to.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
