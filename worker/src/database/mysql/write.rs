//! A session of ours on one database: writing.
//!
//! InnoDB takes back alone the statement that fails, whatever it and its triggers have done. Engines without transactions keep
//! what the statement did before it failed, so their rows go in one by one, after the others. Some changes to a value are but
//! a note to the server (digits that a DECIMAL has no room for); a row that is noted is refused, too.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlx::Connection as _;

use super::error::{changes_data, classify, refusal, rejection};
use super::quote::{ident, idents, literal, table, value};
use super::session::MySqlSession;
use super::wire::{self, Login, Row, batch, batch_into, fixed};
use crate::database::DatabaseError;
use crate::database::catalog::TableName;
use crate::database::rows::{NewRow, Reason, Rejection, Value};

pub(super) type Answer = Result<(), Rejection>;

/// The most rows in one INSERT.
const RUN: usize = 500;

/// The most SQL in one message, more or less; servers take 16 MB.
const MESSAGE: usize = 4 << 20;

/// The temporary table in which a row is tried.
const TRIAL: &str = "mrt trial";

/// Inserts rows; what is refused comes back with the server's reason.
///
/// All goes out in few messages, one INSERT for each run of like rows. Only where such a run is refused are its rows sent one
/// by one.
pub(super) async fn insert(
    session: &mut MySqlSession,
    rows: &[NewRow],
) -> Result<Vec<Answer>, DatabaseError> {
    let mut answers: Vec<Answer> = vec![Ok(()); rows.len()];
    let lasting = without_transactions(session, rows.iter().map(|row| &row.table)).await?;
    let (last, open): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|at| lasting.contains(&rows[*at].table));
    let mut doubtful = BTreeSet::new();
    loop {
        match attempt(session, rows, &open, &doubtful, &mut answers).await {
            Ok(None) => break,
            // Something was noted in the midst of what is done by now.
            Ok(Some(run)) => {
                answers.iter_mut().for_each(|answer| *answer = Ok(()));
                doubtful.extend(run);
                roll_back(session).await?;
            }
            Err(error) => {
                // The transaction must not stay open behind an error.
                let _ = roll_back(session).await;
                return Err(error);
            }
        }
    }
    for at in last {
        answers[at] = insert_lasting(session, &rows[at]).await?.map(drop);
    }
    Ok(answers)
}

/// One transaction over these rows. `Some` are rows of which one was stored as something else, so that all is to be done anew
/// and they one by one.
async fn attempt(
    session: &mut MySqlSession,
    rows: &[NewRow],
    open: &[usize],
    doubtful: &BTreeSet<usize>,
    answers: &mut [Answer],
) -> Result<Option<Vec<usize>>, DatabaseError> {
    if open.is_empty() {
        return Ok(None);
    }
    batch_ok(session, "START TRANSACTION").await?;
    let mut runs = runs(rows, open, doubtful);
    runs.reverse();
    while let Some(next) = runs.last().cloned() {
        if doubtful.contains(&open[next.start]) {
            answers[open[next.start]] = insert_doubtful(session, &rows[open[next.start]]).await?;
            runs.pop();
            continue;
        }
        let mut sql = String::new();
        for run in runs.iter().rev().take_while(|run| !doubtful.contains(&open[run.start])) {
            if sql.len() > MESSAGE {
                break;
            }
            let members: Vec<&NewRow> = open[run.clone()].iter().map(|at| &rows[*at]).collect();
            sql.push_str(if sql.is_empty() { "" } else { "; " });
            sql.push_str(&insert_statement(&members));
            sql.push_str("; SHOW WARNINGS");
        }
        let mut done = Vec::new();
        let outcome = batch_into(&mut session.connection, sql, &mut done).await;
        let mut warnings = done.chunks(2).map(|pair| pair.get(1).map(Vec::as_slice).unwrap_or_default());
        if let Some(at) = warnings.position(|warnings| warnings.iter().any(is_telling_warning)) {
            return Ok(runs.iter().rev().nth(at).map(|run| open[run.clone()].to_vec()));
        }
        runs.truncate(runs.len() - (done.len() / 2).min(runs.len()));
        if let Err(error) = outcome {
            let refused = rejection(error, "insert rows", &session.database)?;
            let Some(run) = runs.pop() else { continue };
            if run.len() == 1 {
                answers[open[run.start]] = Err(refused.of(&rows[open[run.start]]));
            } else {
                // Each for itself, in the order in which they are.
                runs.extend(run.rev().map(|at| at..at + 1));
            }
        }
    }
    batch_ok(session, "COMMIT").await?;
    Ok(None)
}

