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
mod history;
mod load;
mod look;
mod read;
mod save;

use std::str::FromStr;
use std::sync::Once;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Connection as _, Executor as _, Row as _, SqlSafeStr as _, Transaction};
use url::Url;

use crate::lease::Time;
use crate::plan::{ColumnId, RunId};

pub use bundles::{Bundles, Upload, UploadError};
pub use history::BRANCH;
pub use load::Seen;
pub use look::{CellSeen, ColumnSeen, Held, Standing, WorkersSeen};
pub use read::{Finished, Happened, Listed, Told};

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
    /// For people: without a password.
    name: String,
    pool: AnyPool,
}

/// A transaction that nobody else's can overtake.
pub struct Turn {
    kind: Kind,
    connection: Transaction<'static, Any>,
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

/// In order, by name.
const SQLITE: [(&str, &str); 4] = [
    ("state", include_str!("../migrations/sqlite/0001_state.sql")),
    ("cells changed", include_str!("../migrations/sqlite/0002_cells_changed.sql")),
    ("settings", include_str!("../migrations/sqlite/0003_settings.sql")),
    ("verdicts", include_str!("../migrations/sqlite/0004_verdicts.sql")),
];
const POSTGRES: [(&str, &str); 4] = [
    ("state", include_str!("../migrations/postgres/0001_state.sql")),
    ("cells changed", include_str!("../migrations/postgres/0002_cells_changed.sql")),
    ("settings", include_str!("../migrations/postgres/0003_settings.sql")),
    ("verdicts", include_str!("../migrations/postgres/0004_verdicts.sql")),
];

impl Kind {
    fn migrations(self) -> Migrator {
        let all = match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        };
        let migrations = (1..).zip(all).map(|(version, (name, sql))| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        });
        Migrator::with_migrations(migrations.collect())
    }

    /// What a new connection is told. One that stops in the middle of a transaction must not stop all others.
    fn session(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON"
            }
            Self::Postgres => {
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
        Self::open_with(url, AnyPoolOptions::new().max_connections(8)).await
    }

    /// A state in memory, which goes with this process: for a farm of one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn temporary() -> Result<Self, StoreError> {
        // A single connection has it all.
        let pool = AnyPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        Self::open_with("sqlite::memory:", pool).await
    }

    async fn open_with(url: &str, pool: AnyPoolOptions) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(install_default_drivers);
        let wrong = |message: String| StoreError::Url { message };
        let mut parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let kind = match parsed.scheme() {
            "sqlite" => Kind::Sqlite,
            "postgres" | "postgresql" => Kind::Postgres,
            other => return Err(wrong(format!("`{other}` is no database that it knows"))),
        };
        let options = AnyConnectOptions::from_str(url).map_err(|error| wrong(error.to_string()))?;
        let name = without_password(&mut parsed)?;
        let pool = pool
            .acquire_timeout(Duration::from_secs(15))
            // A file does not hang up.
            .test_before_acquire(kind != Kind::Sqlite)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(kind.session()).await.map(drop) })
            })
            // SQLite ends a transaction by itself when its disk is full, after which none can be begun on its connection: sqlx
            // believes that there is one.
            .before_acquire(|connection, _| {
                let is_usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_usable) })
            });
        let failed = |source| StoreError::Open { database: name.clone(), source };
        let pool = pool.connect_with(options).await.map_err(failed)?;
        kind.migrations()
            .run(&pool)
            .await
            .map_err(|source| StoreError::Migrate { database: name.clone(), source })?;
        Ok(Self { kind, name, pool })
    }

    /// Where it is, without its password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether other coordinators may write to it, too.
    pub fn is_shared(&self) -> bool {
        self.kind == Kind::Postgres
    }

    /// Begins a turn; others wait for its end. Without [`Turn::commit`] it leaves nothing behind.
    ///
    /// # Errors
    /// When the database does not answer, or another writer does not come to its end.
    pub async fn turn(&self) -> Result<Turn, StoreError> {
        let mut connection = self.pool.begin_with(self.kind.begin()).await.map_err(write)?;
        let row = sqlx::query(self.kind.take_turn()).fetch_one(&mut *connection).await.map_err(write)?;
        let number = |name: &str| row.try_get::<i64, _>(name).map_err(write).and_then(number);
        let (change, now) = (number("change")?, Time(number("now_ms")?));
        let (next_run, next_column) = (RunId(number("next_run")?), ColumnId(number("next_column")?));
        let names = (next_run, next_column);
        Ok(Turn { kind: self.kind, connection, now, change, next_run, next_column, names })
    }
}

impl Turn {
    /// Writes down what the turn has done.
    ///
    /// # Errors
    /// When it is not certain to be written; it may be all the same.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.names != (self.next_run, self.next_column) {
            sqlx::query("UPDATE state SET next_run = $1, next_column = $2 WHERE id = 1")
                .bind(stored(self.next_run.0))
                .bind(stored(self.next_column.0))
                .execute(&mut *self.connection)
                .await
                .map_err(write)?;
        }
        self.connection.commit().await.map_err(write)
    }
}

/// A URL as people may see it.
fn without_password(url: &mut Url) -> Result<String, StoreError> {
    // One that can have none has none.
    let _ = url.set_password(None);
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    // What it does not know it writes into the log.
    if pairs.iter().any(|(key, _)| key == "sslpassword") {
        let message = "`sslpassword` is not known; name a key that has none by `sslkey`".to_owned();
        return Err(StoreError::Url { message });
    }
    if pairs.iter().any(|(key, _)| key == "password") {
        url.set_query(None);
        for (key, value) in pairs.iter().filter(|(key, _)| key != "password") {
            url.query_pairs_mut().append_pair(key, value);
        }
    }
    Ok(url.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_a_password() {
        let seen = |url: &str| without_password(&mut Url::parse(url).unwrap());
        assert_eq!(seen("postgres://u:x@h/d").unwrap(), "postgres://u@h/d");
        assert_eq!(seen("postgres://u@h/d?password=x").unwrap(), "postgres://u@h/d");
        let between = "postgres://u@h/d?sslmode=require&password=x&a=b";
        assert_eq!(seen(between).unwrap(), "postgres://u@h/d?sslmode=require&a=b");
        let message = seen("postgres://u@h/d?sslpassword=hunter2").unwrap_err().to_string();
        assert!(message.contains("sslpassword") && !message.contains("hunter2"), "{message}");
    }
}
