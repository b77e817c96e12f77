//! A session of ours on one database: writing.

use std::ops::Range;

use super::error::{Culprit, classify, culprit, rejection};
use super::quote::{ident, idents, is_storable, table, value};
use super::session::{PostgresSession, regclass};
use super::wire::{batch, batch_into};
use crate::database::catalog::TableName;
use crate::database::rows::{NewRow, Reason, Rejection, Value};
use crate::database::{CounterBehind, DatabaseError};

type Answer = Result<(), Rejection>;

/// The most rows in one INSERT.
const RUN: usize = 500;

/// Inserts rows; what is refused comes back with the server's reason.
///
/// All goes out in one message, one INSERT in a savepoint for each run of like rows. Only where such a run is
/// refused are its rows sent one by one. Constraints that are checked at the end are checked before the
/// commit; rows that they name are left out and the rest is inserted anew.
pub(super) async fn insert(
    session: &mut PostgresSession,
    rows: &[NewRow],
    defer: bool,
) -> Result<Vec<Answer>, DatabaseError> {
    let mut answers: Vec<Answer> = rows.iter().map(storable).collect();
    loop {
        let result = attempt(session, rows, defer, &mut answers).await;
        match result {
            Ok(None) => return Ok(answers),
            Ok(Some(error)) => {
                roll_back(session).await?;
                reject_culprits(session, rows, &mut answers, error)?;
            }
            Err(error) => {
                // The transaction must not stay open behind an error.
                let _ = roll_back(session).await;
                return Err(error);
            }
        }
    }
}

/// One transaction over all rows that are not yet refused. `Some` is what a deferred constraint said.
async fn attempt(
    session: &mut PostgresSession,
    rows: &[NewRow],
    defer: bool,
    answers: &mut [Answer],
) -> Result<Option<sqlx::Error>, DatabaseError> {
    let mut begin = String::from("BEGIN");
    if defer {
        begin.push_str("; SET CONSTRAINTS ALL DEFERRED");
    }
    let mut prefix = Some(begin);
    let open: Vec<usize> = (0..rows.len()).filter(|at| answers[*at].is_ok()).collect();
    let mut runs = runs(rows, &open);
    runs.reverse();
    while !runs.is_empty() || prefix.is_some() {
        let before = prefix.take();
        let leading = before.as_ref().map_or(0, |b| b.matches(';').count() + 1);
        let mut statements: Vec<String> = before.into_iter().collect();
        for run in runs.iter().rev() {
            let members: Vec<&NewRow> = open[run.clone()].iter().map(|at| &rows[*at]).collect();
            statements.push(format!("SAVEPOINT run; {}; RELEASE run", insert_statement(&members)));
        }
        let mut done = Vec::new();
        match batch_into(&mut session.connection, statements.join("; "), &mut done).await {
            Ok(()) => break,
            Err(error) => {
                let complete = done.len().saturating_sub(leading) / 3;
                runs.truncate(runs.len() - complete.min(runs.len()));
                let Some(run) = runs.pop() else {
                    return Err(classify(error, "insert rows", &session.database));
                };
                let first = rejection(error, "insert rows", &session.database)?;
                batch_ok(session, "ROLLBACK TO run").await?;
                if run.len() == 1 {
                    answers[open[run.start]] = Err(first);
                } else {
                    one_by_one(session, rows, &open[run], answers).await?;
                }
            }
        }
    }
    match batch(&mut session.connection, "SET CONSTRAINTS ALL IMMEDIATE; COMMIT".to_owned()).await {
        Ok(_) => Ok(None),
        Err(error) => Ok(Some(error)),
    }
}

async fn one_by_one(
    session: &mut PostgresSession,
    rows: &[NewRow],
    run: &[usize],
    answers: &mut [Answer],
) -> Result<(), DatabaseError> {
    for &at in run {
        let sql = format!("SAVEPOINT one; {}; RELEASE one", insert_statement(&[&rows[at]]));
        if let Err(error) = batch(&mut session.connection, sql).await {
            answers[at] = Err(rejection(error, "insert a row", &session.database)?);
            batch_ok(session, "ROLLBACK TO one").await?;
        }
    }
    Ok(())
}