/// Inserts one row within a transaction, unless it is refused or stored as something else.
async fn insert_doubtful(session: &mut MySqlSession, row: &NewRow) -> Result<Answer, DatabaseError> {
    let sql = format!("SAVEPOINT one; {}; SHOW WARNINGS", insert_statement(&[row]));
    match batch(&mut session.connection, sql).await {
        Ok(answers) => {
            let warnings = answers.into_iter().nth(2).unwrap_or_default();
            if !warnings.iter().any(is_telling_warning) {
                return Ok(Ok(()));
            }
            batch_ok(session, "ROLLBACK TO SAVEPOINT one").await?;
            Ok(Err(noted(&warnings)))
        }
        Err(error) => Ok(Err(rejection(error, "insert a row", &session.database)?.of(row))),
    }
}

impl Rejection {
    /// The server calls a primary key by that word alone.
    fn of(mut self, row: &NewRow) -> Self {
        if self.reason == Reason::Unique && self.constraint.as_deref() == Some("PRIMARY") {
            self.columns.clone_from(&row.primary_key);
        }
        self
    }
}

/// Of the tables, those whose engine knows no transactions.
async fn without_transactions<'a>(
    session: &mut MySqlSession,
    tables: impl Iterator<Item = &'a TableName>,
) -> Result<BTreeSet<TableName>, DatabaseError> {
    let named: BTreeSet<&TableName> = tables.collect();
    if named.is_empty() {
        return Ok(BTreeSet::new());
    }
    let conditions: Vec<String> = named
        .iter()
        .map(|name| {
            let schema = name.schema.as_deref().unwrap_or(&session.database);
            format!("(table_schema = {} AND table_name = {})", literal(schema), literal(&name.name))
        })
        .collect();
    let sql = format!(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE engine IS NOT NULL AND engine NOT IN \
         (SELECT engine FROM information_schema.engines WHERE transactions = 'YES') AND ({})",
        conditions.join(" OR ")
    );
    let fail = session.fail("ask for the engines of the tables of");
    let found = batch(&mut session.connection, sql).await.map_err(fail)?;
    let found: BTreeSet<(String, String)> = found
        .into_iter()
        .flatten()
        .map(|row| {
            let [schema, name] = fixed(row);
            (schema, name)
        })
        .collect();
    Ok(named
        .into_iter()
        .filter(|name| {
            let schema = name.schema.as_deref().unwrap_or(&session.database).to_owned();
            found.contains(&(schema, name.name.clone()))
        })
        .cloned()
        .collect())
}

