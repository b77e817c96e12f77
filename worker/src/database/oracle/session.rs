//! A session of ours on one schema: reading.
//!
//! It is the administrator's, who looks names up in the schema (`CURRENT_SCHEMA`).

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::error::{Error, classify};
use super::quote::{ident, table};
use super::types::{FILE_NAME, Kind};
use super::wire::{Connection, Login, Row};
use super::{Shared, catalog, counters, script, write};
use crate::database::catalog::{Catalog, Table, TableName};
use crate::database::rows::{Contents, NewRow, Rejection, Rows, Value};
use crate::database::{CounterBehind, DatabaseError, Session};

/// How long a statement of ours may take.
const STATEMENT_LIMIT: Duration = Duration::from_secs(60);

/// Whatever changes how a value prints, how names sort or how SQL of ours is read. Whether lengths are in bytes or in
/// characters is left to the server: nothing that we make has a length.
const PINNED: [&str; 2] = [
    "ALTER SESSION SET NLS_LANGUAGE = 'AMERICAN' NLS_TERRITORY = 'AMERICA' NLS_CALENDAR = 'GREGORIAN' \
     NLS_NUMERIC_CHARACTERS = '.,' NLS_SORT = 'BINARY' NLS_COMP = 'BINARY' NLS_DATE_LANGUAGE = 'AMERICAN' \
     NLS_DATE_FORMAT = 'SYYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'SYYYY-MM-DD HH24:MI:SS.FF9' \
     NLS_TIMESTAMP_TZ_FORMAT = 'SYYYY-MM-DD HH24:MI:SS.FF9 TZR' TIME_ZONE = '+00:00'",
    // A lock that a statement of ours has to wait for is somebody else's.
    "ALTER SESSION SET DDL_LOCK_TIMEOUT = 2",
];

/// A session as the administrator.
pub(super) struct OracleSession {
    pub(super) connection: Connection,
    /// The schema.
    pub(super) owner: String,
    pub(super) shared: Arc<Shared>,
}

/// Connects as an administrator, and pins the session's settings.
pub(super) async fn connect(login: &Login) -> Result<Connection, Error> {
    let mut connection = Connection::open(login).await?;
    for statement in PINNED {
        connection.execute(statement, &[]).await?;
    }
    Ok(connection)
}

impl OracleSession {
    pub(super) async fn open(shared: Arc<Shared>, owner: String) -> Result<Self, DatabaseError> {
        let fail = |error| classify(error, &format!("connect to schema {owner}"), &owner);
        let mut connection = connect(&shared.login).await.map_err(fail)?;
        let switch = format!("ALTER SESSION SET CURRENT_SCHEMA = {}", ident(&owner));
        connection.execute(switch, &[]).await.map_err(fail)?;
        connection.set_limit(STATEMENT_LIMIT);
        Ok(Self { connection, owner, shared })
    }

    pub(super) fn fail(&self, action: &str) -> impl Fn(Error) -> DatabaseError + use<> {
        let (action, owner) = (format!("{action} schema {}", self.owner), self.owner.clone());
        move |error| classify(error, &action, &owner)
    }

    /// Ends a transaction, one way or the other.
    pub(super) async fn end(&mut self, statement: &str) -> Result<(), DatabaseError> {
        let fail = self.fail("write rows of");
        self.connection.execute(statement, &[]).await.map(drop).map_err(fail)
    }
}

#[async_trait]
impl Session for OracleSession {
    async fn catalog(&mut self) -> Result<Catalog, DatabaseError> {
        catalog::read(&mut self.connection, &self.owner).await
    }

