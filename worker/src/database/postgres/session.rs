//! A session of ours on one database: reading.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgConnection;

use super::error::{classify, code};
use super::quote::{ident, literal};
use super::wire::batch;
use super::{OWNER, Shared, catalog, quote, wire, write};
use crate::database::catalog::{Catalog, ColumnType, Family, Table, TableName};
use crate::database::rows::{Contents, NewRow, Rejection, Rows, Value};
use crate::database::{CounterBehind, DatabaseError, Session};

/// SQLSTATE `invalid_sql_statement_name`.
const NO_SUCH_STATEMENT: &str = "26000";

/// A session as the administrator.
pub(super) struct PostgresSession {
    pub(super) connection: PgConnection,
    pub(super) database: String,
    shared: Arc<Shared>,
    /// The queries that read a catalog are prepared.
    prepared: bool,
}

impl PostgresSession {
    pub(super) async fn open(shared: Arc<Shared>, database: String) -> Result<Self, DatabaseError> {
        let options =
            shared.options(&database).options([("lock_timeout", "2s"), ("statement_timeout", "60s")]);
        match wire::connect(options).await {
            Ok(connection) => Ok(Self { connection, database, shared, prepared: false }),
            Err(error) => Err(classify(error, &format!("connect to database {database}"), &database)),
        }
    }

    /// From now on the session acts as the role that runs migrations.
    pub(super) async fn become_project(&mut self) -> Result<(), DatabaseError> {
        let fail = self.fail("become the project's role on");
        let sql = format!("SET ROLE {}", ident(&self.shared.role));
        batch(&mut self.connection, sql).await.map(drop).map_err(fail)
    }

    /// Ends the transaction that a failed reading has left open, so that the session is of use again.
    async fn or_roll_back<T>(&mut self, read: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if read.as_ref().err().is_some_and(|error| code(error).is_some()) {
            batch(&mut self.connection, "ROLLBACK".to_owned()).await?;
        }
        read
    }

    fn fail(&self, action: &str) -> impl Fn(sqlx::Error) -> DatabaseError + use<> {
        let (action, database) = (format!("{action} database {}", self.database), self.database.clone());
        move |error| classify(error, &action, &database)
    }
}

#[async_trait]
impl Session for PostgresSession {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        let fail = self.fail("read the catalog of");
        let mut read = catalog::read(&mut self.connection, self.shared.version, &mut self.prepared).await;
        if read.as_ref().err().and_then(code) == Some(NO_SUCH_STATEMENT) {
            // DISCARD, ours or of somebody's SQL, has taken what was prepared.
            self.prepared = false;
            batch(&mut self.connection, "ROLLBACK".to_owned()).await.map_err(&fail)?;
            read = catalog::read(&mut self.connection, self.shared.version, &mut self.prepared).await;
        }
        let mut catalog = self.or_roll_back(read).await.map_err(fail)?;
        if self.shared.role != OWNER {
            catalog::rename_role(&mut catalog, &self.shared.role, OWNER);
        }
        Ok(catalog)
    }

    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError> {
        let fail = self.fail("read the rows of");
        let filled = filled(&mut self.connection).await.map_err(&fail)?;
        let tables: Vec<(&TableName, &Table)> =
            catalog.tables.iter().filter(|(name, _)| filled.contains_key(name)).collect();
        let mut sql =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = public".to_owned();
        for (name, table) in &tables {
            let columns = quote::idents(table.columns.iter().map(|c| c.name.as_str()));
            // Rows of inheriting tables are those tables' own; a partitioned table has none itself.
            let only = if filled[name] == Kind::Partitioned { "" } else { "ONLY " };
            sql.push_str(&format!("; SELECT {columns} FROM {only}{}", quote::table(name)));
        }
        sql.push_str("; COMMIT");
        let read = batch(&mut self.connection, sql).await;
        let answers = self.or_roll_back(read).await.map_err(&fail)?;
        let mut contents = Contents::default();
        for ((name, table), rows) in tables.into_iter().zip(answers.into_iter().skip(2)) {
            if !rows.is_empty() {
                contents.tables.insert(name.clone(), self::rows(table, rows));
            }
        }
        Ok(contents)
    }

    async fn insert(
        &mut self,
        rows: &[NewRow],
        defer: bool,
    ) -> Result<Vec<Result<(), Rejection>>, DatabaseError> {
        write::insert(self, rows, defer).await
    }

    async fn update(
        &mut self,
        row: &NewRow,
        set: &[(String, Value)],
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        write::update(self, row, set).await
    }

    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        let mut verdicts = vec![false; candidates.len()];
        // Halves of what fails as a whole are asked on their own.
        let mut open = vec![(0, candidates.len())];
        while let Some((from, to)) = open.pop().filter(|(from, to)| from < to) {
            let sql = question(condition, columns, &candidates[from..to]);
            match batch(&mut self.connection, sql).await {
                Ok(answers) => {
                    let rows = answers.into_iter().nth(1).unwrap_or_default();
                    for (at, row) in (from..to).zip(rows) {
                        verdicts[at] = row.first().is_some_and(|v| v.as_deref() == Some("t"));
                    }
                }
                Err(error) => {
                    let gone = classify(error, "evaluate a condition", &self.database);
                    if !matches!(gone, DatabaseError::Refused { .. }) {
                        return Err(gone);
                    }
                    if to - from > 1 {
                        let middle = from.midpoint(to);
                        open.extend([(from, middle), (middle, to)]);
                    }
                }
            }
        }
        Ok(verdicts)
    }

    async fn advance_counters(&mut self, tables: &[TableName]) -> Result<(), DatabaseError> {
        write::advance_counters(self, tables).await
    }

    async fn counters_behind(&mut self, tables: &[TableName]) -> Result<Vec<CounterBehind>, DatabaseError> {
        write::counters_behind(self, tables).await
    }

    async fn try_insert(&mut self, row: &NewRow) -> Result<Result<(), Rejection>, DatabaseError> {
        write::try_insert(self, row).await
    }

    fn may_stay(&self) -> bool {
        true
    }

    async fn is_alive(&mut self) -> bool {
        batch(&mut self.connection, "SELECT 1".to_owned()).await.is_ok()
    }

    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        write::execute_script(self, sql).await
    }
}

