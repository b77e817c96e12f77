//! A session of ours on one database.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::cache::Catalogs;
use super::error::{Refusal, engine_error, refusal};
use super::normal::quote_name;
use super::script::without_transactions;
use super::types::Affinity;
use super::values::{Cell, bind};
use super::{Closing, catalog, write};
use crate::database::catalog::{Catalog, Table, TableName};
use crate::database::rows::{Contents, NewRow, Rejection, Rows, Value};
use crate::database::{CounterBehind, DatabaseError, DatabaseName, Session};

/// SQLite allows 500 parts of a compound SELECT.
const COMPOUND: usize = 400;
/// SQLite allows 32766 parameters.
const PARAMETERS: usize = 30_000;

/// A connection with its file; dropping it closes it, and the engine knows until that is done.
pub(super) struct SqliteSession {
    /// `None` only while being dropped.
    connection: Option<SqliteConnection>,
    database: DatabaseName,
    path: PathBuf,
    closing: Closing,
    catalogs: Catalogs,
}

impl SqliteSession {
    pub(super) fn new(
        connection: SqliteConnection,
        database: DatabaseName,
        path: PathBuf,
        closing: Closing,
        catalogs: Catalogs,
    ) -> Self {
        Self { connection: Some(connection), database, path, closing, catalogs }
    }

    fn link(&mut self) -> Link<'_> {
        let connection = self.connection.as_mut().expect("the connection is taken only by drop");
        Link { connection, path: &self.path }
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.closing.close(self.database.clone(), connection);
        }
    }
}

/// What every statement of ours goes through: the connection, and whose file it is.
pub(super) struct Link<'a> {
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) path: &'a Path,
}

impl Link<'_> {
    /// All rows that a statement gives.
    pub(super) async fn rows(&mut self, sql: String, action: &str) -> Result<Vec<SqliteRow>, DatabaseError> {
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        query.fetch_all(&mut *self.connection).await.map_err(|error| engine_error(error, action, self.path))
    }

    /// Runs statements of ours that give no rows and that only the engine can refuse.
    pub(super) async fn run(&mut self, sql: impl Into<String>, action: &str) -> Result<(), DatabaseError> {
        let result = sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&mut *self.connection).await;
        result.map(|_| ()).map_err(|error| engine_error(error, action, self.path))
    }

    /// Ends a transaction, whether or not there is one: a trigger or a commit can have ended it before.
    pub(super) async fn roll_back(&mut self) {
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut *self.connection).await;
    }

    /// The tables among these that hold rows.
    async fn with_rows<'t>(&mut self, tables: &[&'t TableName]) -> Result<Vec<&'t TableName>, DatabaseError> {
        let mut found = Vec::new();
        for tables in tables.chunks(COMPOUND) {
            let asks = tables
                .iter()
                .enumerate()
                .map(|(at, table)| format!("SELECT {at} WHERE EXISTS (SELECT 1 FROM {})", qualified(table)));
            let sql = asks.collect::<Vec<_>>().join(" UNION ALL ");
            for row in self.rows(sql, "look for rows").await? {
                let at: i64 = self.column(&row, 0)?;
                found.extend(usize::try_from(at).ok().and_then(|at| tables.get(at)));
            }
        }
        Ok(found)
    }

    async fn rows_of(&mut self, name: &TableName, table: &Table) -> Result<Rows, DatabaseError> {
        let action = format!("read the rows of {name}");
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let place = |key: &String| columns.iter().position(|name| name == key);
        let key: Vec<usize> = table.primary_key.iter().filter_map(place).collect();
        let list = columns.iter().map(|column| quote_name(column)).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT {list} FROM {}", qualified(name));

        let mut rows = Vec::new();
        for row in self.rows(sql, &action).await? {
            rows.push(Cell::row(&row).map_err(|error| engine_error(error, &action, self.path))?);
        }
        Ok(Rows { rows: in_order(rows, &key), columns, key })
    }

    pub(super) fn column<'r, T>(&self, row: &'r SqliteRow, at: usize) -> Result<T, DatabaseError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        row.try_get(at).map_err(|error| engine_error(error, "read an answer of SQLite", self.path))
    }

    /// Fills a temporary table, whose columns convert and compare as the real ones do, and asks it.
    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        const TABLE: &str = "temp.\"mrt candidates\"";
        const NUMBER: &str = "\"mrt number\"";
        let action = "try values against a condition";
        let definitions = columns
            .iter()
            .map(|(name, native)| format!(", {} {}", quote_name(name), Affinity::of(native).as_type()));
        let definitions = definitions.collect::<String>();
        let create =
            format!("CREATE TEMP TABLE \"mrt candidates\" ({NUMBER} INTEGER PRIMARY KEY{definitions})");
        self.run(format!("DROP TABLE IF EXISTS {TABLE}; {create}"), action).await?;

        for (chunk, some) in candidates.chunks(PARAMETERS / (columns.len() + 1)).enumerate() {
            let first = chunk * (PARAMETERS / (columns.len() + 1));
            let marks =
                (first..first + some.len()).map(|at| format!("({at}{})", ", ?".repeat(columns.len())));
            let sql = format!("INSERT INTO {TABLE} VALUES {}", marks.collect::<Vec<_>>().join(", "));
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            for candidate in some {
                debug_assert_eq!(candidate.len(), columns.len());
                for value in candidate {
                    query = bind(query, value);
                }
            }
            let result = query.execute(&mut *self.connection).await;
            result.map_err(|error| engine_error(error, action, self.path))?;
        }

        // As in a CHECK, NULL is as good as true.
        let ask = format!("SELECT {NUMBER}, (NOT ({condition}\n)) IS NOT 1 FROM {TABLE}");
        let mut answers = vec![false; candidates.len()];
        match self.answers(format!("{ask} ORDER BY 1")).await {
            Ok(rows) => set(&mut answers, &rows),
            Err(refused) => {
                rejected(refused)?;
                // Some candidate makes the condition fail; the others are not to blame.
                for at in 0..candidates.len() {
                    match self.answers(format!("{ask} WHERE {NUMBER} = {at}")).await {
                        Ok(rows) => set(&mut answers, &rows),
                        Err(refused) => drop(rejected(refused)?),
                    }
                }
            }
        }
        self.run(format!("DROP TABLE {TABLE}"), action).await?;
        Ok(answers)
    }

    async fn answers(&mut self, sql: String) -> Result<Vec<(i64, bool)>, Refusal> {
        let query = sqlx::query_as(AssertSqlSafe(sql)).persistent(false);
        let answers = query.fetch_all(&mut *self.connection).await;
        answers.map_err(|error| refusal(error, None, "evaluate a condition", self.path))
    }

    async fn advance_counters(&mut self, tables: &[TableName]) -> Result<(), DatabaseError> {
        let action = "advance the AUTOINCREMENT counters";
        // Only a table with AUTOINCREMENT has a row in there, and the table is there only with such a table.
        let exists = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'";
        if self.rows(exists.to_owned(), action).await?.is_empty() {
            return Ok(());
        }
        for table in tables {
            let sql = format!(
                "UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT max(rowid) FROM {}), 0)) \
                 WHERE name = ? COLLATE NOCASE",
                qualified(table)
            );
            // A table WITHOUT ROWID has no counter, and no rowid to ask for.
            let counted = "SELECT 1 FROM sqlite_sequence WHERE name = ? COLLATE NOCASE";
            let error = |error| engine_error(error, action, self.path);
            let counted = sqlx::query(counted).bind(&table.name).fetch_optional(&mut *self.connection).await;
            if counted.map_err(error)?.is_some() {
                let query = sqlx::query(AssertSqlSafe(sql)).bind(&table.name);
                query.execute(&mut *self.connection).await.map_err(error)?;
            }
        }
        Ok(())
    }

    async fn execute_script(&mut self, sql: &str) -> Result<(), Refusal> {
        let action = "run a script";
        self.run("BEGIN IMMEDIATE; PRAGMA defer_foreign_keys = ON", action).await?;
        // COMMIT is a step of its own: what it refuses, it leaves open.
        let mut result = Ok(());
        for step in [without_transactions(sql).as_str(), "COMMIT"] {
            result = sqlx::raw_sql(AssertSqlSafe(step)).execute(&mut *self.connection).await.map(|_| ());
            if result.is_err() {
                self.roll_back().await;
                break;
            }
        }
        result.map_err(|error| refusal(error, None, action, self.path))
    }
}

