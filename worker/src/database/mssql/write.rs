//! A session of ours on one database: writing.
//!
//! Each row is a statement and a transaction of its own, since some refusals (a text that is no date) end a transaction as a
//! whole. It is compiled within a text of its own as well, so that the server tells of a row what it cannot compile of it. What
//! is to be taken for a row's own answer is known by the names of its columns: a trigger may answer, too.

use std::collections::BTreeMap;

use tiberius::Row;
use tiberius::error::Error;

use super::error::{classify, is_about_statement, refusal, rejection, sorted};
use super::quote::{self, ident, literal, table, value_of};
use super::script;
use super::session::{Columns, MESSAGE, MsSqlSession};
use super::values::Facts;
use super::wire::{Cells as _, Connection, Login};
use crate::database::DatabaseError;
use crate::database::rows::{NewRow, Reason, Rejection, Value};

pub(super) type Answer = Result<(), Rejection>;

/// The name of the column that holds an error's number, or nothing.
const NUMBER: &str = "mrt number";

/// Severity of errors that end no session, which is all that a TRY catches.
const CAUGHT: u8 = 16;

/// Inserts rows; what is refused comes back with the server's reason.
pub(super) async fn insert(
    session: &mut MsSqlSession,
    rows: &[NewRow],
) -> Result<Vec<Answer>, DatabaseError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let columns = session.columns().await?;
    let mut answers: Vec<Answer> = Vec::with_capacity(rows.len());
    while answers.len() < rows.len() {
        let mut sql = String::new();
        let mut sent = 0;
        for row in &rows[answers.len()..] {
            if sql.len() > MESSAGE {
                break;
            }
            sql.push_str(&guarded(&insert_statement(row, &columns), &settled(row, &columns)));
            sent += 1;
        }
        let (told, refused) = answered(session, &sql, "insert rows").await?;
        let came = told.len() + usize::from(refused.is_some());
        if came > sent || (refused.is_none() && came < sent) {
            return Err(unclear(session, "insert rows"));
        }
        answers.extend(told);
        if let Some(refused) = refused {
            let after = rows.get(answers.len()).map(|row| settled(row, &columns)).unwrap_or_default();
            answers.push(Err(refused));
            roll_back(session, &after).await?;
        }
    }
    Ok(answers)
}

/// Ends what a batch has left that the server broke off.
async fn roll_back(session: &mut MsSqlSession, after: &str) -> Result<(), DatabaseError> {
    let fail = session.fail("write rows to");
    session.connection.batch(&format!("IF @@TRANCOUNT > 0 ROLLBACK; {after}")).await.map_err(fail)
}

/// A statement whose error comes as a row, and what is done after one.
fn guarded(statement: &str, after: &str) -> String {
    format!(
        "BEGIN TRY EXEC sys.sp_executesql {}; SELECT NULL AS [{NUMBER}], NULL AS [mrt message] END TRY \
         BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; {after}SELECT ERROR_NUMBER() AS [{NUMBER}], \
         CONVERT(nvarchar(4000), ERROR_MESSAGE()) AS [mrt message] END CATCH; ",
        literal(statement)
    )
}

/// Runs guarded statements: one answer for each, up to one whose error was none that can be guarded against, which ends the batch.
async fn answered(
    session: &mut MsSqlSession,
    sql: &str,
    action: &str,
) -> Result<(Vec<Answer>, Option<Rejection>), DatabaseError> {
    let fail = |error| classify(error, action, &session.database);
    let mut results = Vec::new();
    let refused = match session.connection.results_into(sql, &mut results).await {
        Ok(()) => None,
        Err(error) => Some(rejection(error, action, &session.database)?),
    };
    let mut answers = Vec::new();
    for row in results.iter().flatten().filter(|row| is_answer(row)) {
        let Some(number) = row.integer(0).map_err(fail)? else {
            answers.push(Ok(()));
            continue;
        };
        let number = u32::try_from(number).unwrap_or_default();
        let message = row.string(1).map_err(fail)?;
        if !is_about_statement(number) {
            return Err(sorted(number, CAUGHT, &message, action.to_owned(), &session.database));
        }
        answers.push(Err(refusal(number, message)));
    }
    Ok((answers, refused))
}

