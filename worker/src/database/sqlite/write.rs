//! Writes rows, and finds out which ones the database does not want.
//!
//! `OR ABORT` overrides a constraint's own conflict clause: a row that `ON CONFLICT IGNORE` would drop silently, or
//! that REPLACE would put in place of another, is a row that was refused. A refused statement leaves the
//! transaction as it was, so no savepoints are needed, until a trigger raises: that can end the whole transaction.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::error::{Refusal, engine_error, plain, refusal, says_full};
use super::normal::quote_name;
use super::session::{Link, qualified, rejected};
use super::values::bind;
use crate::database::DatabaseError;
use crate::database::rows::{NewRow, Reason, Rejection, Value};

type Answers = Vec<Result<(), Rejection>>;

/// How rows are tried.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// Foreign keys wait for the end.
    defer: bool,
    /// Each row has a savepoint of its own.
    savepoints: bool,
}

/// How an attempt to insert all rows ended.
enum Attempt {
    /// What is not refused is in.
    Committed(Answers),
    /// Nothing is in; these rows must stay out, or the manner change.
    Again(BTreeMap<usize, Rejection>, Manner),
}

/// Inserts rows in order, in one transaction; refused ones stay out.
pub(super) async fn insert(
    link: &mut Link<'_>,
    rows: &[NewRow],
    defer: bool,
) -> Result<Answers, DatabaseError> {
    let mut out = BTreeMap::new();
    let mut manner = Manner { defer, savepoints: false };
    loop {
        match attempt(link, rows, &out, manner).await {
            Ok(Attempt::Committed(answers)) => return Ok(answers),
            Ok(Attempt::Again(more, next)) => {
                out.extend(more);
                manner = next;
            }
            Err(error) => {
                link.roll_back().await;
                return Err(error);
            }
        }
    }
}

/// Each new attempt leaves out a row more, or has gone on to the next manner, so there is a last one.
async fn attempt(
    link: &mut Link<'_>,
    rows: &[NewRow],
    out: &BTreeMap<usize, Rejection>,
    manner: Manner,
) -> Result<Attempt, DatabaseError> {
    let defer = if manner.defer { "; PRAGMA defer_foreign_keys = ON" } else { "" };
    link.run(format!("BEGIN IMMEDIATE{defer}"), "begin inserting rows").await?;

    let mut answers = Vec::with_capacity(rows.len());
    let mut rowids = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(rejection) = out.get(&at) {
            answers.push(Err(rejection.clone()));
            continue;
        }
        if manner.savepoints {
            link.run("SAVEPOINT row", "insert a row").await?;
        }
        match insert_one(link, row).await {
            Ok(rowid) => {
                rowids.insert((row.table.name.to_ascii_lowercase(), rowid), at);
                answers.push(Ok(()));
            }
            Err(Refusal::Engine(error)) => return Err(error),
            Err(Refusal::Row { by_trigger: true, .. }) if !manner.savepoints => {
                link.roll_back().await;
                return Ok(Attempt::Again(BTreeMap::new(), Manner { savepoints: true, ..manner }));
            }
            Err(Refusal::Row { rejection, .. }) => {
                if manner.savepoints && link.run("ROLLBACK TO row", "take a row back").await.is_err() {
                    // The trigger has rolled back everything.
                    return Ok(Attempt::Again(BTreeMap::from([(at, rejection)]), manner));
                }
                answers.push(Err(rejection));
            }
        }
        if manner.savepoints {
            link.run("RELEASE row", "insert a row").await?;
        }
    }

    let commit = sqlx::raw_sql("COMMIT").execute(&mut *link.connection).await;
    let Err(error) = commit else { return Ok(Attempt::Committed(answers)) };
    match refusal(error, None, "commit rows", link.path) {
        Refusal::Row { by_foreign_key: true, rejection, .. } => {
            let orphans = orphans(link, rows, &answers, &rowids, &rejection).await?;
            link.roll_back().await;
            if !orphans.is_empty() {
                Ok(Attempt::Again(orphans, manner))
            } else if manner.defer {
                // Row by row, SQLite says which one it was.
                Ok(Attempt::Again(orphans, Manner { defer: false, ..manner }))
            } else {
                let all = (0..rows.len()).filter(|at| answers[*at].is_ok());
                Ok(Attempt::Again(all.map(|at| (at, rejection.clone())).collect(), manner))
            }
        }
        refused => {
            link.roll_back().await;
            Err(match refused {
                Refusal::Engine(error) => error,
                Refusal::Row { rejection, .. } => DatabaseError::Refused {
                    action: "commit rows".to_owned(),
                    source: rejection.message.into(),
                },
            })
        }
    }
}

