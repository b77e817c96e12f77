//! The counters that feed columns: identity columns, and sequences that a default draws from.

use super::error::Error;
use super::quote::{ident, table};
use super::session::OracleSession;
use super::types::Kind;
use super::wire::Param;
use crate::database::catalog::TableName;
use crate::database::{CounterBehind, DatabaseError};

/// Steps that a counter keeps free before its end: a largest value closer than that does not move it, or its next value would
/// not exist.
const FREE_STEPS: i128 = 1000;

/// The defaults of a table's columns. The text of one is a LONG, which no condition can be put on and no join takes.
const DEFAULTS: &str = "SELECT column_name, data_type, default_on_null, data_default FROM all_tab_columns \
     WHERE owner = :1 AND table_name = :2 AND default_length > 0 ORDER BY column_id";

const IDENTITIES: &str =
    "SELECT column_name, generation_type FROM all_tab_identity_cols WHERE owner = :1 AND table_name = :2";

const SEQUENCE: &str = "SELECT min_value, max_value, increment_by, cycle_flag, order_flag, cache_size, last_number \
     FROM all_sequences WHERE sequence_owner = :1 AND sequence_name = :2";

/// A counter and the column that it feeds.
struct Counter {
    table: TableName,
    column: String,
    /// How an identity column is generated, in the words of ALTER TABLE.
    identity: Option<&'static str>,
    owner: String,
    sequence: String,
}

/// What the dictionary has of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sequence {
    min: i128,
    max: i128,
    step: i128,
    cycles: bool,
    ordered: bool,
    cached: i128,
    /// The first number that nobody has in memory; the next one may come before it.
    last: i128,
}

/// The counters of these tables.
async fn counters(session: &mut OracleSession, tables: &[TableName]) -> Result<Vec<Counter>, DatabaseError> {
    let fail = session.fail("look for the counters of");
    let mut counters = Vec::new();
    for name in tables {
        let schema = name.schema.clone().unwrap_or_else(|| session.owner.clone());
        let params = [Param::from(schema), Param::from(&name.name)];
        let found = session.connection.rows(DEFAULTS, &params).await.map_err(&fail)?;
        let identities = session.connection.rows(IDENTITIES, &params).await.map_err(&fail)?;
        for row in found {
            if !matches!(Kind::of(&row.string(1)), Kind::Number | Kind::Float(_)) {
                continue;
            }
            let column = row.string(0);
            let Some((owner, sequence)) = drawn_from(&row.string(3)) else { continue };
            let generation = identities.iter().find(|it| it.text(0) == Some(column.as_str()));
            let identity = generation.map(|it| match (it.text(1), row.flag(2)) {
                (Some("ALWAYS"), _) => "ALWAYS",
                (_, true) => "BY DEFAULT ON NULL",
                (_, false) => "BY DEFAULT",
            });
            counters.push(Counter { table: name.clone(), column, identity, owner, sequence });
        }
    }
    Ok(counters)
}

/// The sequence of a default that is `"OWNER"."S"."NEXTVAL"` (or `.nextval`) and nothing else.
fn drawn_from(default: &str) -> Option<(String, String)> {
    let mut parts = default.trim().split('.').map(|part| part.trim().trim_matches('"'));
    let (owner, sequence, word) = (parts.next()?, parts.next()?, parts.next()?);
    let plain = |name: &str| !name.is_empty() && !name.contains([' ', '"', '(', ')', '+', '*', '|']);
    (parts.next().is_none() && word.eq_ignore_ascii_case("nextval") && plain(owner) && plain(sequence))
        .then(|| (owner.to_owned(), sequence.to_owned()))
}

impl Counter {
    fn quoted(&self) -> String {
        format!("{}.{}", ident(&self.owner), ident(&self.sequence))
    }

    async fn sequence(&self, session: &mut OracleSession) -> Result<Option<Sequence>, DatabaseError> {
        let fail = session.fail("read a sequence of");
        let params = [Param::from(&self.owner), Param::from(&self.sequence)];
        let found = session.connection.rows(SEQUENCE, &params).await.map_err(fail)?;
        let Some(row) = found.first() else { return Ok(None) };
        let number = |at: usize| row.text(at).and_then(|text| text.parse::<i128>().ok());
        let all = (number(0), number(1), number(2), number(5), number(6));
        let (Some(min), Some(max), Some(step), Some(cached), Some(last)) = all else { return Ok(None) };
        Ok(Some(Sequence { min, max, step, cycles: row.flag(3), ordered: row.flag(4), cached, last }))
    }

    /// The largest key (or the smallest, for a counter that counts down) within bounds.
    async fn extreme(
        &self,
        session: &mut OracleSession,
        down: bool,
        (least, most): (i128, i128),
    ) -> Result<Option<i128>, DatabaseError> {
        let (column, name) = (ident(&self.column), table(&session.owner, &self.table));
        let function = if down { "MIN" } else { "MAX" };
        let fail = session.fail("read the keys of");
        let sql = format!(
            "SELECT TO_CHAR(TRUNC({function}({column})), 'TM9') FROM {name} WHERE {column} BETWEEN {least} AND {most}"
        );
        let found = session.connection.rows(sql, &[]).await.map_err(fail)?;
        Ok(found.first().and_then(|row| row.text(0)).and_then(|text| text.trim().parse().ok()))
    }
}

