//! The counters that feed columns: identities, and the sequences that a default draws from.

use super::error::classify;
use super::quote::{ident, literal, table};
use super::session::{MsSqlSession, object_id};
use super::wire::Cells as _;
use crate::database::catalog::TableName;
use crate::database::{CounterBehind, DatabaseError};

/// Steps that a counter keeps free before its end: a largest value closer than that does not move it, or its next value would
/// not exist.
const FREE_STEPS: i128 = 1000;

/// A counter and the column that it feeds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Counter {
    table: TableName,
    column: String,
    source: Source,
    next: i128,
    step: i128,
    min: i128,
    max: i128,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// Whether a key was ever given: the first one is what the counter is set to, and not the one after it.
    Identity { is_used: bool },
    /// A sequence, quoted.
    Sequence(String),
}

/// Identities and sequences of these tables, numbers as text: they are variants, of up to 38 digits.
pub(super) fn question(tables: &[TableName]) -> String {
    let ids: Vec<String> = tables.iter().map(object_id).collect();
    let ids = ids.join(", ");
    let number = |column: &str| format!("CONVERT(nvarchar(50), CONVERT(decimal(38, 0), {column}))");
    let (last, seed, step) = (number("c.last_value"), number("c.seed_value"), number("c.increment_value"));
    let sequence = ["q.current_value", "q.increment", "q.minimum_value", "q.maximum_value"].map(number);
    format!(
        "SELECT CONVERT(nvarchar(128), OBJECT_SCHEMA_NAME(c.object_id)), CONVERT(nvarchar(128), OBJECT_NAME(c.object_id)), \
         CONVERT(nvarchar(128), c.name), CONVERT(nvarchar(128), TYPE_NAME(c.system_type_id)), CONVERT(int, c.precision), \
         {last}, {seed}, {step} FROM sys.identity_columns c WHERE c.object_id IN ({ids}) ORDER BY 1, 2, 3; \
         SELECT CONVERT(nvarchar(128), OBJECT_SCHEMA_NAME(d.parent_object_id)), \
         CONVERT(nvarchar(128), OBJECT_NAME(d.parent_object_id)), \
         CONVERT(nvarchar(128), COL_NAME(d.parent_object_id, d.parent_column_id)), \
         QUOTENAME(OBJECT_SCHEMA_NAME(q.object_id)) + N'.' + QUOTENAME(OBJECT_NAME(q.object_id)), \
         CASE WHEN q.last_used_value = q.current_value THEN 1 ELSE 0 END, {}, \
         CASE WHEN d.definition LIKE N'(NEXT VALUE FOR %)' AND d.definition NOT LIKE N'%[+*/-]%' THEN 1 ELSE 0 END \
         FROM sys.default_constraints d JOIN sys.sql_expression_dependencies e ON e.referencing_id = d.object_id \
         JOIN sys.sequences q ON q.object_id = e.referenced_id WHERE d.parent_object_id IN ({ids}) ORDER BY 1, 2, 3",
        sequence.join(", ")
    )
}

async fn counters(session: &mut MsSqlSession, tables: &[TableName]) -> Result<Vec<Counter>, DatabaseError> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let action = "look for the counters of";
    let fail = session.fail(action);
    let mut answers = session.connection.results(&question(tables)).await.map_err(&fail)?.into_iter();
    let mut counters = Vec::new();
    let named = |schema: &str, name: &str| {
        let is = |table: &&TableName| super::quote::schema(table) == schema && table.name == name;
        tables.iter().find(is).cloned()
    };
    for row in answers.next().unwrap_or_default() {
        let text = |at| row.string(at).map_err(&fail);
        let number = |at| Ok::<_, DatabaseError>(text(at)?.parse::<i128>().ok());
        let Some(table) = named(&text(0)?, &text(1)?) else { continue };
        let digits = row.integer(4).map_err(&fail)?.unwrap_or_default();
        let (min, max) = bounds(&text(3)?, digits);
        let (last, Some(seed), Some(step)) = (number(5)?, number(6)?, number(7)?) else { continue };
        let next = last.map_or(seed, |last| last.saturating_add(step));
        let source = Source::Identity { is_used: last.is_some() };
        counters.push(Counter { table, column: text(2)?, source, next, step, min, max });
    }
    for row in answers.next().unwrap_or_default() {
        let text = |at| row.string(at).map_err(&fail);
        let number = |at| Ok::<_, DatabaseError>(text(at)?.parse::<i128>().ok());
        let Some(table) = named(&text(0)?, &text(1)?) else { continue };
        if !row.flag(9).map_err(&fail)? {
            continue;
        }
        let (Some(current), Some(step), Some(min), Some(max)) =
            (number(5)?, number(6)?, number(7)?, number(8)?)
        else {
            continue;
        };
        let is_used = row.flag(4).map_err(&fail)?;
        let next = if is_used { current.saturating_add(step) } else { current };
        counters.push(Counter {
            table,
            column: text(2)?,
            source: Source::Sequence(text(3)?),
            next,
            step,
            min,
            max,
        });
    }
    Ok(counters)
}

/// The smallest and the largest value of a type that an identity can have.
fn bounds(base: &str, digits: i64) -> (i128, i128) {
    match base.to_ascii_lowercase().as_str() {
        "tinyint" => (0, u8::MAX.into()),
        "smallint" => (i16::MIN.into(), i16::MAX.into()),
        "int" => (i32::MIN.into(), i32::MAX.into()),
        "bigint" => (i64::MIN.into(), i64::MAX.into()),
        _ => {
            let most = 10i128.pow(u32::try_from(digits.clamp(1, 38)).unwrap_or(38)) - 1;
            (-most, most)
        }
    }
}

