//! A session of ours on one schema: writing.
//!
//! Values are bound, since no literal has more than 4000 bytes. A statement that fails takes back alone what it did.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Error, rejection};
use super::quote::{ident, idents, table};
use super::session::OracleSession;
use super::types::Kind;
use super::wire::Param;
use crate::database::DatabaseError;
use crate::database::catalog::TableName;
use crate::database::rows::{NewRow, Reason, Rejection, Value};

type Answer = Result<(), Rejection>;

/// The columns of a table, those that nobody wrote left out.
const COLUMNS: &str = "SELECT column_name, data_type, data_type_owner, virtual_column FROM all_tab_cols \
     WHERE owner = :1 AND table_name = :2 AND user_generated = 'YES' ORDER BY internal_column_id";

/// Its identity column that takes no value.
const ALWAYS: &str = "SELECT column_name FROM all_tab_identity_cols \
     WHERE owner = :1 AND table_name = :2 AND generation_type = 'ALWAYS'";

/// The table of a constraint.
const CONSTRAINED: &str = "SELECT table_name FROM all_constraints WHERE owner = :1 AND constraint_name = :2";

/// What writing has to know of a table.
#[derive(Debug, Default)]
struct Described {
    columns: BTreeMap<String, Written>,
    /// The column to be left to its default by a row that names none.
    first: Option<String>,
    /// The identity column that takes no value.
    always: Option<String>,
}

/// The same of a column.
#[derive(Debug, Clone, Copy)]
struct Written {
    kind: Kind,
    /// Filled up with blanks, which a bound text is not.
    padded: bool,
}

impl Described {
    fn kind(&self, column: &str) -> Kind {
        self.columns.get(column).map_or(Kind::Plain, |it| it.kind)
    }
}

async fn describe(
    session: &mut OracleSession,
    tables: impl IntoIterator<Item = &TableName>,
) -> Result<BTreeMap<TableName, Described>, DatabaseError> {
    let named: BTreeSet<&TableName> = tables.into_iter().collect();
    let fail = session.fail("read the columns of");
    let mut described = BTreeMap::new();
    for name in named {
        let schema = name.schema.clone().unwrap_or_else(|| session.owner.clone());
        let params = [Param::from(schema), Param::from(&name.name)];
        let mut it = Described::default();
        for row in session.connection.rows(COLUMNS, &params).await.map_err(&fail)? {
            let (column, ty) = (row.string(0), row.string(1));
            let kind = match (row.text(2), ty.as_str()) {
                (Some(_), ty) if ty != "XMLTYPE" => Kind::Object,
                (_, ty) => Kind::of(ty),
            };
            if !row.flag(3) {
                it.first.get_or_insert(column.clone());
            }
            it.columns.insert(column, Written { kind, padded: matches!(ty.as_str(), "CHAR" | "NCHAR") });
        }
        let found = session.connection.rows(ALWAYS, &params).await.map_err(&fail)?;
        it.always = found.first().map(|row| row.string(0));
        described.insert(name.clone(), it);
    }
    Ok(described)
}

/// Inserts rows; what is refused comes back with the server's reason.
///
/// An identity column that is ALWAYS generated takes no value, whatever is asked. It is made one by default meanwhile, which
/// leaves its counter as it is.
pub(super) async fn insert(
    session: &mut OracleSession,
    rows: &[NewRow],
    defer: bool,
) -> Result<Vec<Answer>, DatabaseError> {
    let described = describe(session, rows.iter().map(|row| &row.table)).await?;
    let closed = open_identities(session, rows, &described).await?;
    let inserted = insert_all(session, rows, defer, &described).await;
    if inserted.is_err() {
        // The transaction must not stay open behind an error.
        let _ = session.end("ROLLBACK").await;
    }
    close_identities(session, &closed).await?;
    inserted
}