impl Sequence {
    /// Whether its next number may be one that is not past `key`.
    fn may_be_behind(&self, key: i128) -> bool {
        let first = self.last.saturating_sub(self.cached.saturating_mul(self.step));
        if self.step < 0 { first >= key } else { first <= key }
    }

    /// All of it but where it starts, as CREATE SEQUENCE says it.
    fn options(&self) -> String {
        let cycle = if self.cycles { "CYCLE" } else { "NOCYCLE" };
        let order = if self.ordered { "ORDER" } else { "NOORDER" };
        let cache = if self.cached > 1 { format!("CACHE {}", self.cached) } else { "NOCACHE".to_owned() };
        format!(
            "INCREMENT BY {} MINVALUE {} MAXVALUE {} {cycle} {cache} {order}",
            self.step, self.min, self.max
        )
    }
}

/// Moves every counter that feeds a column of the tables past what the column holds.
pub(super) async fn advance(session: &mut OracleSession, tables: &[TableName]) -> Result<(), DatabaseError> {
    for counter in counters(session, tables).await? {
        let Some(sequence) = counter.sequence(session).await? else { continue };
        let (min, max, step) = (sequence.min, sequence.max, sequence.step);
        let room = FREE_STEPS.saturating_mul(step.abs());
        let bounds = if step < 0 { (min.saturating_add(room), max) } else { (min, max.saturating_sub(room)) };
        let Some(key) = counter.extreme(session, step < 0, bounds).await? else { continue };
        if !sequence.may_be_behind(key) {
            continue;
        }
        let start = key.saturating_add(step);
        let sql = match counter.identity {
            // Its sequence may not be altered by itself; a new start makes it anew.
            Some(generated) => format!(
                "ALTER TABLE {} MODIFY ({} GENERATED {generated} AS IDENTITY (START WITH {start} {}))",
                table(&session.owner, &counter.table),
                ident(&counter.column),
                sequence.options()
            ),
            None => format!("ALTER SEQUENCE {} RESTART START WITH {start}", counter.quoted()),
        };
        let fail = session.fail("advance the counters of");
        session.connection.execute(sql, &[]).await.map_err(fail)?;
    }
    Ok(())
}

/// Counters whose next key is not past the largest one there is. Only the server knows the next number, and tells it by giving
/// it out.
pub(super) async fn behind(
    session: &mut OracleSession,
    tables: &[TableName],
) -> Result<Vec<CounterBehind>, DatabaseError> {
    let mut behind = Vec::new();
    for counter in counters(session, tables).await? {
        let Some(sequence) = counter.sequence(session).await?.filter(|it| it.step > 0) else { continue };
        let bounds = (sequence.min, sequence.max.saturating_sub(1));
        let Some(largest) = counter.extreme(session, false, bounds).await? else { continue };
        if !sequence.may_be_behind(largest) {
            continue;
        }
        let fail = session.fail("ask for the next key of");
        let sql = format!("SELECT TO_CHAR({}.NEXTVAL, 'TM9') FROM dual", counter.quoted());
        let next = match session.connection.rows(sql, &[]).await {
            Ok(rows) => {
                rows.first().and_then(|row| row.text(0)).and_then(|text| text.trim().parse::<i128>().ok())
            }
            // It has come to its end, which is another matter.
            Err(Error::Server { number: 8004, .. }) => None,
            Err(error) => return Err(fail(error)),
        };
        if let Some(next) = next.filter(|next| *next <= largest) {
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
    use super::super::quote::parses;
    use super::*;

    #[test]
    fn questions_are_sql() {
        [DEFAULTS, IDENTITIES, SEQUENCE].iter().for_each(|sql| parses(sql));
    }

    #[test]
    fn a_default_names_its_sequence() {
        let some = |owner: &str, name: &str| Some((owner.to_owned(), name.to_owned()));
        assert_eq!(drawn_from("\"MRT\".\"ISEQ$$_91234\".nextval"), some("MRT", "ISEQ$$_91234"));
        assert_eq!(drawn_from("\"MRT\".\"USERS_SEQ\".\"NEXTVAL\" "), some("MRT", "USERS_SEQ"));
        assert_eq!(drawn_from("\"MRT\".\"S\".\"NEXTVAL\" + 1"), None);
        assert_eq!(drawn_from("SYS_GUID()"), None);
        assert_eq!(drawn_from("1.5"), None);
    }

    #[test]
    fn numbers_in_memory_count_as_not_given() {
        let sequence = |last| Sequence {
            min: 1,
            max: 10i128.pow(28) - 1,
            step: 1,
            cycles: false,
            ordered: false,
            cached: 20,
            last,
        };
        assert!(sequence(21).may_be_behind(5));
        assert!(sequence(1021).may_be_behind(1001));
        assert!(!sequence(1022).may_be_behind(1001));
        assert_eq!(
            sequence(1).options(),
            "INCREMENT BY 1 MINVALUE 1 MAXVALUE 9999999999999999999999999999 NOCYCLE CACHE 20 NOORDER"
        );
    }
}