/// Refuses the rows that a deferred constraint names; where it names none that we know, those of its table;
/// where it names no table, all.
fn reject_culprits(
    session: &PostgresSession,
    rows: &[NewRow],
    answers: &mut [Answer],
    error: sqlx::Error,
) -> Result<(), DatabaseError> {
    let culprit = culprit(&error);
    let rejection = rejection(error, "check deferred constraints", &session.database)?;
    let open: Vec<usize> = (0..rows.len()).filter(|at| answers[*at].is_ok()).collect();
    let of_table: Vec<usize> = open
        .iter()
        .copied()
        .filter(|at| culprit.as_ref().is_some_and(|c| is_of_table(&rows[*at].table, c)))
        .collect();
    let of_key: Vec<usize> = of_table
        .iter()
        .copied()
        .filter(|at| culprit.as_ref().and_then(|c| c.key.as_ref()).is_some_and(|k| has_key(&rows[*at], k)))
        .collect();
    let guilty = [of_key, of_table, open].into_iter().find(|rows| !rows.is_empty()).unwrap_or_default();
    if guilty.is_empty() {
        return Err(DatabaseError::Refused {
            action: "commit inserted rows".to_owned(),
            source: rejection.message.into(),
        });
    }
    for at in guilty {
        answers[at] = Err(rejection.clone());
    }
    Ok(())
}

fn is_of_table(name: &TableName, culprit: &Culprit) -> bool {
    culprit.table == (name.schema.clone().unwrap_or_else(|| "public".to_owned()), name.name.clone())
}

fn has_key(row: &NewRow, (columns, printed): &(Vec<String>, String)) -> bool {
    let texts: Option<Vec<String>> = columns
        .iter()
        .map(|column| {
            row.values.iter().find(|(name, _)| name == column).map(|(_, value)| match value {
                Value::Null => "null".to_owned(),
                Value::Bool(b) => if *b { "t" } else { "f" }.to_owned(),
                Value::Integer(n) => n.to_string(),
                Value::Number(text) | Value::Text(text) => text.clone(),
                Value::Bytes(_) => String::new(),
            })
        })
        .collect();
    texts.is_some_and(|texts| texts.join(", ") == *printed)
}

/// Ranges of `open` whose rows fit into one INSERT.
fn runs(rows: &[NewRow], open: &[usize]) -> Vec<Range<usize>> {
    let alike = |one: &NewRow, other: &NewRow| {
        one.table == other.table
            && !one.values.is_empty()
            && one.overrides_identity == other.overrides_identity
            && one.values.iter().map(|v| &v.0).eq(other.values.iter().map(|v| &v.0))
    };
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (position, &at) in open.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.len() < RUN && alike(&rows[open[run.start]], &rows[at]) => {
                run.end = position + 1
            }
            _ => runs.push(position..position + 1),
        }
    }
    runs
}

fn insert_statement(rows: &[&NewRow]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let target = table(&first.table);
    if first.values.is_empty() {
        return format!("INSERT INTO {target} DEFAULT VALUES");
    }
    let columns = idents(first.values.iter().map(|(name, _)| name.as_str()));
    let overriding = if first.overrides_identity { " OVERRIDING SYSTEM VALUE" } else { "" };
    let values: Vec<String> = rows
        .iter()
        .map(|row| format!("({})", row.values.iter().map(|(_, v)| value(v)).collect::<Vec<_>>().join(", ")))
        .collect();
    format!("INSERT INTO {target} ({columns}){overriding} VALUES {}", values.join(", "))
}

/// No text of PostgreSQL's holds a zero byte, which would end our message early.
fn storable(row: &NewRow) -> Answer {
    match row.values.iter().find(|(_, v)| !is_storable(v)) {
        None => Ok(()),
        Some((column, _)) => Err(Rejection {
            message: "a text with a zero byte cannot be stored".to_owned(),
            reason: Reason::Value,
            constraint: None,
            columns: vec![column.clone()],
        }),
    }
}

async fn batch_ok(session: &mut PostgresSession, sql: &str) -> Result<(), DatabaseError> {
    match batch(&mut session.connection, sql.to_owned()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(classify(error, "write rows", &session.database)),
    }
}

