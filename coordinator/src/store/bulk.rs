//! Many rows in one statement: a round trip for each would be most of what a result costs.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use super::{Kind, StoreError, Turn, write};

/// Rows of one statement. Both databases take more parameters than this needs.
const ROWS: usize = 400;

/// A value of a row.
pub(super) enum Value {
    Number(Option<i64>),
    Text(String),
    Bytes(Option<Vec<u8>>),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(Some(super::stored(number)))
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        Self::Number(number.map(super::stored))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

/// Inserts the rows: `insert` is the statement up to VALUES, `conflict` what follows.
pub(super) async fn insert<const WIDTH: usize>(
    turn: &mut Turn,
    insert: &'static str,
    conflict: &'static str,
    rows: Vec<[Value; WIDTH]>,
) -> Result<(), StoreError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<[Value; WIDTH]> = rows.by_ref().take(ROWS).collect();
        // Nothing but our own words and numbers.
        let mut query =
            sqlx::query(AssertSqlSafe(statement(turn.kind, insert, conflict, chunk.len(), WIDTH)));
        // Each number of rows is a statement of its own.
        query = query.persistent(chunk.len() == 1);
        for value in chunk.into_iter().flatten() {
            query = match value {
                Value::Number(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query.execute(&mut *turn.connection).await.map_err(write)?;
    }
    Ok(())
}

fn statement(kind: Kind, insert: &str, conflict: &str, rows: usize, width: usize) -> String {
    let mut sql = format!("{insert} VALUES ");
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=width {
            sql.push_str(if column == 1 { "" } else { ", " });
            match kind {
                // SQLite looks a numbered one up among all that came before it.
                Kind::Sqlite => sql.push('?'),
                // Writing to a string cannot fail.
                Kind::Postgres => drop(write!(sql, "${}", row * width + column)),
            }
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(conflict);
    sql
}