/// Runs one guarded statement.
async fn answer(session: &mut MsSqlSession, sql: &str, action: &str) -> Result<Answer, DatabaseError> {
    let (mut told, refused) = answered(session, sql, action).await?;
    match (told.pop(), refused) {
        (None, Some(refused)) => {
            roll_back(session, "").await?;
            Ok(Err(refused))
        }
        (Some(answer), None) if told.is_empty() => Ok(answer),
        _ => Err(unclear(session, action)),
    }
}

fn is_answer(row: &Row) -> bool {
    row.columns().first().is_some_and(|column| column.name() == NUMBER)
}

fn unclear(session: &MsSqlSession, action: &str) -> DatabaseError {
    let source =
        format!("the server's answer in database {} is not what was asked for", session.database).into();
    DatabaseError::Refused { action: action.to_owned(), source }
}

/// Whether a row brings the value of its table's identity column, which is taken on demand only.
fn brings_identity(row: &NewRow, columns: &Columns) -> bool {
    let known = of_table(row, columns);
    row.values
        .iter()
        .any(|(name, _)| known.and_then(|known| known.get(name)).is_some_and(|facts| facts.is_identity))
}

/// What is said after a row that was refused: the demand counts for one table at a time.
fn settled(row: &NewRow, columns: &Columns) -> String {
    if brings_identity(row, columns) {
        format!("SET IDENTITY_INSERT {} OFF; ", table(&row.table))
    } else {
        String::new()
    }
}

pub(super) fn insert_statement(row: &NewRow, columns: &Columns) -> String {
    let known = of_table(row, columns);
    let is_written =
        |name: &str| known.and_then(|known| known.get(name)).is_none_or(|facts| !facts.is_read_only);
    let table = table(&row.table);
    let written: Vec<&(String, Value)> = row.values.iter().filter(|(name, _)| is_written(name)).collect();
    if written.is_empty() {
        return format!("INSERT INTO {table} DEFAULT VALUES");
    }
    let names: Vec<String> = written.iter().map(|(name, _)| ident(name)).collect();
    let values: Vec<String> = written.iter().map(|(name, v)| value_of(v, base(known, name))).collect();
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
    if brings_identity(row, columns) {
        format!("SET IDENTITY_INSERT {table} ON; {insert}; SET IDENTITY_INSERT {table} OFF")
    } else {
        insert
    }
}

/// What is known of the columns of a row's table.
fn of_table<'a>(row: &NewRow, columns: &'a Columns) -> Option<&'a BTreeMap<String, Facts>> {
    columns.get(&(quote::schema(&row.table).to_owned(), row.table.name.clone()))
}

/// The type of a column, or nothing.
fn base<'a>(known: Option<&'a BTreeMap<String, Facts>>, column: &str) -> &'a str {
    known.and_then(|known| known.get(column)).map_or("", |facts| facts.base.as_str())
}

/// The condition on a row's primary key, or the column of it that is not known.
fn by_key<'a>(row: &'a NewRow, columns: &Columns) -> Result<String, Option<&'a String>> {
    let known = of_table(row, columns);
    let mut found = Vec::new();
    for column in &row.primary_key {
        match row.values.iter().find(|(name, _)| name == column) {
            Some((_, Value::Null)) | None => return Err(Some(column)),
            Some((_, key)) => {
                found.push(format!("{} = {}", ident(column), value_of(key, base(known, column))));
            }
        }
    }
    if found.is_empty() { Err(None) } else { Ok(found.join(" AND ")) }
}

/// Sets columns of the row with the key of `row`.
pub(super) async fn update(
    session: &mut MsSqlSession,
    row: &NewRow,
    set: &[(String, Value)],
) -> Result<Answer, DatabaseError> {
    let refuse = |message: String, columns: Vec<String>| {
        Ok(Err(Rejection { message, reason: Reason::Other, constraint: None, columns }))
    };
    if set.is_empty() {
        return Ok(Ok(()));
    }
    let columns = session.columns().await?;
    let found = match by_key(row, &columns) {
        Ok(found) => found,
        Err(Some(column)) => {
            return refuse(format!("the row's key column {column} is not known"), vec![column.clone()]);
        }
        Err(None) => return refuse("the row has no primary key by which to find it".to_owned(), Vec::new()),
    };
    let known = of_table(row, &columns);
    let assignments: Vec<String> =
        set.iter().map(|(name, v)| format!("{} = {}", ident(name), value_of(v, base(known, name)))).collect();
    let statement = format!(
        "UPDATE {table} SET {} WHERE {found}; IF @@ROWCOUNT = 0 AND NOT EXISTS (SELECT 1 FROM {table} WHERE {found}) \
         BEGIN; THROW {NO_ROW}, N'no row has this key', 1; END",
        assignments.join(", "),
        table = table(&row.table),
    );
    answer(session, &guarded(&statement, ""), "update a row").await
}