/// The rows of ours whose parents are missing now, inside the transaction that cannot be committed for them.
async fn orphans(
    link: &mut Link<'_>,
    rows: &[NewRow],
    answers: &[Result<(), Rejection>],
    rowids: &BTreeMap<(String, i64), usize>,
    rejection: &Rejection,
) -> Result<BTreeMap<usize, Rejection>, DatabaseError> {
    const CHECK: &str = "SELECT c.\"table\", c.rowid, group_concat(f.\"from\", '\n') \
        FROM pragma_foreign_key_check c JOIN pragma_foreign_key_list(c.\"table\") f ON f.id = c.fkid \
        GROUP BY c.\"table\", c.rowid, c.fkid ORDER BY c.\"table\", c.rowid, c.fkid";
    let mut orphans = BTreeMap::new();
    for row in link.rows(CHECK.to_owned(), "find rows without parents").await? {
        let table = link.column::<String>(&row, 0)?.to_ascii_lowercase();
        let columns: String = link.column(&row, 2)?;
        let rejection =
            Rejection { columns: columns.lines().map(str::to_owned).collect(), ..rejection.clone() };
        match link.column::<Option<i64>>(&row, 1)? {
            Some(rowid) => {
                if let Some(at) = rowids.get(&(table, rowid)) {
                    orphans.entry(*at).or_insert(rejection);
                }
            }
            // WITHOUT ROWID: SQLite does not say which row.
            None => {
                let ours =
                    |at: &usize| rows[*at].table.name.eq_ignore_ascii_case(&table) && answers[*at].is_ok();
                for at in (0..rows.len()).filter(ours) {
                    orphans.entry(at).or_insert_with(|| rejection.clone());
                }
            }
        }
    }
    Ok(orphans)
}

/// Inserts one row and answers its rowid.
async fn insert_one(link: &mut Link<'_>, row: &NewRow) -> Result<i64, Refusal> {
    let table = qualified(&row.table);
    let sql = if row.values.is_empty() {
        format!("INSERT OR ABORT INTO {table} DEFAULT VALUES")
    } else {
        let columns = row.values.iter().map(|(column, _)| quote_name(column)).collect::<Vec<_>>().join(", ");
        let marks = vec!["?"; row.values.len()].join(", ");
        format!("INSERT OR ABORT INTO {table} ({columns}) VALUES ({marks})")
    };
    let query =
        row.values.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, (_, value)| bind(query, value));
    match query.execute(&mut *link.connection).await {
        Ok(done) if done.rows_affected() == 0 => Err(Refusal::Row {
            rejection: plain("a trigger left the row out", Reason::Other),
            by_trigger: false,
            by_foreign_key: false,
        }),
        Ok(done) => Ok(done.last_insert_rowid()),
        Err(error) if says_full(&error) && no_number_left(link, row).await => Err(Refusal::Row {
            rejection: plain("AUTOINCREMENT has no number left behind the largest one", Reason::Value),
            by_trigger: false,
            by_foreign_key: false,
        }),
        Err(error) => {
            let action = format!("insert a row into {}", row.table);
            let mut refused = refusal(error, Some(&row.table.name), &action, link.path);
            if let Refusal::Row { by_foreign_key: true, rejection, .. } = &mut refused {
                rejection.columns = without_parents(link, row).await?;
            }
            Err(refused)
        }
    }
}

/// Whether the counter of an AUTOINCREMENT table stands at the largest number there is.
async fn no_number_left(link: &mut Link<'_>, row: &NewRow) -> bool {
    let at_end = sqlx::query(AssertSqlSafe(format!(
        "SELECT 1 WHERE (SELECT max(rowid) FROM {}) = {}",
        qualified(&row.table),
        i64::MAX
    )));
    matches!(at_end.fetch_optional(&mut *link.connection).await, Ok(Some(_)))
}