async fn insert_all(
    session: &mut OracleSession,
    rows: &[NewRow],
    defer: bool,
    described: &BTreeMap<TableName, Described>,
) -> Result<Vec<Answer>, DatabaseError> {
    let mut answers: Vec<Answer> = vec![Ok(()); rows.len()];
    loop {
        if defer {
            session.end("SET CONSTRAINTS ALL DEFERRED").await?;
        }
        let open: Vec<usize> = (0..rows.len()).filter(|at| answers[*at].is_ok()).collect();
        for at in open {
            answers[at] = insert_one(session, &rows[at], described).await?;
        }
        // What waits for the end of the transaction is asked before, since a COMMIT that fails takes everything back.
        match session.connection.execute("SET CONSTRAINTS ALL IMMEDIATE", &[]).await {
            Ok(_) => {
                session.end("COMMIT").await?;
                return Ok(answers);
            }
            Err(error) => {
                session.end("ROLLBACK").await?;
                reject_culprits(session, rows, &mut answers, error).await?;
            }
        }
    }
}

async fn insert_one(
    session: &mut OracleSession,
    row: &NewRow,
    described: &BTreeMap<TableName, Described>,
) -> Result<Answer, DatabaseError> {
    let none = Described::default();
    let mut params = Vec::new();
    let described = described.get(&row.table).unwrap_or(&none);
    let sql = insert_statement(&session.owner, row, described, &mut params);
    match session.connection.execute(sql, &params).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => rejection(error, "insert a row", &session.owner).map(Err),
    }
}

fn insert_statement(owner: &str, row: &NewRow, described: &Described, params: &mut Vec<Param>) -> String {
    let target = table(owner, &row.table);
    if row.values.is_empty() {
        let first = described.first.as_deref().unwrap_or_default();
        return format!("INSERT INTO {target} ({}) VALUES (DEFAULT)", ident(first));
    }
    // Nothing may be bound behind what may be long.
    let is_long =
        |name: &str| matches!(described.kind(name), Kind::Clob | Kind::Blob | Kind::Long | Kind::Xml);
    let (last, first): (Vec<_>, Vec<_>) = row.values.iter().partition(|(name, _)| is_long(name));
    let all = || first.iter().chain(&last);
    let columns = idents(all().map(|(name, _)| name.as_str()));
    let values: Vec<String> =
        all().map(|(name, value)| described.kind(name).written(value, params)).collect();
    format!("INSERT INTO {target} ({columns}) VALUES ({})", values.join(", "))
}

/// Lets the identity columns that rows give values for take them.
async fn open_identities(
    session: &mut OracleSession,
    rows: &[NewRow],
    described: &BTreeMap<TableName, Described>,
) -> Result<Vec<(String, String)>, DatabaseError> {
    let meant: BTreeSet<&TableName> =
        rows.iter().filter(|row| row.overrides_identity).map(|row| &row.table).collect();
    let mut opened = Vec::new();
    for name in meant {
        let Some(column) = described.get(name).and_then(|it| it.always.as_deref()) else { continue };
        let (target, column) = (table(&session.owner, name), ident(column));
        let sql = format!("ALTER TABLE {target} MODIFY ({column} GENERATED BY DEFAULT AS IDENTITY)");
        let fail = session.fail("let rows have keys of their own in");
        if let Err(error) = session.connection.execute(sql, &[]).await {
            // Those before it must not stay open.
            let _ = close_identities(session, &opened).await;
            return Err(fail(error));
        }
        opened.push((target, column));
    }
    Ok(opened)
}

async fn close_identities(
    session: &mut OracleSession,
    opened: &[(String, String)],
) -> Result<(), DatabaseError> {
    let fail = session.fail("generate keys again in");
    for (target, column) in opened {
        let sql = format!("ALTER TABLE {target} MODIFY ({column} GENERATED ALWAYS AS IDENTITY)");
        session.connection.execute(sql, &[]).await.map_err(&fail)?;
    }
    Ok(())
}