async fn roll_back(session: &mut PostgresSession) -> Result<(), DatabaseError> {
    batch_ok(session, "ROLLBACK").await
}

/// Runs one transaction of one statement.
async fn once(session: &mut PostgresSession, sql: String, action: &str) -> Result<Answer, DatabaseError> {
    match batch(&mut session.connection, sql).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => {
            let refused = rejection(error, action, &session.database)?;
            roll_back(session).await?;
            Ok(Err(refused))
        }
    }
}

/// Sets columns of the row with the key of `row`.
pub(super) async fn update(
    session: &mut PostgresSession,
    row: &NewRow,
    set: &[(String, Value)],
) -> Result<Answer, DatabaseError> {
    let refuse = |message: String, columns: Vec<String>| {
        Ok(Err(Rejection { message, reason: Reason::Other, constraint: None, columns }))
    };
    if set.is_empty() {
        return Ok(Ok(()));
    }
    if let Some((column, _)) = set.iter().find(|(_, v)| !is_storable(v)) {
        return refuse("a text with a zero byte cannot be stored".to_owned(), vec![column.clone()]);
    }
    let mut found = Vec::new();
    for column in &row.primary_key {
        match row.values.iter().find(|(name, _)| name == column) {
            Some((_, key)) => found.push(format!("{} = {}", ident(column), value(key))),
            None => {
                return refuse(format!("the row's key column {column} is not known"), vec![column.clone()]);
            }
        }
    }
    if found.is_empty() {
        return refuse("the row has no primary key by which to find it".to_owned(), Vec::new());
    }
    let assignments: Vec<String> =
        set.iter().map(|(name, v)| format!("{} = {}", ident(name), value(v))).collect();
    let sql = format!(
        "BEGIN; UPDATE {} SET {} WHERE {} RETURNING 1; SET CONSTRAINTS ALL IMMEDIATE; COMMIT",
        table(&row.table),
        assignments.join(", "),
        found.join(" AND ")
    );
    match batch(&mut session.connection, sql).await {
        Ok(answers) if answers.get(1).is_some_and(|rows| !rows.is_empty()) => Ok(Ok(())),
        Ok(_) => refuse("no row has this key".to_owned(), row.primary_key.clone()),
        Err(error) => {
            let refused = rejection(error, "update a row", &session.database)?;
            roll_back(session).await?;
            Ok(Err(refused))
        }
    }
}

/// Inserts a row and takes it back.
pub(super) async fn try_insert(session: &mut PostgresSession, row: &NewRow) -> Result<Answer, DatabaseError> {
    if let Err(refused) = storable(row) {
        return Ok(Err(refused));
    }
    let statement = insert_statement(&[row]);
    let sql = format!("BEGIN; {statement}; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK");
    once(session, sql, "try to insert a row").await
}

/// Runs SQL of the user's and puts the session's settings back.
pub(super) async fn execute_script(
    session: &mut PostgresSession,
    sql: &str,
) -> Result<Answer, DatabaseError> {
    if sql.contains('\0') {
        return Ok(Err(Rejection {
            message: "SQL with a zero byte cannot be run".to_owned(),
            reason: Reason::Other,
            constraint: None,
            columns: Vec::new(),
        }));
    }
    let answer = once(session, sql.to_owned(), "run SQL").await?;
    if answer.is_ok() {
        // A script that begins a transaction and does not end it meant it to last.
        let committed = once(session, "COMMIT".to_owned(), "commit SQL").await?;
        batch_ok(session, "DISCARD ALL").await?;
        return Ok(committed);
    }
    batch_ok(session, "DISCARD ALL").await?;
    Ok(answer)
}

/// Steps that a counter keeps free before its end: a largest value closer than that does not move it, or its
/// next value would not exist.
const FREE_STEPS: u32 = 1000;

