//! A session of ours on one database: reading.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::mysql::MySqlConnection;

use super::error::classify;
use super::quote::{self, ident};
use super::values::Reading;
use super::wire::{Row, batch, fixed};
use super::{OWNER, Shared, catalog, counters, wire, write};
use crate::database::catalog::{Attributes, Catalog, ObjectKey, Table, TableName};
use crate::database::rows::{Contents, NewRow, Rejection, Rows, Value};
use crate::database::{CounterBehind, DatabaseError, Session};

/// The temporary table of a condition's candidates.
const CANDIDATES: &str = "mrt candidates";

/// The column that tells them apart.
const ORDINAL: &str = "mrt ordinal";

/// A session as the administrator.
pub(super) struct MySqlSession {
    pub(super) connection: MySqlConnection,
    pub(super) database: String,
    pub(super) shared: Arc<Shared>,
}

impl MySqlSession {
    pub(super) async fn open(shared: Arc<Shared>, database: String) -> Result<Self, DatabaseError> {
        let fail = |error| classify(error, &format!("connect to database {database}"), &database);
        let mut connection =
            wire::connect(&shared.login(Some(&database)), shared.server).await.map_err(&fail)?;
        // Nobody but the migrations of this very database locks anything of its.
        let limits = if shared.server.is_mariadb() {
            "SET lock_wait_timeout = 2, max_statement_time = 60"
        } else {
            "SET lock_wait_timeout = 2, max_execution_time = 60000"
        };
        batch(&mut connection, limits.to_owned()).await.map_err(fail)?;
        Ok(Self { connection, database, shared })
    }

    /// Ends the transaction that a failed reading has left open, so that the session is in nobody's way.
    async fn or_roll_back<T>(&mut self, read: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if read.as_ref().err().is_some_and(|error| super::error::number(error).is_some()) {
            batch(&mut self.connection, "ROLLBACK".to_owned()).await?;
        }
        read
    }

    pub(super) fn fail(&self, action: &str) -> impl Fn(sqlx::Error) -> DatabaseError + use<> {
        let (action, database) = (format!("{action} database {}", self.database), self.database.clone());
        move |error| classify(error, &action, &database)
    }
}