/// Refuses the rows of the table whose deferred constraint is violated; where that is not known, all of them.
async fn reject_culprits(
    session: &mut OracleSession,
    rows: &[NewRow],
    answers: &mut [Answer],
    error: Error,
) -> Result<(), DatabaseError> {
    let told = rejection(error, "check deferred constraints", &session.owner)?;
    let mut culprit = None;
    if let Some(constraint) = &told.constraint {
        let fail = session.fail("look for a constraint of");
        let params = [Param::from(&session.owner), Param::from(constraint)];
        let found = session.connection.rows(CONSTRAINED, &params).await.map_err(fail)?;
        culprit = found.first().map(|row| row.string(0));
    }
    let open: Vec<usize> = (0..rows.len()).filter(|at| answers[*at].is_ok()).collect();
    let of_table = open.iter().copied().filter(|at| {
        rows[*at].table.schema.is_none() && culprit.as_deref() == Some(rows[*at].table.name.as_str())
    });
    let of_table: Vec<usize> = of_table.collect();
    let guilty = if of_table.is_empty() { open } else { of_table };
    if guilty.is_empty() {
        let action = "commit inserted rows".to_owned();
        return Err(DatabaseError::Refused { action, source: told.message.into() });
    }
    for at in guilty {
        answers[at] = Err(told.clone());
    }
    Ok(())
}

/// Sets columns of the row with the key of `row`.
pub(super) async fn update(
    session: &mut OracleSession,
    row: &NewRow,
    set: &[(String, Value)],
) -> Result<Answer, DatabaseError> {
    let refuse = |message: String, columns: Vec<String>| {
        Ok(Err(Rejection { message, reason: Reason::Other, constraint: None, columns }))
    };
    if set.is_empty() {
        return Ok(Ok(()));
    }
    let described = describe(session, [&row.table]).await?;
    let none = Described::default();
    let described = described.get(&row.table).unwrap_or(&none);
    let mut params = Vec::new();
    let assignments: Vec<String> = set
        .iter()
        .map(|(name, value)| {
            format!("{} = {}", ident(name), described.kind(name).written(value, &mut params))
        })
        .collect();
    let mut found = Vec::new();
    for column in &row.primary_key {
        match row.values.iter().find(|(name, _)| name == column) {
            Some((_, Value::Null)) | None => {
                return refuse(format!("the row's key column {column} is not known"), vec![column.clone()]);
            }
            Some((_, key)) => {
                let value = described.kind(column).written(key, &mut params);
                let column = ident(column);
                let padded = described.columns.get(column.trim_matches('"')).is_some_and(|it| it.padded);
                found.push(if padded {
                    format!("RTRIM({column}) = RTRIM({value})")
                } else {
                    format!("{column} = {value}")
                });
            }
        }
    }
    if found.is_empty() {
        return refuse("the row has no primary key by which to find it".to_owned(), Vec::new());
    }
    let sql = format!(
        "UPDATE {} SET {} WHERE {}",
        table(&session.owner, &row.table),
        assignments.join(", "),
        found.join(" AND ")
    );
    match session.connection.execute(sql, &params).await {
        Ok(0) => {
            session.end("ROLLBACK").await?;
            refuse("no row has this key".to_owned(), row.primary_key.clone())
        }
        Ok(_) => match session.connection.execute("COMMIT", &[]).await {
            Ok(_) => Ok(Ok(())),
            // A deferred constraint, which has taken it back.
            Err(error) => rejection(error, "update a row", &session.owner).map(Err),
        },
        Err(error) => {
            let refused = rejection(error, "update a row", &session.owner);
            session.end("ROLLBACK").await?;
            Ok(Err(refused?))
        }
    }
}

/// Inserts a row and takes it back.
pub(super) async fn try_insert(session: &mut OracleSession, row: &NewRow) -> Result<Answer, DatabaseError> {
    let rows = std::slice::from_ref(row);
    let described = describe(session, [&row.table]).await?;
    let opened = open_identities(session, rows, &described).await?;
    let inserted = match insert_one(session, row, &described).await {
        // What waits for the end of the transaction is asked now.
        Ok(Ok(())) => match session.connection.execute("SET CONSTRAINTS ALL IMMEDIATE", &[]).await {
            Ok(_) => Ok(Ok(())),
            Err(error) => rejection(error, "try to insert a row", &session.owner).map(Err),
        },
        told => told,
    };
    let undone = session.end("ROLLBACK").await;
    close_identities(session, &opened).await?;
    let answer = inserted?;
    undone?;
    Ok(answer)
}