impl Counter {
    /// Values that can move it: those that leave it steps to go.
    fn movers(&self) -> (i128, i128) {
        // In a type with few values, half of them.
        let room = FREE_STEPS.saturating_mul(self.step.abs()).min((self.max - self.min) / 2);
        if self.step < 0 { (self.min + room, self.max) } else { (self.min, self.max - room) }
    }

    /// Whether its next value is past a key, in its direction.
    fn is_past(&self, key: i128) -> bool {
        if self.step < 0 { self.next < key } else { self.next > key }
    }

    /// Whether it has gone where it cannot go on for long. The server takes it along with every key that is given, to the end.
    fn is_worn(&self) -> bool {
        let (first, last) = self.movers();
        if self.step < 0 { self.next < first } else { self.next > last.saturating_add(self.step) }
    }

    /// The statement by which its next value comes right after a key.
    fn moved_past(&self, key: i128) -> String {
        let next = key.saturating_add(self.step);
        match &self.source {
            Source::Sequence(name) => format!("ALTER SEQUENCE {name} RESTART WITH {next}"),
            Source::Identity { is_used } => {
                let at = if *is_used { key } else { next };
                format!("DBCC CHECKIDENT ({}, RESEED, {at}) WITH NO_INFOMSGS", literal(&table(&self.table)))
            }
        }
    }
}

/// The largest key within bounds (or the smallest, for a counter that counts down).
async fn extreme(
    session: &mut MsSqlSession,
    counter: &Counter,
    (least, most): (i128, i128),
) -> Result<Option<i128>, DatabaseError> {
    let column = ident(&counter.column);
    let function = if counter.step < 0 { "MIN" } else { "MAX" };
    let sql = format!(
        "SELECT CONVERT(nvarchar(50), CONVERT(decimal(38, 0), {function}({column}))) FROM {} \
         WHERE {column} BETWEEN {least} AND {most}",
        table(&counter.table)
    );
    let fail = |error| classify(error, "read the keys of a table", &session.database);
    let answers = session.connection.results(&sql).await.map_err(fail)?;
    let key = answers.iter().flatten().next().map(|row| row.string(0)).transpose().map_err(fail)?;
    Ok(key.and_then(|key| key.parse().ok()))
}

/// Moves every counter that feeds a column of the tables past what the column holds.
pub(super) async fn advance(session: &mut MsSqlSession, tables: &[TableName]) -> Result<(), DatabaseError> {
    for counter in counters(session, tables).await? {
        let Some(key) = extreme(session, &counter, counter.movers()).await? else { continue };
        if counter.is_past(key) && !counter.is_worn() {
            continue;
        }
        let fail = session.fail("advance the counters of");
        session.connection.batch(&counter.moved_past(key)).await.map_err(fail)?;
    }
    Ok(())
}

/// Counters whose next key is not past the largest one there is.
pub(super) async fn behind(
    session: &mut MsSqlSession,
    tables: &[TableName],
) -> Result<Vec<CounterBehind>, DatabaseError> {
    let mut behind = Vec::new();
    for counter in counters(session, tables).await?.into_iter().filter(|counter| counter.step > 0) {
        let bounds = (counter.min, counter.max.saturating_sub(1));
        let Some(largest) = extreme(session, &counter, bounds).await? else { continue };
        if counter.next <= largest {
            behind.push(CounterBehind {
                table: counter.table,
                column: counter.column,
                next: counter.next.to_string(),
                largest: largest.to_string(),
            });
        }
    }
    Ok(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(next: i128, is_used: bool) -> Counter {
        let (min, max) = bounds("int", 10);
        Counter {
            table: TableName { schema: None, name: "t".to_owned() },
            column: "id".to_owned(),
            source: Source::Identity { is_used },
            next,
            step: 1,
            min,
            max,
        }
    }

    #[test]
    fn an_identity_that_gave_no_key_yet_gives_the_one_that_it_is_set_to() {
        assert_eq!(
            identity(8, true).moved_past(41),
            "DBCC CHECKIDENT (N'[dbo].[t]', RESEED, 41) WITH NO_INFOMSGS"
        );
        assert_eq!(
            identity(1, false).moved_past(41),
            "DBCC CHECKIDENT (N'[dbo].[t]', RESEED, 42) WITH NO_INFOMSGS"
        );
        let sequence = Counter { source: Source::Sequence("[dbo].[s]".to_owned()), ..identity(1, true) };
        assert_eq!(sequence.moved_past(41), "ALTER SEQUENCE [dbo].[s] RESTART WITH 42");
    }

    #[test]
    fn a_key_at_the_end_wears_a_counter_out() {
        assert!(!identity(42, true).is_worn());
        assert!(identity(i128::from(i32::MAX) + 1, true).is_worn());
        assert!(identity(42, true).is_past(41) && !identity(41, true).is_past(41));
        let (_, last) = Counter { max: 255, min: 0, ..identity(1, true) }.movers();
        assert_eq!(last, 128);
    }

    #[test]
    fn types_have_bounds() {
        assert_eq!(bounds("tinyint", 3), (0, 255));
        assert_eq!(bounds("decimal", 3), (-999, 999));
        assert_eq!(bounds("numeric", 38).1, 10i128.pow(38) - 1);
    }
}