/// Ranges of `open` whose rows fit into one INSERT.
fn runs(rows: &[NewRow], open: &[usize], doubtful: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let alike = |one: usize, other: usize| {
        let (first, second) = (&rows[one], &rows[other]);
        !doubtful.contains(&one)
            && !doubtful.contains(&other)
            && first.table == second.table
            && first.values.iter().map(|v| &v.0).eq(second.values.iter().map(|v| &v.0))
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (position, &at) in open.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.len() < RUN && alike(open[run.start], at) => run.end = position + 1,
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

fn insert_statement(rows: &[&NewRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let columns = idents(first.values.iter().map(|(name, _)| name.as_str()));
    let values: Vec<String> = rows
        .iter()
        .map(|row| format!("({})", row.values.iter().map(|(_, v)| value(v)).collect::<Vec<_>>().join(", ")))
        .collect();
    format!("INSERT INTO {} ({columns}) VALUES {}", table(&first.table), values.join(", "))
}

/// Whether a row of SHOW WARNINGS says that something else was stored than was given.
pub(super) fn is_telling_warning(row: &Row) -> bool {
    let [_, number, _] = fixed(row.clone());
    number.parse().is_ok_and(changes_data)
}

/// A refusal of what the server has only noted.
fn noted(warnings: &[Row]) -> Rejection {
    let telling = warnings.iter().find(|row| is_telling_warning(row)).cloned().unwrap_or_default();
    let [_, number, message] = fixed(telling);
    refusal(number.parse().unwrap_or_default(), "22000", message)
}

/// Inserts a row into a table whose engine knows no transactions, and says by what the row is found. Whether it would be
/// stored as something else is tried before, in a copy of the table that nobody sees.
async fn insert_lasting(
    session: &mut MySqlSession,
    row: &NewRow,
) -> Result<Result<String, Rejection>, DatabaseError> {
    let trial = TableName { schema: None, name: TRIAL.to_owned() };
    let drop = format!("DROP TEMPORARY TABLE IF EXISTS {}", table(&trial));
    let copy = NewRow { table: trial.clone(), ..row.clone() };
    let sql = format!(
        "{drop}; CREATE TEMPORARY TABLE {} LIKE {}; {}; SHOW WARNINGS",
        table(&trial),
        table(&row.table),
        insert_statement(&[&copy])
    );
    let warnings = match batch(&mut session.connection, sql).await {
        Ok(answers) => answers.into_iter().nth(3).unwrap_or_default(),
        // The table itself will say so, unless one of its triggers comes before.
        Err(error) => rejection(error, "try a row", &session.database).map(|_| Vec::new())?,
    };
    batch_ok(session, &drop).await?;
    if warnings.iter().any(is_telling_warning) {
        return Ok(Err(noted(&warnings)));
    }
    let sql = format!("{}; SELECT LAST_INSERT_ID()", insert_statement(&[row]));
    match batch(&mut session.connection, sql).await {
        Ok(answers) => {
            let counter = answers.into_iter().nth(1).unwrap_or_default();
            let [counter] = wire::first(&counter);
            finds(session, row, &counter).await.map(Ok)
        }
        Err(error) => rejection(error, "insert a row", &session.database).map(|told| Err(told.of(row))),
    }
}

async fn delete(session: &mut MySqlSession, row: &NewRow, found: &str) -> Result<(), DatabaseError> {
    batch_ok(session, &format!("DELETE FROM {} WHERE {found} LIMIT 1", table(&row.table))).await
}

/// The condition by which a row that was just inserted is found: its key; the counter that made its key; all that it holds.
async fn finds(session: &mut MySqlSession, row: &NewRow, counter: &str) -> Result<String, DatabaseError> {
    if let Ok(condition) = by_key(row) {
        return Ok(condition);
    }
    let schema = row.table.schema.as_deref().unwrap_or(&session.database);
    let sql = format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = {} AND table_name = {} \
         AND extra LIKE '%auto_increment%'",
        literal(schema),
        literal(&row.table.name)
    );
    let fail = session.fail("look for the counters of");
    let columns = batch(&mut session.connection, sql).await.map_err(fail)?;
    let [column] = wire::first(columns.first().map(Vec::as_slice).unwrap_or_default());
    if !column.is_empty() && counter != "0" && !row.values.iter().any(|(name, _)| *name == column) {
        return Ok(format!("{} = {counter}", ident(&column)));
    }
    let same = row.values.iter().map(|(name, v)| format!("{} <=> {}", ident(name), value(v)));
    let condition = same.collect::<Vec<_>>().join(" AND ");
    Ok(if condition.is_empty() { "TRUE".to_owned() } else { condition })
}

/// The condition on a row's primary key, or the column of it that is not known.
fn by_key(row: &NewRow) -> Result<String, Option<&String>> {
    let mut found = Vec::new();
    for column in &row.primary_key {
        match row.values.iter().find(|(name, _)| name == column) {
            Some((_, Value::Null)) | None => return Err(Some(column)),
            Some((_, key)) => found.push(format!("{} = {}", ident(column), value(key))),
        }
    }
    if found.is_empty() { Err(None) } else { Ok(found.join(" AND ")) }
}

async fn batch_ok(session: &mut MySqlSession, sql: &str) -> Result<(), DatabaseError> {
    match batch(&mut session.connection, sql.to_owned()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(classify(error, "write rows", &session.database)),
    }
}

async fn roll_back(session: &mut MySqlSession) -> Result<(), DatabaseError> {
    batch_ok(session, "ROLLBACK").await
}

/// Sets columns of the row with the key of `row`.
pub(super) async fn update(
    session: &mut MySqlSession,
    row: &NewRow,
    set: &[(String, Value)],
) -> Result<Answer, DatabaseError> {
    let refuse = |message: String, columns: Vec<String>| {
        Ok(Err(Rejection { message, reason: Reason::Other, constraint: None, columns }))
    };
    if set.is_empty() {
        return Ok(Ok(()));
    }
    let found = match by_key(row) {
        Ok(found) => found,
        Err(Some(column)) => {
            return refuse(format!("the row's key column {column} is not known"), vec![column.clone()]);
        }
        Err(None) => return refuse("the row has no primary key by which to find it".to_owned(), Vec::new()),
    };
    let assignments: Vec<String> =
        set.iter().map(|(name, v)| format!("{} = {}", ident(name), value(v))).collect();
    let table = table(&row.table);
    let sql = format!(
        "START TRANSACTION; SELECT 1 FROM {table} WHERE {found}; UPDATE {table} SET {} WHERE {found}; SHOW WARNINGS",
        assignments.join(", ")
    );
    match batch(&mut session.connection, sql).await {
        Ok(answers) => {
            let [_, there, _, warnings] = <[Vec<Row>; 4]>::try_from(answers).unwrap_or_default();
            if warnings.iter().any(is_telling_warning) {
                roll_back(session).await?;
                return Ok(Err(noted(&warnings)));
            }
            batch_ok(session, "COMMIT").await?;
            if there.is_empty() {
                refuse("no row has this key".to_owned(), row.primary_key.clone())
            } else {
                Ok(Ok(()))
            }
        }
        Err(error) => {
            let refused = rejection(error, "update a row", &session.database);
            roll_back(session).await?;
            Ok(Err(refused?))
        }
    }
}

/// Inserts a row and takes it back.
pub(super) async fn try_insert(session: &mut MySqlSession, row: &NewRow) -> Result<Answer, DatabaseError> {
    if !without_transactions(session, std::iter::once(&row.table)).await?.is_empty() {
        return match insert_lasting(session, row).await? {
            Ok(found) => delete(session, row, &found).await.map(Ok),
            Err(refused) => Ok(Err(refused)),
        };
    }
    let sql = format!("START TRANSACTION; {}; SHOW WARNINGS; ROLLBACK", insert_statement(&[row]));
    match batch(&mut session.connection, sql).await {
        Ok(answers) => {
            let warnings = answers.into_iter().nth(2).unwrap_or_default();
            Ok(if warnings.iter().any(is_telling_warning) { Err(noted(&warnings)) } else { Ok(()) })
        }
        Err(error) => {
            let refused = rejection(error, "try to insert a row", &session.database);
            roll_back(session).await?;
            Ok(Err(refused?.of(row)))
        }
    }
}

/// Runs SQL of the user's in a session of its own, with the settings that the server gives to everybody.
pub(super) async fn execute(login: &Login, database: &str, sql: &str) -> Result<Answer, DatabaseError> {
    match run_script(login, sql).await {
        Ok(()) => Ok(Ok(())),
        Err(error) => rejection(error, "run SQL", database).map(Err),
    }
}

/// Runs a script in one transaction, as far as its statements do not end it.
pub(super) async fn run_script(login: &Login, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = wire::connect_plain(login).await?;
    // The driver asks for IGNORE_SPACE, which would make names of functions words that cannot name anything else.
    let begin = "SET NAMES utf8mb4, sql_mode = DEFAULT; START TRANSACTION".to_owned();
    batch(&mut connection, begin).await?;
    batch(&mut connection, sql.to_owned()).await?;
    // A script that begins a transaction and does not end it meant it to last.
    batch(&mut connection, "COMMIT".to_owned()).await?;
    connection.close().await
}
