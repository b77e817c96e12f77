//! What we ask of a database engine.
//!
//! The check knows only [`Engine`], [`Session`] and the model in [`catalog`] and [`rows`]; how an engine clones,
//! reads its catalog or spells a value is known in that engine's own module and nowhere else.

pub mod catalog;
mod credentials;
pub mod mssql;
pub mod mysql;
mod objects;
pub mod oracle;
pub mod postgres;
pub mod rows;
pub mod sqlite;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;

use catalog::{Attributes, Catalog, ColumnType, ObjectKey, TableName};
use rows::{Contents, NewRow, Rejection, Value};

/// The name of a database on a server; letters, digits and underscores, so it needs no quoting anywhere.
///
/// For SQLite it names a file in the server's directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseName(String);

impl DatabaseName {
    /// A name from a fixed prefix and a number, so that two names made from equal parts are equal.
    pub fn new(prefix: &str, number: usize) -> Self {
        debug_assert!(prefix.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        Self(format!("mrt_{prefix}_{number:04}"))
    }

    /// The bare name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an engine can fail with. Never a verdict: the check decides what a failure means.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The server cannot be reached, is shutting down, or ended our session.
    #[error("the database server is gone while trying to {action}")]
    ServerGone {
        /// What we were doing.
        action: String,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server has run out of something that cells share: disk, memory, connections (SQLSTATE class 53).
    #[error("the database server is out of resources while trying to {action}")]
    Exhausted {
        /// What we were doing.
        action: String,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database itself does not exist (any more).
    #[error("database {database} does not exist while trying to {action}")]
    NoDatabase {
        /// What we were doing.
        action: String,
        /// Which database.
        database: String,
    },
    /// A lock is held by somebody else for longer than we wait.
    #[error("a lock on database {database} is held by another session while trying to {action}")]
    Locked {
        /// What we were doing.
        action: String,
        /// Which database.
        database: String,
    },
    /// The server refused a statement of ours.
    #[error("cannot {action}")]
    Refused {
        /// What we were doing.
        action: String,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DatabaseError {
    /// Whether something has run out that nobody's SQL asked for.
    pub fn is_about_resources(&self) -> bool {
        matches!(self, Self::Exhausted { .. })
    }
}

/// What ending the sessions on a database came upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disconnected {
    /// Sessions that were ended.
    pub sessions: u32,
    /// Of those, the ones that sat in an open transaction (which is now rolled back).
    pub in_transaction: u32,
}

/// A counter that will collide with a key that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterBehind {
    /// The table.
    pub table: TableName,
    /// The column that the counter feeds.
    pub column: String,
    /// The next key that it would give.
    pub next: String,
    /// The largest key in the column.
    pub largest: String,
}

/// One running server (or directory of files) of one target: databases come to be, are cloned and go.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The server's own version, as it goes into the log ("15.18").
    fn version(&self) -> &str;

    /// Facts of this engine's SQL that planning and seeding need; no I/O.
    fn dialect(&self) -> &dyn Dialect;

    /// The URL under which the migration project reaches `database`, with the given SQLAlchemy driver
    /// (`psycopg2` in `postgresql+psycopg2://`), or the engine's default driver.
    fn project_url(&self, database: &DatabaseName, driver: Option<&str>) -> String;

    /// How a person connects to `database` with the engine's own client; shown for `--keep`.
    fn connect_hint(&self, database: &DatabaseName) -> String;

    /// Makes an empty database as the target's settings say (locale, extensions, initial SQL, owner role),
    /// replacing one of that name.
    async fn create(&self, database: &DatabaseName) -> Result<(), DatabaseError>;

    /// Makes `to` an exact copy of `from`, replacing `to`; database-level settings and grants included.
    /// Nothing may be connected to `from`.
    async fn clone_database(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError>;

    /// Renames a database to which nothing is connected, replacing `to`.
    async fn rename(&self, from: &DatabaseName, to: &DatabaseName) -> Result<(), DatabaseError>;

    /// Drops a database and whatever is connected to it; no error when it is not there.
    async fn drop_database(&self, database: &DatabaseName) -> Result<(), DatabaseError>;

    /// Ends every session on `database`.
    async fn disconnect(&self, database: &DatabaseName) -> Result<Disconnected, DatabaseError>;

    /// Opens a session of ours, with every setting that changes how values print pinned.
    async fn connect(&self, database: &DatabaseName) -> Result<Box<dyn Session>, DatabaseError>;

    /// Whether a session of somebody else's sits in an open transaction on `database` (or, on SQLite, holds its
    /// write lock).
    async fn has_open_transaction(&self, database: &DatabaseName) -> Result<bool, DatabaseError>;

    /// Runs SQL on `database` in the role of the migrations, all of it or nothing.
    async fn execute_as_project(
        &self,
        database: &DatabaseName,
        sql: &str,
    ) -> Result<Result<(), Rejection>, DatabaseError>;

    /// Texts that name this run or server (role, host and port, path) and what a report says instead.
    fn private_names(&self, database: &DatabaseName) -> Vec<(String, String)>;

    /// Whether databases share what a migration can change (roles), so that what one revision does there can be
    /// seen by all others on the server.
    fn shares_objects(&self) -> bool {
        false
    }

    /// Why migrations may not write what databases share, where that is not the project's doing.
    fn forbids_server_wide(&self) -> Option<&'static str> {
        None
    }

    /// Reads what databases share and migrations can change.
    async fn server_wide(&self) -> Result<BTreeMap<ObjectKey, Attributes>, DatabaseError> {
        Ok(BTreeMap::new())
    }

    /// Makes the server as it was when it was opened: drops every database of ours, and then gives back to what they
    /// shared the state that it had. Nothing else may be under way.
    async fn reset(&self) -> Result<(), DatabaseError> {
        Ok(())
    }

    /// Takes back what was made on a server that is not ours: databases, the role.
    async fn close(&self) -> Result<(), DatabaseError>;

    /// `Ok` when the server answers.
    async fn ping(&self) -> Result<(), DatabaseError>;

    /// `Ok` when all the room is there that the target's settings promise to one database, so that a step which
    /// found none, with nothing beside it, has used it up itself. A server of ours has its room to itself.
    async fn has_room(&self) -> Result<(), DatabaseError> {
        self.ping().await
    }
}

/// A session on one database, as an administrator: row security does not apply, triggers do.
#[async_trait]
pub trait Session: Send + Sync {
    /// Reads everything that a rollback can lose, normalised.
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError>;

    /// Reads the rows of every table of `catalog` that holds any, canonically and in a stable order.
    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError>;

    /// Inserts rows, in order. A refused row does not stop the others; the answer has one entry per row.
    /// With `defer`, constraints that can be deferred are, until all rows are in.
    async fn insert(
        &mut self,
        rows: &[NewRow],
        defer: bool,
    ) -> Result<Vec<Result<(), Rejection>>, DatabaseError>;

    /// Sets columns of the row that `row` inserted (found by its primary key), to close foreign key cycles.
    async fn update(
        &mut self,
        row: &NewRow,
        set: &[(String, Value)],
    ) -> Result<Result<(), Rejection>, DatabaseError>;

    /// Evaluates a condition over candidate rows without touching any table.
    ///
    /// `columns` gives the names that `condition` uses, with their native types; each candidate has one value
    /// per column. `true` also where the condition is unknown (NULL), as in CHECK. A candidate whose
    /// evaluation raises an error is `false`.
    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError>;

    /// Moves every sequence, identity and counter that feeds a column of `tables` past the column's largest value.
    async fn advance_counters(&mut self, tables: &[TableName]) -> Result<(), DatabaseError>;

    /// Counters that would hand out a key that is not past the largest one there is.
    async fn counters_behind(&mut self, _tables: &[TableName]) -> Result<Vec<CounterBehind>, DatabaseError> {
        Ok(Vec::new())
    }

    /// Inserts one row and takes it back, to see whether default keys still work.
    async fn try_insert(&mut self, row: &NewRow) -> Result<Result<(), Rejection>, DatabaseError>;

    /// Whether the session is in nobody's way while a step runs, so that it may stay open. A new session on a server is
    /// a new process there, which has to learn the catalog first.
    fn may_stay(&self) -> bool {
        false
    }

    /// Whether a session that has stayed is still of use.
    async fn is_alive(&mut self) -> bool {
        true
    }

    /// Runs SQL of the user's (initial SQL, seed files), all of it or nothing.
    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError>;
}

/// What seeding and planning must know of an engine's SQL; pure.
pub trait Dialect: Send + Sync {
    /// The tokenizer rules of this engine.
    fn sql(&self) -> &dyn sqlparser::dialect::Dialect;

    /// An unquoted identifier as the engine stores it (`Users` is `users` on PostgreSQL).
    fn fold(&self, identifier: &str) -> String;

    /// A column of texts, to be compared letter by letter.
    fn exact(&self, column: &str) -> String {
        format!("\"{}\"", column.replace('"', "\"\""))
    }

    /// A string literal.
    fn literal(&self, text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    /// Values of a type that the common families do not cover (`inet`, `tsrange`, …): different, plausible,
    /// accepted by the type's input. The first ones are ordinary, `edge` ones are extremes. Empty: unknown type.
    fn samples(&self, ty: &ColumnType, edge: bool) -> Vec<Value>;

    /// Whether a failure, by the driver's code and words, speaks of the server rather than of the statement: it
    /// went away, shut down, or ran out of what cells share.
    fn speaks_of_server(&self, _code: Option<&str>, _message: &str) -> bool {
        false
    }

    /// Whether such a failure says that there is no room for more data.
    fn speaks_of_room(&self, _code: Option<&str>, _message: &str) -> bool {
        false
    }

    /// A message without what it tells of the server alone, and what is another on the next one though the input is
    /// equal: the names of its files.
    fn without_files(&self, message: &str) -> String {
        message.to_owned()
    }

    /// Whether a statement was refused over what a text says, which it could not read as something else. SQLSTATE has
    /// class 22 for that; a text that is too long (22001) says nothing of its words.
    fn is_about_text(&self, code: Option<&str>, _message: &str) -> bool {
        code.is_some_and(|code| code.len() == 5 && code.starts_with("22") && code != "22001")
    }

    /// Whether a statement was refused since its user may not run it.
    fn lacks_privilege(&self, code: Option<&str>) -> bool {
        code == Some("42501")
    }

    /// Whether a schema is a database beside ours, and privileges are the server's, kept under the names of databases: whoever
    /// makes the one or grants the other then writes outside of the database.
    fn schemas_are_databases(&self) -> bool {
        false
    }

    /// Whether who logs in is the server's, and the users and roles of a database are its own, so that a database is written outside
    /// of only by what is about logins.
    fn logins_are_apart(&self) -> bool {
        false
    }

    /// Whether a pattern of LIKE knows classes of characters: `[0-9]`, `[^a]`.
    fn likes_classes(&self) -> bool {
        false
    }

    /// The largest text, in characters, that edge rows put into an unbounded text column.
    fn longest_unbounded_text(&self) -> usize {
        10_000
    }
}
