//! A session of ours on one database: reading.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tiberius::Row;
use tiberius::error::Error;

use super::error::{classify, rejection};
use super::quote::{self, ident, literal};
use super::values::{Facts, Reading};
use super::wire::{Cells as _, Connection};
use super::{OWNER, Shared, catalog, counters, write};
use crate::database::catalog::{Attributes, Catalog, ObjectKey, Table, TableName};
use crate::database::rows::{Contents, NewRow, Rejection, Rows, Value};
use crate::database::{CounterBehind, DatabaseError, Session};

/// The table of a condition's candidate.
const CANDIDATE: &str = "@candidate";

/// The most SQL in one message, more or less.
pub(super) const MESSAGE: usize = 256 << 10;

/// The columns of all tables.
pub(super) const COLUMNS: &str = "SELECT CONVERT(nvarchar(128), s.name), CONVERT(nvarchar(128), t.name), \
             CONVERT(nvarchar(128), c.name), \
             CASE WHEN c.encryption_type IS NOT NULL THEN N'encrypted' \
             WHEN u.is_user_defined = 1 AND u.is_assembly_type = 0 THEN CONVERT(nvarchar(128), TYPE_NAME(c.system_type_id)) \
             ELSE CONVERT(nvarchar(128), u.name) END, \
             CASE WHEN c.generated_always_type <> 0 THEN 1 ELSE 0 END, \
             CASE WHEN c.is_computed = 1 OR c.generated_always_type <> 0 OR c.system_type_id = 189 THEN 1 ELSE 0 END, \
             c.is_identity FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id \
             JOIN sys.columns c ON c.object_id = t.object_id JOIN sys.types u ON u.user_type_id = c.user_type_id \
             WHERE c.graph_type IS NULL AND t.temporal_type <> 1";

/// Security policies that are in force.
pub(super) const POLICIES: &str = "SELECT CONVERT(nvarchar(128), s.name), CONVERT(nvarchar(128), p.name) \
             FROM sys.security_policies p JOIN sys.schemas s ON s.schema_id = p.schema_id \
             WHERE p.is_enabled = 1 ORDER BY 1, 2";

/// A session as the administrator.
pub(super) struct MsSqlSession {
    pub(super) connection: Connection,
    pub(super) database: String,
    pub(super) shared: Arc<Shared>,
}

/// What is known of the columns of all tables.
pub(super) type Columns = BTreeMap<(String, String), BTreeMap<String, Facts>>;

impl MsSqlSession {
    pub(super) async fn open(shared: Arc<Shared>, database: String) -> Result<Self, DatabaseError> {
        let fail = |error| classify(error, &format!("connect to database {database}"), &database);
        let connection = Connection::log_in(&shared.login(&database)).await.map_err(fail)?;
        Ok(Self { connection, database, shared })
    }

    pub(super) fn fail(&self, action: &str) -> impl Fn(Error) -> DatabaseError + use<> {
        let (action, database) = (format!("{action} database {}", self.database), self.database.clone());
        move |error| classify(error, &action, &database)
    }

    /// The columns of all tables, by what they are to the server. A table of past versions is left out: every statement that changes
    /// a row adds to it, and nobody else can. A graph's own columns cannot be named and are left out; what
    /// is encrypted by who writes it reads as its bytes.
    pub(super) async fn columns(&mut self) -> Result<Columns, DatabaseError> {
        let fail = self.fail("look for the columns of");
        let rows = self.connection.results(COLUMNS).await.map_err(&fail)?;
        let mut columns = Columns::new();
        for row in rows.into_iter().flatten() {
            let text = |at| row.string(at).map_err(&fail);
            let flag = |at| row.flag(at).map_err(&fail);
            let facts = Facts {
                base: text(3)?,
                is_generated_always: flag(4)?,
                is_read_only: flag(5)?,
                is_identity: flag(6)?,
            };
            columns.entry((text(0)?, text(1)?)).or_default().insert(text(2)?, facts);
        }
        Ok(columns)
    }

