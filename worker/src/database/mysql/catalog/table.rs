//! What `SHOW CREATE TABLE` says of a table.
//!
//! Its text is the one place where both servers say everything: `information_schema` leaves out parsers of full-text
//! indexes, options of partitions, block sizes of keys, and on MariaDB opens every table for each of its views.

use std::collections::BTreeMap;

use super::column::{self, ColumnText};
use super::expression::{Expression, expression};
use super::key::{self, ForeignKeyText, KeyText};
use super::partition::{self, Partitioning};
use super::text::{Cursor, Kind, Token, items, joined, tokens};

/// A table, as its text says it.
#[derive(Debug, Default)]
pub(super) struct TableText {
    pub(super) columns: Vec<ColumnText>,
    pub(super) keys: Vec<KeyText>,
    pub(super) foreign_keys: Vec<ForeignKeyText>,
    pub(super) checks: Vec<CheckText>,
    /// MariaDB's periods: name and the two columns.
    pub(super) periods: Vec<(String, Vec<String>)>,
    pub(super) engine: String,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) comment: Option<String>,
    pub(super) versioned: bool,
    /// All other options by name, as they are printed.
    pub(super) options: BTreeMap<String, String>,
    pub(super) partitioning: Option<Partitioning>,
}

/// A CHECK constraint of a table, or of a column on MariaDB.
#[derive(Debug)]
pub(super) struct CheckText {
    /// Absent where it belongs to a column.
    pub(super) name: Option<String>,
    pub(super) condition: Expression,
    pub(super) enforced: bool,
}

/// Reads the text of `table`; `None` when it is not the text of a table.
pub(super) fn read(text: &str, table: &str) -> Option<TableText> {
    let tokens = tokens(text);
    let mut cursor = Cursor::new(&tokens);
    while !cursor.eat(&["TABLE"]) {
        cursor.next()?;
    }
    cursor.name()?;
    let body = cursor.group()?;
    let mut found = TableText::default();
    for item in items(body) {
        self::item(item, table, &mut found);
    }
    options(&mut cursor, table, &mut found);
    for column in &mut found.columns {
        column::take_json(column, found.collation.as_deref());
        let own = column.check.take();
        found.checks.extend(own.map(|condition| CheckText { name: None, condition, enforced: true }));
    }
    Some(found)
}

fn item(tokens: &[Token<'_>], table: &str, found: &mut TableText) {
    let mut cursor = Cursor::new(tokens);
    if let Some(column) = column::read(tokens, table) {
        found.columns.push(column);
    } else if cursor.eat(&["PERIOD", "FOR"]) {
        let name = cursor.name().unwrap_or_default();
        let columns = cursor.group().unwrap_or_default();
        found
            .periods
            .push((name, items(columns).iter().filter_map(|c| c.first().map(Token::name)).collect()));
    } else if let Some(key) = key::read(tokens, table) {
        found.keys.push(key);
    } else {
        let name = if cursor.eat(&["CONSTRAINT"]) { cursor.name() } else { None };
        if cursor.eat(&["FOREIGN", "KEY"]) {
            found.foreign_keys.extend(key::foreign(name, cursor));
        } else if cursor.eat(&["CHECK"]) {
            let condition = expression(cursor.group().unwrap_or_default(), table);
            let enforced = !cursor.eat(&["NOT", "ENFORCED"]);
            found.checks.push(CheckText { name, condition, enforced });
        } else {
            // A later version's invention: it counts as it stands there.
            found.options.insert(joined(tokens), String::new());
        }
    }
}

fn options(cursor: &mut Cursor<'_, '_>, table: &str, found: &mut TableText) {
    while let Some(token) = cursor.peek() {
        if cursor.eat(&["WITH", "SYSTEM", "VERSIONING"]) {
            found.versioned = true;
            continue;
        }
        if cursor.sees(&["PARTITION", "BY"]) {
            found.partitioning = Some(partition::read(cursor.rest(), table));
            return;
        }
        if token.is_symbol(",") {
            cursor.next();
            continue;
        }
        let mut name = String::new();
        while let Some(token) = cursor.peek().filter(|token| !token.is_symbol("=")) {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(&token.name());
            cursor.next();
            // Two options have a value without a sign between.
            if name == "TABLESPACE" || name == "STORAGE" {
                break;
            }
        }
        cursor.eat_symbol("=");
        let value = match cursor.group() {
            Some(list) => joined(list),
            None => cursor.next().map(said).unwrap_or_default(),
        };
        match name.trim_start_matches("DEFAULT ").to_ascii_uppercase().as_str() {
            "ENGINE" => found.engine = value,
            "CHARSET" | "CHARACTER SET" => found.charset = Some(value),
            "COLLATE" => found.collation = Some(value),
            "COMMENT" => found.comment = Some(value),
            // A position, which moves with rows.
            "AUTO_INCREMENT" => {}
            _ => {
                found.options.insert(name, value);
            }
        }
    }
}

/// The value of an option.
fn said(token: &Token<'_>) -> String {
    if token.kind == Kind::Text { token.text() } else { token.name() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Servers that cannot be had for tests print less, or more.
    #[test]
    fn texts_of_other_versions_are_read() {
        let old = read(
            "CREATE TABLE `t` (\n  `a` varchar(10) CHARACTER SET utf8mb4 DEFAULT NULL,\n  `b` varchar(10) DEFAULT NULL,\n  \
             `d` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp()\n) ENGINE=InnoDB DEFAULT CHARSET=latin1",
            "t",
        )
        .unwrap_or_default();
        let defaults = BTreeMap::from([("utf8mb4".to_owned(), "utf8mb4_general_ci".to_owned())]);
        let collation = |at: usize| {
            old.columns[at].effective_collation("latin1_swedish_ci", &defaults).unwrap_or_default()
        };
        assert_eq!(
            (collation(0).as_str(), collation(1).as_str()),
            ("utf8mb4_general_ci", "latin1_swedish_ci")
        );
        assert_eq!(old.charset.as_deref(), Some("latin1"));
        assert_eq!(old.columns[2].on_update.as_deref(), Some("current_timestamp()"));

        // What is not known counts as it stands there.
        let new = read(
            "CREATE TABLE `t` (\n  `a` int SHINY DEFAULT NULL,\n  KEY `i` (`a`) SHINY,\n  CONSTRAINT `1` FOREIGN KEY (`a`) \
             REFERENCES `p` (`id`) SHINY ON DELETE CASCADE,\n  SHINY (`a`)\n) ENGINE=InnoDB SHINY=1",
            "t",
        )
        .unwrap_or_default();
        assert_eq!(new.columns[0].options.as_deref(), Some("SHINY"));
        assert_eq!(new.keys[0].options.as_deref(), Some("SHINY"));
        assert_eq!(new.foreign_keys[0].on_delete.as_deref(), Some("cascade"));
        assert_eq!(new.options.keys().collect::<Vec<_>>(), ["SHINY", "SHINY (`a`)"]);
        assert!(read("CREATE VIEW `v` AS select 1", "v").is_none());
    }
}