/// Sorts of tables, as reading them goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    Partitioned,
}

/// Tables with something in them, seen by their files; a partitioned table by its partitions'.
async fn filled(connection: &mut PgConnection) -> Result<BTreeMap<TableName, Kind>, sqlx::Error> {
    let sql = "WITH RECURSIVE filled AS (\
         SELECT c.oid FROM pg_class c WHERE c.oid >= 16384 AND c.relkind = 'r' AND c.relpersistence <> 't' \
         AND pg_relation_size(c.oid) > 0 \
         UNION SELECT i.inhparent FROM pg_inherits i JOIN filled f ON f.oid = i.inhrelid) \
         SELECT n.nspname, c.relname, c.relkind FROM filled f JOIN pg_class c ON c.oid = f.oid \
         JOIN pg_namespace n ON n.oid = c.relnamespace";
    let rows = batch(connection, sql.to_owned()).await?.into_iter().flatten();
    Ok(rows
        .map(|row| {
            let [schema, name, kind] = <[_; 3]>::try_from(row).unwrap_or_default();
            let schema = schema.filter(|s| s != "public");
            let kind = if kind.as_deref() == Some("p") { Kind::Partitioned } else { Kind::Ordinary };
            (TableName { schema, name: name.unwrap_or_default() }, kind)
        })
        .collect())
}

/// Rows in canonical form and order.
fn rows(table: &Table, mut rows: Vec<Vec<Option<String>>>) -> Rows {
    let columns: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    for row in &mut rows {
        for (value, column) in row.iter_mut().zip(&table.columns) {
            if let Some(text) = value {
                canonical(&column.ty, text);
            }
        }
    }
    let key: Vec<usize> =
        table.primary_key.iter().filter_map(|name| columns.iter().position(|c| c == name)).collect();
    rows.sort_by(|one, other| {
        let by_key = key.iter().map(|&at| compare(&one[at], &other[at])).find(|o| o.is_ne());
        by_key.unwrap_or_else(|| {
            one.iter().zip(other).map(|(a, b)| compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        })
    });
    Rows { columns, key, rows }
}

/// The server prints equal values alike, but for decimals of no declared scale: 1.5 equals 1.50.
fn canonical(ty: &ColumnType, text: &mut String) {
    if matches!(ty.family, Family::Decimal { scale: None, .. }) && text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
}

/// Numbers as numbers, everything else as text.
fn compare(one: &Option<String>, other: &Option<String>) -> Ordering {
    let number = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<i128>().ok());
    match (number(one), number(other)) {
        (Some(a), Some(b)) => a.cmp(&b).then_with(|| one.cmp(other)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => one.cmp(other),
    }
}

/// A query that answers a condition for every candidate, in order.
fn question(condition: &str, columns: &[(String, String)], candidates: &[Vec<Value>]) -> String {
    let mut rows = String::new();
    for (at, candidate) in candidates.iter().enumerate() {
        rows.push_str(if at == 0 { "(" } else { ", (" });
        rows.push_str(&at.to_string());
        for (value, (_, native)) in candidate.iter().zip(columns) {
            rows.push_str(&format!(", CAST({} AS {native})", quote::value(value)));
        }
        rows.push(')');
    }
    let names = std::iter::once("mrt ordinal").chain(columns.iter().map(|(name, _)| name.as_str()));
    let mut source = format!("(VALUES {rows}) AS v({})", quote::idents(names));
    // A domain's condition says VALUE, which without quotes is a name in small letters.
    if columns.iter().any(|(name, _)| name == "VALUE") && !columns.iter().any(|(name, _)| name == "value") {
        source = format!("(SELECT v.*, v.\"VALUE\" AS value FROM {source}) AS v");
    }
    format!(
        "SET LOCAL search_path = public; SELECT ({condition}) IS NOT FALSE FROM {source} ORDER BY {}",
        ident("mrt ordinal")
    )
}

/// A table as a literal that `to_regclass` and casts read.
pub(super) fn regclass(name: &TableName) -> String {
    format!("{}::regclass", literal(&quote::table(name)))
}
