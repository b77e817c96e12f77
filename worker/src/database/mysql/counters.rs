//! The counters that feed columns: AUTO_INCREMENT, and on MariaDB the sequences that a default draws from.

use super::quote::{ident, literal, table};
use super::session::MySqlSession;
use super::wire::{batch, first, fixed};
use crate::database::catalog::TableName;
use crate::database::{CounterBehind, DatabaseError};

/// Steps that a counter keeps free before its end: a largest value closer than that does not move it, or its next value would
/// not exist.
const FREE_STEPS: i128 = 1000;

/// A counter and the column that it feeds.
struct Counter {
    table: TableName,
    column: String,
    source: Source,
}

enum Source {
    /// The next value, as the server tells it.
    AutoIncrement { next: i128 },
    /// A sequence, quoted, as the default names it.
    Sequence(String),
}

/// The counters of these tables.
async fn counters(session: &mut MySqlSession, tables: &[TableName]) -> Result<Vec<Counter>, DatabaseError> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let conditions: Vec<String> = tables
        .iter()
        .map(|name| {
            let schema = name.schema.as_deref().unwrap_or(&session.database);
            format!("(c.table_schema = {} AND c.table_name = {})", literal(schema), literal(&name.name))
        })
        .collect();
    let sql = format!(
        "SELECT c.table_schema, c.table_name, c.column_name, c.extra, t.auto_increment, c.column_default \
         FROM information_schema.columns c JOIN information_schema.tables t \
         ON t.table_schema = c.table_schema AND t.table_name = c.table_name \
         WHERE ({}) AND (c.extra LIKE '%auto_increment%' OR c.column_default LIKE 'nextval(%' \
         OR c.column_default LIKE '(nextval(%') ORDER BY 1, 2, 3",
        conditions.join(" OR ")
    );
    let fail = session.fail("look for the counters of");
    let found = batch(&mut session.connection, sql).await.map_err(fail)?;
    let mut counters = Vec::new();
    for row in found.into_iter().flatten() {
        let [schema, name, column, extra, next, default] = fixed(row);
        let schema = Some(schema).filter(|schema| *schema != session.database);
        let source = if extra.to_ascii_lowercase().contains("auto_increment") {
            // Nothing is told of a table in which nothing was counted yet.
            Source::AutoIncrement { next: next.parse().unwrap_or(1) }
        } else if let Some(sequence) = drawn_from(&default) {
            Source::Sequence(sequence)
        } else {
            continue;
        };
        counters.push(Counter { table: TableName { schema, name }, column, source });
    }
    Ok(counters)
}

/// The sequence of a default that is ``nextval(`db`.`s`)`` and nothing else.
fn drawn_from(default: &str) -> Option<String> {
    let inner = default.trim_matches(['(', ')']).strip_prefix("nextval(")?;
    (!inner.contains(['(', ')', '+', '*'])).then(|| inner.to_owned())
}

/// Values of a sequence.
struct Sequence {
    next: i128,
    min: i128,
    max: i128,
    step: i128,
}

async fn sequence(session: &mut MySqlSession, name: &str) -> Result<Option<Sequence>, DatabaseError> {
    let fail = session.fail("read a sequence of");
    let sql = format!("SELECT next_not_cached_value, minimum_value, maximum_value, increment FROM {name}");
    let answers = batch(&mut session.connection, sql).await.map_err(fail)?;
    let [next, min, max, step] = first(answers.first().map(Vec::as_slice).unwrap_or_default());
    let all = (next.parse(), min.parse(), max.parse(), step.parse());
    let (Ok(next), Ok(min), Ok(max), Ok(step)) = all else { return Ok(None) };
    Ok(Some(Sequence { next, min, max, step }))
}

/// The largest key (or the smallest, for a counter that counts down) that is a whole number within bounds.
async fn extreme(
    session: &mut MySqlSession,
    counter: &Counter,
    down: bool,
    (least, most): (i128, i128),
) -> Result<Option<i128>, DatabaseError> {
    let column = ident(&counter.column);
    let function = if down { "MIN" } else { "MAX" };
    let sql = format!(
        "SELECT {function}({column}) FROM {} WHERE {column} BETWEEN {least} AND {most}",
        table(&counter.table)
    );
    let fail = session.fail("read the keys of");
    let answers = batch(&mut session.connection, sql).await.map_err(fail)?;
    let [key] = first(answers.first().map(Vec::as_slice).unwrap_or_default());
    Ok(key.parse().ok())
}

/// The largest key of an AUTO_INCREMENT column, whatever the type: BIGINT UNSIGNED is the widest.
const KEYS: (i128, i128) = (1, u64::MAX as i128);

/// Moves every counter that feeds a column of the tables past what the column holds.
///
/// InnoDB does so by itself for a key that is inserted, on MySQL also for one that is set by an UPDATE. It moves a counter
/// never back, so that a key at the very end of the type uses it up.
pub(super) async fn advance(session: &mut MySqlSession, tables: &[TableName]) -> Result<(), DatabaseError> {
    for counter in counters(session, tables).await? {
        let sql = match &counter.source {
            Source::AutoIncrement { next } => {
                let Some(largest) = extreme(session, &counter, false, KEYS).await? else { continue };
                if largest < *next {
                    continue;
                }
                format!(
                    "ALTER TABLE {} AUTO_INCREMENT = {}",
                    table(&counter.table),
                    largest.saturating_add(1)
                )
            }
            Source::Sequence(name) => {
                let Some(Sequence { min, max, step, .. }) = sequence(session, name).await? else { continue };
                let room = FREE_STEPS.saturating_mul(step.abs());
                let bounds =
                    if step < 0 { (min.saturating_add(room), max) } else { (min, max.saturating_sub(room)) };
                let Some(key) = extreme(session, &counter, step < 0, bounds).await? else { continue };
                // It never sets one back.
                format!("SELECT SETVAL({name}, {key}, TRUE)")
            }
        };
        let fail = session.fail("advance the counters of");
        batch(&mut session.connection, sql).await.map_err(fail)?;
    }
    Ok(())
}

/// Counters whose next key is not past the largest one there is.
pub(super) async fn behind(
    session: &mut MySqlSession,
    tables: &[TableName],
) -> Result<Vec<CounterBehind>, DatabaseError> {
    let mut behind = Vec::new();
    for counter in counters(session, tables).await? {
        let (next, bounds) = match &counter.source {
            Source::AutoIncrement { next } => (*next, KEYS),
            Source::Sequence(name) => match sequence(session, name).await? {
                Some(Sequence { next, min, max, step }) if step > 0 => (next, (min, max.saturating_sub(1))),
                _ => continue,
            },
        };
        let Some(largest) = extreme(session, &counter, false, bounds).await? else { continue };
        if next <= largest {
            behind.push(CounterBehind {
                table: counter.table,
                column: counter.column,
                next: next.to_string(),
                largest: largest.to_string(),
            });
        }
    }
    Ok(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_names_its_sequence() {
        assert_eq!(drawn_from("nextval(`d`.`s`)").as_deref(), Some("`d`.`s`"));
        assert_eq!(drawn_from("(nextval(`d`.`s`))").as_deref(), Some("`d`.`s`"));
        assert_eq!(drawn_from("nextval(`d`.`s`) + 1"), None);
        assert_eq!(drawn_from("uuid()"), None);
    }
}
