//! The columns in the text of a table.

use std::collections::BTreeMap;

use super::expression::{Expression, constant, expression};
use super::text::{Cursor, Kind, Token, joined};

/// Words that can follow a default.
const AFTER_DEFAULT: &[&str] = &[
    "ON",
    "COMMENT",
    "AUTO_INCREMENT",
    "CHECK",
    "INVISIBLE",
    "COLUMN_FORMAT",
    "STORAGE",
    "WITHOUT",
    "ENGINE_ATTRIBUTE",
    "SECONDARY_ENGINE_ATTRIBUTE",
];

/// A column, as the text of its table says it.
#[derive(Debug, Default)]
pub(super) struct ColumnText {
    pub(super) name: String,
    /// As printed: `int(11) unsigned`, `enum('a','b')`; `json` on both servers.
    pub(super) ty: String,
    /// It is MariaDB's JSON, which is a text.
    pub(super) json_is_text: bool,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) not_null: bool,
    /// A literal in quotes (or a number), or an expression; never a bare `NULL`.
    pub(super) default: Option<String>,
    pub(super) on_update: Option<String>,
    pub(super) auto_increment: bool,
    pub(super) generated: Option<Generated>,
    pub(super) invisible: bool,
    pub(super) comment: Option<String>,
    pub(super) srid: Option<String>,
    pub(super) compressed: bool,
    pub(super) without_versioning: bool,
    /// MariaDB's CHECK of a column, the one of its JSON type left out.
    pub(super) check: Option<Expression>,
    /// All other options, as they are printed.
    pub(super) options: Option<String>,
}

/// How a column is filled by the server.
#[derive(Debug)]
pub(super) enum Generated {
    /// From other columns.
    From { expression: Expression, stored: bool },
    /// By system versioning, with the time at which the row began to be.
    RowStart,
    /// By system versioning, with the time at which it ended.
    RowEnd,
}

/// Reads an item of a table's text, if it is a column.
pub(super) fn read(tokens: &[Token<'_>], table: &str) -> Option<ColumnText> {
    let mut cursor = Cursor::new(tokens);
    if cursor.peek()?.kind != Kind::Name {
        return None;
    }
    let mut column = ColumnText { name: cursor.name()?, ty: type_text(&mut cursor), ..ColumnText::default() };
    let mut options = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.eat(&["CHARACTER", "SET"]) {
            column.charset = cursor.name();
        } else if cursor.eat(&["COLLATE"]) {
            column.collation = cursor.name();
        } else if cursor.eat(&["GENERATED", "ALWAYS", "AS"]) {
            column.generated = Some(generated(&mut cursor, table));
        } else if cursor.eat(&["NOT", "NULL"]) {
            column.not_null = true;
        } else if cursor.eat(&["NULL"]) {
            column.not_null = false;
        } else if cursor.eat(&["DEFAULT"]) {
            let default = cursor.until(AFTER_DEFAULT);
            let null = matches!(default, [only] if only.is_word("NULL"));
            column.default = (!null).then(|| constant(default));
        } else if cursor.eat(&["ON", "UPDATE"]) {
            column.on_update = Some(joined(cursor.until(AFTER_DEFAULT)));
        } else if cursor.eat(&["AUTO_INCREMENT"]) {
            column.auto_increment = true;
        } else if cursor.eat(&["COMMENT"]) {
            column.comment = cursor.next().map(Token::text);
        } else if cursor.eat(&["INVISIBLE"]) {
            column.invisible = true;
        } else if cursor.eat(&["COMPRESSED"]) {
            column.compressed = true;
        } else if cursor.eat(&["WITHOUT", "SYSTEM", "VERSIONING"]) {
            column.without_versioning = true;
        } else if cursor.eat(&["SRID"]) {
            column.srid = cursor.name();
        } else if cursor.eat(&["CHECK"]) {
            column.check = Some(expression(cursor.group().unwrap_or_default(), table));
        } else {
            options.push(*token);
            cursor.next();
        }
    }
    column.options = (!options.is_empty()).then(|| joined(&options));
    Some(column)
}

fn generated(cursor: &mut Cursor<'_, '_>, table: &str) -> Generated {
    if cursor.eat(&["ROW", "START"]) {
        return Generated::RowStart;
    }
    if cursor.eat(&["ROW", "END"]) {
        return Generated::RowEnd;
    }
    let expression = expression(cursor.group().unwrap_or_default(), table);
    let stored = cursor.eat(&["STORED"]) || cursor.eat(&["PERSISTENT"]);
    if !stored {
        cursor.eat(&["VIRTUAL"]);
    }
    Generated::From { expression, stored }
}

/// A type with its arguments and what belongs to it.
fn type_text(cursor: &mut Cursor<'_, '_>) -> String {
    let start = cursor.rest();
    cursor.next();
    cursor.eat(&["PRECISION"]);
    cursor.group();
    while cursor.eat(&["UNSIGNED"]) || cursor.eat(&["ZEROFILL"]) {}
    joined(&start[..start.len() - cursor.rest().len()])
}

/// MariaDB's JSON is a text with a check that the server adds by itself. That is the column's type, not anybody's check.
pub(super) fn take_json(column: &mut ColumnText, table_collation: Option<&str>) {
    let is_text =
        column.ty == "longtext" && column.collation.as_deref().or(table_collation) == Some("utf8mb4_bin");
    let own = |check: &Expression| {
        check.names == [column.name.as_str()]
            && check.sql == format!("json_valid(`{}`)", column.name.replace('`', "``"))
    };
    if is_text && column.check.as_ref().is_some_and(own) {
        column.check = None;
        column.charset = None;
        column.collation = None;
        column.json_is_text = true;
        "json".clone_into(&mut column.ty);
    }
}

impl ColumnText {
    /// The type without arguments: `varchar`, `int`.
    pub(super) fn base(&self) -> &str {
        self.ty.split(['(', ' ']).next().unwrap_or_default()
    }

    /// What stands in the type's parentheses: `10,2`.
    pub(super) fn arguments(&self) -> Option<&str> {
        let (_, rest) = self.ty.split_once('(')?;
        Some(&rest[..rest.rfind(')')?])
    }

    /// Whether it holds characters.
    pub(super) fn is_text(&self) -> bool {
        matches!(
            self.base(),
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
        )
    }

    /// The collation in effect, for a column that holds characters. `table` is the table's own, `defaults` that of each
    /// character set, for both servers leave out what goes without saying.
    pub(super) fn effective_collation(
        &self,
        table: &str,
        defaults: &BTreeMap<String, String>,
    ) -> Option<String> {
        if !self.is_text() {
            return None;
        }
        let of_charset = || {
            let charset = self.charset.as_ref()?;
            Some(defaults.get(charset).unwrap_or(charset).clone())
        };
        Some(self.collation.clone().or_else(of_charset).unwrap_or_else(|| table.to_owned()))
    }
}