    /// Each table in a statement of its own, which sees one moment. A transaction that only reads would see one for all, but
    /// for some seconds after a table was defined it refuses to read it (ORA-01466); and nobody writes while rows are read.
    async fn contents(&mut self, catalog: &Catalog) -> Result<Contents, DatabaseError> {
        let fail = self.fail("read the rows of");
        let mut contents = Contents::default();
        for (name, described) in catalog.tables.iter().filter(|(_, table)| !table.columns.is_empty()) {
            let kinds: Vec<Kind> =
                described.columns.iter().map(|column| Kind::of(&column.ty.native)).collect();
            let sql = question(&self.owner, name, described, &kinds);
            let found = self.connection.rows(sql, &[]).await.map_err(&fail)?;
            if !found.is_empty() {
                contents.tables.insert(name.clone(), rows(described, &kinds, found));
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

    /// Over a row of `dual`, whose columns have the types of the real ones. A CAST would cut a text that is too long, so that
    /// texts are left as they are.
    async fn satisfying(
        &mut self,
        condition: &str,
        columns: &[(String, String)],
        candidates: &[Vec<Value>],
    ) -> Result<Vec<bool>, DatabaseError> {
        let fail = self.fail("evaluate a condition in");
        let mut verdicts = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let mut params = Vec::new();
            let sql = write::condition(condition, columns, candidate, &mut params);
            match self.connection.rows(sql, &params).await {
                Ok(rows) => verdicts.push(rows.first().and_then(|row| row.integer(0)) == Some(1)),
                Err(error) => match fail(error) {
                    DatabaseError::Refused { .. } => verdicts.push(false),
                    gone => return Err(gone),
                },
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

    /// Outside of a transaction a session holds no lock that a migration could wait for.
    fn may_stay(&self) -> bool {
        true
    }

    async fn is_alive(&mut self) -> bool {
        !self.connection.is_broken() && self.connection.rows("SELECT 1 FROM dual", &[]).await.is_ok()
    }

    /// All of it or nothing only as far as the server goes: a statement that defines something ends the transaction that
    /// it stands in, and what was done before it stays.
    async fn execute_script(&mut self, sql: &str) -> Result<Result<(), Rejection>, DatabaseError> {
        script::execute(&self.shared.login, &self.owner, sql).await
    }
}

/// The SELECT of all rows of a table.
fn question(owner: &str, name: &TableName, described: &Table, kinds: &[Kind]) -> String {
    let columns = described.columns.iter().zip(kinds);
    let selected: Vec<String> = columns.flat_map(|(column, kind)| kind.selected(&column.name)).collect();
    let with = if kinds.contains(&Kind::File) { format!("WITH {FILE_NAME}") } else { String::new() };
    format!("{with}SELECT {} FROM {}", selected.join(", "), table(owner, name))
}

/// Rows in canonical form and order.
fn rows(described: &Table, kinds: &[Kind], found: Vec<Row>) -> Rows {
    let columns: Vec<String> = described.columns.iter().map(|c| c.name.clone()).collect();
    let canonical = |row: Row| {
        let mut cells = row.into_cells().into_iter();
        kinds.iter().map(|kind| kind.canonical(&mut cells)).collect()
    };
    let mut rows: Vec<Vec<Option<String>>> = found.into_iter().map(canonical).collect();
    let key: Vec<usize> =
        described.primary_key.iter().filter_map(|name| columns.iter().position(|c| c == name)).collect();
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

#[cfg(test)]
mod tests {
    use super::super::quote::parses;
    use super::*;
    use crate::database::catalog::{Column, ColumnType, Family};

    /// A table of one column of each of these types.
    fn described(natives: &[&str]) -> Table {
        let column = |native: &&str| Column {
            name: format!("a {native}").replace('"', ""),
            ty: ColumnType { family: Family::Other, native: (*native).to_owned(), domain_checks: Vec::new() },
            nullable: true,
            default: None,
            generated: false,
            counter: false,
            identity_always: false,
        };
        Table {
            columns: natives.iter().map(column).collect(),
            primary_key: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        }
    }

    fn asked(natives: &[&str]) -> String {
        let described = described(natives);
        let kinds: Vec<Kind> = described.columns.iter().map(|column| Kind::of(&column.ty.native)).collect();
        let name = TableName { schema: None, name: "T".to_owned() };
        question("MRT", &name, &described, &kinds)
    }

    #[test]
    fn rows_of_every_type_are_asked_for_in_sql() {
        for native in [
            "NUMBER(10,2)",
            "BINARY_DOUBLE",
            "VARCHAR2(9 CHAR)",
            "RAW(16)",
            "CLOB",
            "BLOB",
            "LONG",
            "DATE",
            "TIMESTAMP(6)",
            "TIMESTAMP(6) WITH TIME ZONE",
            "TIMESTAMP(6) WITH LOCAL TIME ZONE",
            "INTERVAL YEAR(2) TO MONTH",
            "INTERVAL DAY(2) TO SECOND(6)",
            "BOOLEAN",
            "REF ADDRESS",
        ] {
            parses(&asked(&[native]));
        }
        // XMLSERIALIZE's CONTENT, RETURNING and a function of the query's own are Oracle's alone.
        assert!(asked(&["XMLTYPE"]).contains("XMLSERIALIZE(CONTENT \"a XMLTYPE\" AS CLOB)"));
        assert!(asked(&["JSON"]).contains("JSON_SERIALIZE(\"a JSON\" RETURNING CLOB)"));
        assert!(asked(&["BFILE"]).starts_with("WITH FUNCTION mrt_file_name(file IN BFILE)"));
    }

    #[test]
    fn rows_go_by_their_key_and_numbers_by_their_size() {
        let mut described = described(&["NUMBER", "VARCHAR2(9)"]);
        described.primary_key = vec!["a NUMBER".to_owned()];
        let kinds = [Kind::Number, Kind::Plain];
        let found = [("10", "a"), ("9", "b"), ("-1", "c")].map(|(id, text)| Row::of(&[id, text])).to_vec();
        let sorted = rows(&described, &kinds, found);
        let ids: Vec<&str> = sorted.rows.iter().map(|row| row[0].as_deref().unwrap_or_default()).collect();
        assert_eq!((ids, sorted.key), (vec!["-1", "9", "10"], vec![0]));
    }
}