#[async_trait]
impl Session for MySqlSession {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        let fail = self.fail("read the catalog of");
        let read = catalog::read(&mut self.connection, self.shared.server, &self.database).await;
        let mut catalog = self.or_roll_back(read).await.map_err(fail)?;
        if self.shared.user != OWNER {
            catalog::rename_definer(&mut catalog, &self.shared.user, OWNER);
        }
        Ok(catalog)
    }

    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError> {
        let fail = self.fail("read the rows of");
        let tables: Vec<(&TableName, &Table)> =
            catalog.tables.iter().filter(|(_, table)| !table.columns.is_empty()).collect();
        let readings: Vec<Vec<Reading>> = tables
            .iter()
            .map(|(_, table)| table.columns.iter().map(|column| Reading::of(&column.ty.native)).collect())
            .collect();
        let mut sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY".to_owned();
        for ((name, table), readings) in tables.iter().zip(&readings) {
            let columns = table.columns.iter().zip(readings);
            let selected: Vec<String> =
                columns.map(|(column, reading)| reading.expression(&column.name)).collect();
            sql.push_str(&format!("; SELECT {} FROM {}", selected.join(", "), quote::table(name)));
        }
        sql.push_str("; COMMIT");
        let read = batch(&mut self.connection, sql).await;
        let answers = self.or_roll_back(read).await.map_err(&fail)?;
        let mut contents = Contents::default();
        for (((name, table), readings), rows) in
            tables.into_iter().zip(readings).zip(answers.into_iter().skip(1))
        {
            if !rows.is_empty() {
                contents.tables.insert(name.clone(), self::rows(table, &readings, rows));
            }
        }
        Ok(contents)
    }

    async fn insert(
        &mut self,
        rows: &[NewRow],
        _defer: bool,
    ) -> Result<Vec<Result<(), Rejection>>, DatabaseError> {
        // There are no constraints that can be deferred.
        write::insert(self, rows).await
    }

    async fn update(
        &mut self,
        row: &NewRow,
        set: &[(String, Value)],
    ) -> Result<Result<(), Rejection>, DatabaseError> {
        write::update(self, row, set).await
    }

    /// The candidates go into a temporary table, whose columns read values as those of a real one do. One that the server
    /// changes or warns about is none that an INSERT would take.
    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        let mut verdicts = vec![false; candidates.len()];
        if candidates.is_empty() {
            return Ok(verdicts);
        }
        let fail = self.fail("evaluate a condition in");
        let (table, ordinal) = (ident(CANDIDATES), ident(ORDINAL));
        let mut definition = format!("{ordinal} INT PRIMARY KEY");
        for (name, native) in columns {
            definition.push_str(&format!(", {} {native} NULL", ident(name)));
        }
        let begin = format!(
            "DROP TEMPORARY TABLE IF EXISTS {table}; CREATE TEMPORARY TABLE {table} ({definition}) ENGINE = InnoDB"
        );
        batch(&mut self.connection, begin).await.map_err(&fail)?;
        // Halves of what fails as a whole are asked on their own.
        let mut open = vec![(0, candidates.len())];
        let mut failure = None;
        while let Some((from, to)) = open.pop().filter(|(from, to)| from < to) {
            let sql = question(condition, &candidates[from..to], from);
            match batch(&mut self.connection, sql).await {
                Ok(answers) => {
                    let [_, _, inserting, answered, evaluating] =
                        <[Vec<Row>; 5]>::try_from(answers).unwrap_or_default();
                    let doubtful =
                        inserting.into_iter().chain(evaluating).any(|row| write::is_telling_warning(&row));
                    if doubtful && to - from > 1 {
                        let middle = from.midpoint(to);
                        open.extend([(from, middle), (middle, to)]);
                    } else if !doubtful {
                        for row in answered {
                            let [at, verdict] = fixed(row);
                            if let Some(it) = at.parse::<usize>().ok().and_then(|at| verdicts.get_mut(at)) {
                                *it = verdict == "1";
                            }
                        }
                    }
                }
                Err(error) => match fail(error) {
                    DatabaseError::Refused { .. } if to - from > 1 => {
                        let middle = from.midpoint(to);
                        open.extend([(from, middle), (middle, to)]);
                    }
                    DatabaseError::Refused { .. } => {}
                    gone => {
                        failure = Some(gone);
                        break;
                    }
                },
            }
        }
        if let Some(gone) = failure {
            return Err(gone);
        }
        batch(&mut self.connection, format!("DROP TEMPORARY TABLE {table}")).await.map_err(fail)?;
        Ok(verdicts)
    }

    async fn advance_counters(&mut self, tables: &[TableName]) -> Result<(), DatabaseError> {
        counters::advance(self, tables).await
    }

    async fn counters_behind(&mut self, tables: &[TableName]) -> Result<Vec<CounterBehind>, DatabaseError> {
        counters::behind(self, tables).await
    }

    async fn try_insert(&mut self, row: &NewRow) -> Result<Result<(), Rejection>, DatabaseError> {
        write::try_insert(self, row).await
    }

    /// Outside of a transaction a session holds no lock, on a table's definition neither.
    fn may_stay(&self) -> bool {
        true
    }

    async fn is_alive(&mut self) -> bool {
        batch(&mut self.connection, "SELECT 1".to_owned()).await.is_ok()
    }

    /// All of it or nothing only as far as the server goes: a statement that defines something ends the transaction that
    /// it stands in, and what was done before it stays.
    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        write::execute(&self.shared.login(Some(&self.database)), &self.database, sql).await
    }
}

/// Rows in canonical form and order.
fn rows(table: &Table, readings: &[Reading], rows: Vec<Row>) -> Rows {
    let columns: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
    let canonical = |row: Row| {
        let values = row.into_iter().zip(readings);
        values.map(|(value, reading)| value.map(|bytes| reading.canonical(bytes))).collect()
    };
    let mut rows: Vec<Vec<Option<String>>> = rows.into_iter().map(canonical).collect();
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

/// Statements that answer a condition for these candidates, the first of which has the number `from`.
fn question(condition: &str, candidates: &[Vec<Value>], from: usize) -> String {
    let (table, ordinal) = (ident(CANDIDATES), ident(ORDINAL));
    let rows: Vec<String> = candidates
        .iter()
        .enumerate()
        .map(|(at, candidate)| {
            let values = candidate.iter().map(|value| format!(", {}", quote::value(value)));
            format!("({}{})", from + at, values.collect::<String>())
        })
        .collect();
    format!(
        "DELETE FROM {table}; INSERT INTO {table} VALUES {}; SHOW WARNINGS; \
         SELECT {ordinal}, ({condition}) IS NOT FALSE FROM {table}; SHOW WARNINGS",
        rows.join(", ")
    )
}

/// The same for what databases share.
pub(super) fn with_user_renamed(
    objects: BTreeMap<ObjectKey, Attributes>,
    user: &str,
) -> BTreeMap<ObjectKey, Attributes> {
    if user == OWNER {
        return objects;
    }
    let renamed = |text: String| text.replace(user, OWNER);
    objects
        .into_iter()
        .map(|(key, attributes)| {
            let key = ObjectKey { owner: key.owner.map(renamed), path: renamed(key.path), ..key };
            (key, attributes.into_iter().map(|(name, value)| (name, renamed(value))).collect())
        })
        .collect()
}