/// The number of an error of ours.
const NO_ROW: u32 = 59_999;

/// Inserts a row and takes it back.
pub(super) async fn try_insert(session: &mut MsSqlSession, row: &NewRow) -> Result<Answer, DatabaseError> {
    let columns = session.columns().await?;
    let statement = insert_statement(row, &columns);
    let sql = format!(
        "BEGIN TRANSACTION; {}IF @@TRANCOUNT > 0 ROLLBACK",
        guarded(&statement, &settled(row, &columns))
    );
    answer(session, &sql, "try to insert a row").await
}

/// Runs SQL of the user's in a session of its own, with the settings that drivers give to everybody, all of it or nothing.
pub(super) async fn execute(login: &Login, database: &str, sql: &str) -> Result<Answer, DatabaseError> {
    match run_script(login, sql, true).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => rejection(error, "run SQL", database).map(Err),
    }
}

/// Runs the batches of a script, as one transaction or each statement as its own.
pub(super) async fn run_script(login: &Login, sql: &str, at_once: bool) -> Result<(), Error> {
    let mut connection = Connection::log_in_plain(login).await?;
    // A statement that fails would not keep those after it from running otherwise.
    connection.batch("SET XACT_ABORT ON").await?;
    if at_once {
        connection.batch("BEGIN TRANSACTION").await?;
    }
    for batch in script::batches(sql) {
        connection.batch(&batch).await?;
    }
    // A script that begins a transaction and does not end it meant it to last.
    connection.batch("WHILE @@TRANCOUNT > 0 COMMIT").await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::catalog::TableName;

    fn row(values: &[(&str, Value)]) -> NewRow {
        NewRow {
            table: TableName { schema: None, name: "t".to_owned() },
            values: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            primary_key: vec!["id".to_owned()],
            overrides_identity: false,
        }
    }

    fn columns() -> Columns {
        let identity = Facts { base: "int".to_owned(), is_identity: true, ..Facts::default() };
        let version = Facts { base: "timestamp".to_owned(), is_read_only: true, ..Facts::default() };
        let table = [("id".to_owned(), identity), ("version".to_owned(), version)].into();
        [(("dbo".to_owned(), "t".to_owned()), table)].into()
    }

    #[test]
    fn an_identity_is_brought_on_demand() {
        let with = row(&[("id", Value::Integer(1)), ("a", Value::Text("x".to_owned()))]);
        assert_eq!(
            insert_statement(&with, &columns()),
            "SET IDENTITY_INSERT [dbo].[t] ON; INSERT INTO [dbo].[t] ([id], [a]) VALUES (1, N'x'); \
             SET IDENTITY_INSERT [dbo].[t] OFF"
        );
        assert_eq!(settled(&with, &columns()), "SET IDENTITY_INSERT [dbo].[t] OFF; ");
        let without = row(&[("a", Value::Null)]);
        assert_eq!(insert_statement(&without, &columns()), "INSERT INTO [dbo].[t] ([a]) VALUES (NULL)");
        assert_eq!(settled(&without, &columns()), "");
    }

    #[test]
    fn what_takes_no_value_gets_none() {
        let version = row(&[("version", Value::Bytes(vec![1]))]);
        assert_eq!(insert_statement(&version, &columns()), "INSERT INTO [dbo].[t] DEFAULT VALUES");
    }

    #[test]
    fn a_row_is_found_by_all_of_its_key() {
        assert_eq!(by_key(&row(&[("id", Value::Integer(1))]), &columns()), Ok("[id] = 1".to_owned()));
        assert!(matches!(by_key(&row(&[("id", Value::Null)]), &columns()), Err(Some(_))));
    }
}