    /// Security policies keep rows even from the administrator; these are in force.
    async fn policies(&mut self) -> Result<Vec<String>, DatabaseError> {
        let fail = self.fail("look for the security policies of");
        let rows = self.connection.results(POLICIES).await.map_err(&fail)?;
        let named = |row: Row| Ok(format!("{}.{}", ident(&row.string(0)?), ident(&row.string(1)?)));
        rows.into_iter().flatten().map(|row| named(row).map_err(&fail)).collect()
    }

    /// Runs statements with the security policies switched off, which then are as they were.
    async fn results_of_all(&mut self, sql: String) -> Result<Vec<Vec<Row>>, DatabaseError> {
        let fail = self.fail("read the rows of");
        let policies = self.policies().await?;
        if policies.is_empty() {
            return self.connection.results(&sql).await.map_err(fail);
        }
        let off: String = policies
            .iter()
            .map(|name| format!("ALTER SECURITY POLICY {name} WITH (STATE = OFF); "))
            .collect();
        self.connection.batch("BEGIN TRANSACTION").await.map_err(&fail)?;
        let read = async {
            self.connection.batch(&off).await?;
            self.connection.results(&sql).await
        }
        .await;
        self.connection.batch("IF @@TRANCOUNT > 0 ROLLBACK").await.map_err(&fail)?;
        read.map_err(fail)
    }
}