/// Moves every sequence that feeds a column of the tables past what the column holds.
pub(super) async fn advance_counters(
    session: &mut PostgresSession,
    tables: &[TableName],
) -> Result<(), DatabaseError> {
    if tables.is_empty() {
        return Ok(());
    }
    let action = "advance the counters of";
    let sql = feeding(tables);
    let fail = |error| classify(error, action, &session.database);
    let found = batch(&mut session.connection, sql).await.map_err(fail)?;
    let mut moves = Vec::new();
    for row in found.into_iter().flatten() {
        let row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        let [schema, name, kind, column, sequence, step, min, max, printed] = row.as_slice() else {
            continue;
        };
        let (column, from) = (ident(column), format!("{}.{}", ident(schema), ident(name)));
        let only = if kind == "r" { "ONLY " } else { "" };
        let (extreme, within, beyond) = if step.starts_with('-') {
            ("min", format!(">= {min} - {FREE_STEPS}::numeric * ({step})"), "<=")
        } else {
            ("max", format!("<= {max} - {FREE_STEPS}::numeric * {step}"), ">=")
        };
        moves.push(format!(
            "SELECT setval({sequence}::regclass, e::bigint) FROM (SELECT {extreme}({column}::numeric) AS e \
             FROM {only}{from} WHERE {column}::numeric {within} AND {column}::numeric BETWEEN {min} AND {max}) v, \
             {printed} s WHERE e {beyond} s.last_value"
        ));
    }
    if moves.is_empty() {
        return Ok(());
    }
    let fail = |error| classify(error, action, &session.database);
    batch(&mut session.connection, moves.join("; ")).await.map_err(fail).map(drop)
}

/// The query for the counters that a column owns, and those that its default draws from.
fn feeding(tables: &[TableName]) -> String {
    let names: Vec<String> = tables.iter().map(regclass).collect();
    format!(
        "SELECT n.nspname, c.relname, c.relkind, a.attname, s.seqrelid, s.seqincrement, s.seqmin, s.seqmax, \
         quote_ident(sn.nspname) || '.' || quote_ident(sc.relname) FROM (\
         SELECT refobjid AS relation, refobjsubid AS number, objid AS sequence FROM pg_depend \
         WHERE classid = 1259 AND refclassid = 1259 AND deptype IN ('a', 'i') AND refobjsubid > 0 \
         UNION SELECT d.adrelid, d.adnum, p.refobjid FROM pg_attrdef d JOIN pg_depend p \
         ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid AND p.refclassid = 1259) f \
         JOIN pg_sequence s ON s.seqrelid = f.sequence JOIN pg_class c ON c.oid = f.relation \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = f.relation AND a.attnum = f.number \
         JOIN pg_type t ON t.oid = a.atttypid AND t.typcategory = 'N' \
         JOIN pg_class sc ON sc.oid = s.seqrelid JOIN pg_namespace sn ON sn.oid = sc.relnamespace \
         WHERE f.relation = ANY (ARRAY[{}]::oid[]) ORDER BY 1, 2, 4",
        names.join(", ")
    )
}

/// Counters whose next key is not past the largest one there is.
pub(super) async fn counters_behind(
    session: &mut PostgresSession,
    tables: &[TableName],
) -> Result<Vec<CounterBehind>, DatabaseError> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let database = session.database.clone();
    let fail = |error| classify(error, "read the counters of", &database);
    let found = batch(&mut session.connection, feeding(tables)).await.map_err(fail)?;
    let mut behind = Vec::new();
    for row in found.into_iter().flatten() {
        let row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        let [schema, name, _, column, _, step, min, max, printed] = row.as_slice() else { continue };
        if step.starts_with('-') {
            continue;
        }
        let sql = format!(
            "SELECT next::text, largest::text FROM (SELECT last_value + CASE WHEN is_called THEN {step} ELSE 0 END \
             AS next FROM {printed}) s, (SELECT max({column}::numeric) AS largest FROM {}.{} \
             WHERE {column}::numeric BETWEEN {min} AND {max} - 1) t WHERE next <= largest",
            ident(schema),
            ident(name),
            column = ident(column),
        );
        let answer = batch(&mut session.connection, sql).await.map_err(fail)?;
        for pair in answer.into_iter().flatten() {
            let [next, largest] = <[_; 2]>::try_from(pair).unwrap_or_default();
            let schema = (schema != "public").then(|| schema.clone());
            behind.push(CounterBehind {
                table: TableName { schema, name: name.clone() },
                column: column.clone(),
                next: next.unwrap_or_default(),
                largest: largest.unwrap_or_default(),
            });
        }
    }
    Ok(behind)
}