/// The query that answers a condition with 1, where it is not false, or 0.
pub(super) fn condition(
    condition: &str,
    columns: &[(String, String)],
    candidate: &[Value],
    params: &mut Vec<Param>,
) -> String {
    let columns: Vec<String> = columns
        .iter()
        .zip(candidate)
        .map(|((name, native), value)| format!("{} AS {}", typed(native, value, params), ident(name)))
        .collect();
    let columns = if columns.is_empty() { "1 AS \"mrt one\"".to_owned() } else { columns.join(", ") };
    format!("SELECT CASE WHEN NOT ({condition}) THEN 0 ELSE 1 END FROM (SELECT {columns} FROM dual)")
}

/// A value with its column's type, as far as a CAST gives it without changing the value.
fn typed(native: &str, value: &Value, params: &mut Vec<Param>) -> String {
    let kind = Kind::of(native);
    let written = kind.written(value, params);
    match kind {
        Kind::Clob if written.starts_with("EMPTY") => written,
        Kind::Clob => format!("TO_CLOB({written})"),
        Kind::Blob if written.starts_with("EMPTY") => written,
        Kind::Blob => format!("TO_BLOB({written})"),
        Kind::Plain | Kind::Binary | Kind::Long if *value != Value::Null => written,
        Kind::Long => "TO_CHAR(NULL)".to_owned(),
        Kind::Xml if *value == Value::Null => "CAST(NULL AS SYS.XMLTYPE)".to_owned(),
        Kind::Xml | Kind::Json | Kind::Boolean | Kind::Vector => written,
        Kind::File | Kind::Object | Kind::Reference => written,
        _ => format!("CAST({written} AS {native})"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::quote::parses;
    use super::*;

    #[test]
    fn questions_are_sql() {
        [COLUMNS, ALWAYS, CONSTRAINED].iter().for_each(|sql| parses(sql));
    }

    fn described() -> Described {
        let one = |kind| Written { kind, padded: false };
        let columns = [("ID", Kind::Number), ("NAME", Kind::Plain), ("AT", Kind::Date), ("BODY", Kind::Clob)];
        Described {
            columns: columns.map(|(name, kind)| (name.to_owned(), one(kind))).into(),
            first: Some("ID".to_owned()),
            always: None,
        }
    }

    fn row(values: &[(&str, Value)]) -> NewRow {
        NewRow {
            table: TableName { schema: None, name: "T".to_owned() },
            values: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            primary_key: vec!["ID".to_owned()],
            overrides_identity: false,
        }
    }

    #[test]
    fn values_are_bound() {
        let mut params = Vec::new();
        let text = |text: &str| Value::Text(text.to_owned());
        let values =
            [("BODY", text("long")), ("ID", Value::Integer(7)), ("NAME", text("it's")), ("AT", Value::Null)];
        let sql = insert_statement("MRT", &row(&values), &described(), &mut params);
        assert_eq!(
            sql,
            "INSERT INTO \"MRT\".\"T\" (\"ID\", \"NAME\", \"AT\", \"BODY\") VALUES (TO_NUMBER(:1), :2, NULL, :3)"
        );
        parses(&sql);
        assert_eq!(params, ["7", "it's", "long"].map(Param::from));
    }

    #[test]
    fn a_row_without_values_has_defaults() {
        let sql = insert_statement("MRT", &row(&[]), &described(), &mut Vec::new());
        assert_eq!(sql, "INSERT INTO \"MRT\".\"T\" (\"ID\") VALUES (DEFAULT)");
    }

    #[test]
    fn a_condition_is_asked_of_one_row() {
        let mut params = Vec::new();
        let columns =
            [("A".to_owned(), "NUMBER(3)".to_owned()), ("B".to_owned(), "VARCHAR2(9 CHAR)".to_owned())];
        let sql = condition("a > 1", &columns, &[Value::Integer(2), Value::Null], &mut params);
        assert_eq!(
            sql,
            "SELECT CASE WHEN NOT (a > 1) THEN 0 ELSE 1 END FROM (SELECT CAST(TO_NUMBER(:1) AS NUMBER(3)) AS \"A\", \
             CAST(NULL AS VARCHAR2(9 CHAR)) AS \"B\" FROM dual)"
        );
        assert_eq!(params.len(), 1);
        parses(&sql);
    }
}