fn set(answers: &mut [bool], rows: &[(i64, bool)]) {
    for (at, answer) in rows {
        if let Some(slot) = usize::try_from(*at).ok().and_then(|at| answers.get_mut(at)) {
            *slot = *answer;
        }
    }
}

/// The rows canonically, by their key, then by everything.
fn in_order(mut rows: Vec<Vec<Cell>>, key: &[usize]) -> Vec<Vec<Option<String>>> {
    rows.sort_by(|one, other| {
        let by_key = key.iter().map(|at| one[*at].cmp(&other[*at])).find(|order| order.is_ne());
        by_key.unwrap_or_else(|| one.cmp(other))
    });
    rows.iter().map(|row| row.iter().map(Cell::canonical).collect()).collect()
}

/// A table's name in SQL. Without the schema a temporary table could stand in its place.
pub(super) fn qualified(table: &TableName) -> String {
    let schema = table.schema.as_deref().unwrap_or("main");
    format!("{}.{}", quote_name(schema), quote_name(&table.name))
}

/// The rejection, unless the engine failed.
pub(super) fn rejected(refusal: Refusal) -> Result<Rejection, DatabaseError> {
    match refusal {
        Refusal::Row { rejection, .. } => Ok(rejection),
        Refusal::Engine(error) => Err(error),
    }
}

#[async_trait]
impl Session for SqliteSession {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        let catalogs = self.catalogs.clone();
        catalog::read(&mut self.link(), &catalogs).await
    }

    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError> {
        let mut link = self.link();
        let tables: Vec<&TableName> = catalog.tables.keys().collect();
        let mut contents = Contents::default();
        for name in link.with_rows(&tables).await? {
            if let Some(table) = catalog.tables.get(name) {
                let rows = link.rows_of(name, table).await?;
                contents.tables.insert(name.clone(), rows);
            }
        }
        Ok(contents)
    }

    async fn insert(
        &mut self,
        rows: &[NewRow],
        defer: bool,
    ) -> Result<Vec<Result<(), Rejection>>, DatabaseError> {
        write::insert(&mut self.link(), rows, defer).await
    }

    async fn update(
        &mut self,
        row: &NewRow,
        set: &[(String, Value)],
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        write::update(&mut self.link(), row, set).await
    }

    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        self.link().satisfying(condition, columns, candidates).await
    }

    async fn advance_counters(&mut self, tables: &[TableName]) -> Result<(), DatabaseError> {
        self.link().advance_counters(tables).await
    }

    /// SQLite gives the next key past the largest one there is, whatever `sqlite_sequence` says.
    async fn counters_behind(&mut self, _tables: &[TableName]) -> Result<Vec<CounterBehind>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn try_insert(&mut self, row: &NewRow) -> Result<Result<(), Rejection>, DatabaseError> {
        write::try_insert(&mut self.link(), row).await
    }

    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        match self.link().execute_script(sql).await {
            Ok(()) => Ok(Ok(())),
            Err(refused) => rejected(refused).map(Err),
        }
    }
}