#[async_trait]
impl Session for MsSqlSession {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        let mut catalog = catalog::read(&mut self.connection, self.shared.major, &self.database).await?;
        if self.shared.user != OWNER {
            catalog.objects = with_user_renamed(catalog.objects, &self.shared.user);
        }
        Ok(catalog)
    }

    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError> {
        let known = self.columns().await?;
        let fail = self.fail("read the rows of");
        let mut asked: Vec<(&TableName, &Table, Vec<(String, Reading)>)> = Vec::new();
        for (name, table) in &catalog.tables {
            let Some(facts) = known.get(&(quote::schema(name).to_owned(), name.name.clone())) else {
                continue;
            };
            let readings = table
                .columns
                .iter()
                .filter_map(|column| Some((column.name.clone(), Reading::of(facts.get(&column.name)?))));
            let readings: Vec<_> = readings.collect();
            if !readings.is_empty() {
                asked.push((name, table, readings));
            }
        }
        let mut contents = Contents::default();
        let mut rest = asked.as_slice();
        while !rest.is_empty() {
            let mut sql = String::new();
            let mut taken = 0;
            for (name, _, readings) in rest {
                if sql.len() > MESSAGE {
                    break;
                }
                let selected: Vec<String> =
                    readings.iter().map(|(column, reading)| reading.expression(column)).collect();
                sql.push_str(&format!("SELECT {} FROM {} AS t; ", selected.join(", "), quote::table(name)));
                taken += 1;
            }
            let (now, later) = rest.split_at(taken);
            rest = later;
            let answers = self.results_of_all(sql).await?;
            for ((name, table, readings), answer) in now.iter().zip(answers) {
                if !answer.is_empty() {
                    contents.tables.insert((*name).clone(), rows(table, readings, &answer).map_err(&fail)?);
                }
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

    /// Each candidate goes into a table that is a variable, whose columns read values as those of a real one do, by the same
    /// types and the collation of the database.
    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        let mut verdicts = vec![false; candidates.len()];
        let mut open = vec![(0, candidates.len())];
        while let Some((from, to)) = open.pop() {
            let (sql, upto) = question(condition, columns, &candidates[..to], from);
            match self.connection.results(&sql).await {
                Ok(answers) => {
                    for (at, answer) in (from..upto).zip(answers) {
                        let verdict = answer.first().map(|row| row.flag(0)).transpose();
                        verdicts[at] =
                            verdict.map_err(self.fail("evaluate a condition in"))?.unwrap_or(false);
                    }
                    if upto < to {
                        open.push((upto, to));
                    }
                }
                Err(error) => {
                    rejection(error, "evaluate a condition in", &self.database)?;
                    // Halves of what fails as a whole are asked on their own.
                    if to - from > 1 {
                        let middle = from.midpoint(to);
                        open.extend([(middle, to), (from, middle)]);
                    }
                }
            }
        }
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

    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        write::execute(&self.shared.login(&self.database), &self.database, sql).await
    }
}

/// Statements that answer a condition for the candidates from `from` on, one result for each, and where they end. A SELECT
/// that fails would be a result, too, without rows; so the answer is in a variable first.
fn question(
    condition: &str,
    columns: &[(String, String)],
    candidates: &[Vec<Value>],
    from: usize,
) -> (String, usize) {
    let definition: Vec<String> =
        columns.iter().map(|(name, native)| format!("{} {native} NULL", ident(name))).collect();
    let mut sql = format!("DECLARE {CANDIDATE} TABLE ({}); DECLARE @verdict int; ", definition.join(", "));
    let mut to = from;
    for candidate in &candidates[from..] {
        if sql.len() > MESSAGE {
            break;
        }
        let values: Vec<String> = candidate
            .iter()
            .zip(columns)
            .map(|(value, (_, native))| quote::value_of(value, native))
            .collect();
        sql.push_str(&format!(
            "SET @verdict = 0; BEGIN TRY DELETE FROM {CANDIDATE}; INSERT INTO {CANDIDATE} VALUES ({}); \
             SELECT @verdict = CASE WHEN NOT ({condition}) THEN 0 ELSE 1 END FROM {CANDIDATE} END TRY \
             BEGIN CATCH SET @verdict = 0 END CATCH; SELECT @verdict; ",
            values.join(", ")
        ));
        to += 1;
    }
    (sql, to)
}

/// Rows in canonical form and order.
fn rows(table: &Table, readings: &[(String, Reading)], rows: &[Row]) -> Result<Rows, Error> {
    let columns: Vec<String> = readings.iter().map(|(name, _)| name.clone()).collect();
    let canonical = |row: &Row| -> Result<Vec<Option<String>>, Error> {
        let values = readings.iter().enumerate().map(|(at, (_, reading))| {
            Ok(if reading.comes_as_bytes() {
                row.bytes(at)?.map(|bytes| reading.canonical_bytes(bytes))
            } else {
                row.text(at)?.map(|text| reading.canonical_text(text))
            })
        });
        values.collect()
    };
    let mut rows: Vec<Vec<Option<String>>> = rows.iter().map(canonical).collect::<Result<_, _>>()?;
    let key: Vec<usize> =
        table.primary_key.iter().filter_map(|name| columns.iter().position(|c| c == name)).collect();
    rows.sort_by(|one, other| {
        let by_key = key.iter().map(|&at| compare(&one[at], &other[at])).find(|o| o.is_ne());
        by_key.unwrap_or_else(|| {
            one.iter().zip(other).map(|(a, b)| compare(a, b)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
        })
    });
    Ok(Rows { columns, key, rows })
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

/// Objects in which the login of this run is called by its usual name.
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

/// The condition that finds a table in `sys.objects` and its like by its identifier.
pub(super) fn object_id(name: &TableName) -> String {
    format!("OBJECT_ID({}, N'U')", literal(&quote::table(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_asked_one_by_one() {
        let columns = [("n".to_owned(), "int".to_owned())];
        let candidates = [vec![Value::Integer(1)], vec![Value::Text("a".to_owned())]];
        let (sql, to) = question("[n] > 0", &columns, &candidates, 0);
        assert_eq!(to, 2);
        assert!(sql.starts_with(
            "DECLARE @candidate TABLE ([n] int NULL); DECLARE @verdict int; SET @verdict = 0; BEGIN TRY "
        ));
        assert_eq!(sql.matches("CASE WHEN NOT ([n] > 0) THEN 0 ELSE 1 END").count(), 2);
        let (_, to) = question("[n] > 0", &columns, &vec![vec![Value::Text("x".repeat(150_000))]; 5], 0);
        assert_eq!(to, 2);
    }
}
