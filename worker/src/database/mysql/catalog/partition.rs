//! The partitions in the text of a table.

use super::expression::{Expression, constant, expression, shown_token};
use super::text::{Cursor, Kind, Token, items, joined};

/// How a table is partitioned.
#[derive(Debug)]
pub(super) struct Partitioning {
    pub(super) method: Method,
    /// What a row is told by.
    pub(super) key: Expression,
    /// The columns of `… COLUMNS (…)`.
    pub(super) columns: Vec<String>,
    /// All that comes before the list of partitions, in one spelling.
    pub(super) head: String,
    pub(super) partitions: Vec<PartitionText>,
}

/// Ways to tell partitions apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Range,
    List,
    /// By a hash, or by time: a partition is found for every row.
    Other,
}

/// A partition, or one below it.
#[derive(Debug)]
pub(super) struct PartitionText {
    pub(super) name: String,
    /// What stands in the parentheses of VALUES LESS THAN or VALUES IN, item by item; nothing for one that takes the rest.
    pub(super) values: Option<Vec<String>>,
    /// All that is said of it but its name and engine.
    pub(super) said: String,
    pub(super) below: Vec<PartitionText>,
}

/// Reads what begins with `PARTITION BY`.
pub(super) fn read(tokens: &[Token<'_>], table: &str) -> Partitioning {
    let mut cursor = Cursor::new(tokens);
    cursor.eat(&["PARTITION", "BY"]);
    let start = cursor.rest();
    let method = if cursor.eat(&["RANGE"]) {
        Method::Range
    } else if cursor.eat(&["LIST"]) {
        Method::List
    } else {
        Method::Other
    };
    let by_columns = cursor.eat(&["COLUMNS"]);
    let mut key = Expression::default();
    let mut columns = Vec::new();
    if method != Method::Other
        && let Some(group) = cursor.group()
    {
        if by_columns {
            columns = items(group).iter().filter_map(|item| item.first().map(Token::name)).collect();
        } else {
            key = expression(group, table);
        }
    }
    // The list of partitions is the one pair of parentheses that begins with the word.
    let is_list = |tokens: &[Token<'_>]| {
        tokens.first().is_some_and(|t| t.is_symbol("("))
            && tokens.get(1).is_some_and(|t| t.is_word("PARTITION"))
    };
    while !cursor.rest().is_empty() && !is_list(cursor.rest()) {
        cursor.next();
    }
    let head = head(&start[..start.len() - cursor.rest().len()]);
    let partitions = cursor.group().map(items).unwrap_or_default();
    Partitioning {
        method,
        key,
        columns,
        head,
        partitions: partitions.into_iter().filter_map(partition).collect(),
    }
}

/// In one spelling, without the moment from which MariaDB counts intervals: where nobody names one, it is the hour of making.
fn head(tokens: &[Token<'_>]) -> String {
    let mut kept = Vec::new();
    let mut cursor = Cursor::new(tokens);
    while let Some(token) = cursor.peek() {
        if cursor.eat(&["STARTS"]) {
            cursor.eat(&["TIMESTAMP"]);
        } else {
            kept.push(*token);
        }
        cursor.next();
    }
    let mut head = String::new();
    for token in kept {
        if token.spaced && !head.is_empty() {
            head.push(' ');
        }
        // Keywords are printed bare, and so are MySQL's columns in `COLUMNS(a,b)`.
        head.push_str(&shown_token(&token));
    }
    head
}

fn partition(tokens: &[Token<'_>]) -> Option<PartitionText> {
    let mut cursor = Cursor::new(tokens);
    if !cursor.eat(&["PARTITION"]) && !cursor.eat(&["SUBPARTITION"]) {
        return None;
    }
    let name = cursor.name()?;
    let mut values = None;
    let mut said: Vec<String> = Vec::new();
    let mut below = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.eat(&["ENGINE"]) {
            // Always the table's.
            cursor.eat_symbol("=");
            cursor.next();
        } else if cursor.eat(&["VALUES"]) {
            let less = cursor.eat(&["LESS", "THAN"]);
            if !less {
                cursor.eat(&["IN"]);
            }
            let group = match cursor.peek() {
                Some(word) if word.is_word("MAXVALUE") => std::slice::from_ref(cursor.next()?),
                _ => cursor.group().unwrap_or_default(),
            };
            let listed: Vec<String> = items(group).into_iter().map(constant).collect();
            said.push(format!("values {} ({})", if less { "less than" } else { "in" }, listed.join(", ")));
            values = Some(listed);
        } else if token.is_symbol("(") {
            below = items(cursor.group().unwrap_or_default()).into_iter().filter_map(partition).collect();
        } else {
            cursor.next();
            if token.is_symbol("=") {
                continue;
            }
            said.push(if token.kind == Kind::Word {
                token.raw.to_ascii_lowercase()
            } else {
                joined(std::slice::from_ref(token))
            });
        }
    }
    Some(PartitionText { name, values, said: said.join(" "), below })
}

impl PartitionText {
    /// As people read it, those below included.
    pub(super) fn shown(&self) -> String {
        let below: Vec<String> = self.below.iter().map(Self::shown).collect();
        let below = if below.is_empty() { String::new() } else { format!(" ({})", below.join(", ")) };
        let said = if self.said.is_empty() { String::new() } else { format!(" {}", self.said) };
        format!("{}{said}{below}", self.name)
    }
}