/// The columns of the foreign keys of `row` for which there is no parent: SQLite itself does not say.
async fn without_parents(link: &mut Link<'_>, row: &NewRow) -> Result<Vec<String>, DatabaseError> {
    let action = "look for a row's parents";
    let error = |error, path| engine_error(error, action, path);
    // A key that leaves out the parent's columns means its primary key.
    let keys: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT f.id, f.\"table\", f.\"from\", coalesce(f.\"to\", p.name) FROM pragma_foreign_key_list(?, 'main') f \
         LEFT JOIN pragma_table_info(f.\"table\", 'main') p ON f.\"to\" IS NULL AND p.pk = f.seq + 1 \
         WHERE coalesce(f.\"to\", p.name) IS NOT NULL ORDER BY f.id, f.seq",
    )
    .bind(&row.table.name)
    .fetch_all(&mut *link.connection)
    .await
    .map_err(|e| error(e, link.path))?;

    let mut missing = Vec::new();
    for key in keys.chunk_by(|one, other| one.0 == other.0) {
        let value = |column: &str| {
            let own = row.values.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
            own.map(|(_, value)| value).filter(|value| **value != Value::Null)
        };
        let Some(values) = key.iter().map(|(_, _, from, _)| value(from)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let matches = key.iter().map(|(_, _, _, to)| format!("{} = ?", quote_name(to))).collect::<Vec<_>>();
        let sql = format!("SELECT 1 FROM main.{} WHERE {}", quote_name(&key[0].1), matches.join(" AND "));
        let query = values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind);
        // A parent that cannot even be asked is missing as well.
        if !matches!(query.fetch_optional(&mut *link.connection).await, Ok(Some(_))) {
            missing.extend(key.iter().map(|(_, _, from, _)| from.clone()));
        }
    }
    Ok(missing)
}

/// Sets columns of the one row that `row` inserted.
pub(super) async fn update(
    link: &mut Link<'_>,
    row: &NewRow,
    set: &[(String, Value)],
) -> Result<Result<(), Rejection>, DatabaseError> {
    if set.is_empty() {
        return Ok(Ok(()));
    }
    let of_key =
        |(column, _): &&(String, Value)| row.primary_key.iter().any(|key| key.eq_ignore_ascii_case(column));
    let by_key: Vec<_> = row.values.iter().filter(of_key).collect();
    let whole = !by_key.is_empty() && by_key.len() == row.primary_key.len();
    // Without its key a row is found by all that was written to it.
    let found_by = if whole { by_key } else { row.values.iter().collect() };
    if found_by.is_empty() {
        return Ok(Err(plain("the row has no values to find it by", Reason::Other)));
    }

    let assignments = set.iter().map(|(column, _)| format!("{} = ?", quote_name(column))).collect::<Vec<_>>();
    let conditions =
        found_by.iter().map(|(column, _)| format!("{} IS ?", quote_name(column))).collect::<Vec<_>>();
    let sql = format!(
        "UPDATE OR ABORT {} SET {} WHERE {}",
        qualified(&row.table),
        assignments.join(", "),
        conditions.join(" AND ")
    );
    let values = set.iter().chain(found_by).map(|(_, value)| value);
    let query = values.fold(sqlx::query(AssertSqlSafe(sql)), bind);
    match query.execute(&mut *link.connection).await {
        Ok(done) if done.rows_affected() == 0 => Ok(Err(plain("the row is not there", Reason::Other))),
        Ok(_) => Ok(Ok(())),
        Err(error) => {
            let action = format!("update a row of {}", row.table);
            let mut refused = refusal(error, Some(&row.table.name), &action, link.path);
            if let Refusal::Row { by_foreign_key: true, rejection, .. } = &mut refused {
                let changed = NewRow { values: set.to_vec(), ..row.clone() };
                rejection.columns = without_parents(link, &changed).await?;
            }
            rejected(refused).map(Err)
        }
    }
}

/// Inserts a row and takes it back.
pub(super) async fn try_insert(
    link: &mut Link<'_>,
    row: &NewRow,
) -> Result<Result<(), Rejection>, DatabaseError> {
    link.run("BEGIN IMMEDIATE", "try to insert a row").await?;
    let result = insert_one(link, row).await;
    link.roll_back().await;
    match result {
        Ok(_) => Ok(Ok(())),
        Err(refused) => rejected(refused).map(Err),
    }
}
