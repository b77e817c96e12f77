//! The one place where names and values become SQL text.
//!
//! Every session of ours has a `sql_mode` without ANSI_QUOTES and NO_BACKSLASH_ESCAPES.

use crate::database::catalog::TableName;
use crate::database::rows::Value;

/// A name, always quoted.
pub(super) fn ident(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A table, in the session's database unless it names another one.
pub(super) fn table(name: &TableName) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", ident(schema), ident(&name.name)),
        None => ident(&name.name),
    }
}

/// Names, quoted, with commas.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// A value as a literal.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) => "0".to_owned(),
        Value::Integer(number) => number.to_string(),
        // Quoted, a number is read by its column, and loses nothing on the way through a floating point literal.
        Value::Number(text) | Value::Text(text) => literal(text),
        Value::Bytes(bytes) if bytes.is_empty() => "''".to_owned(),
        Value::Bytes(bytes) => {
            let mut hex = String::with_capacity(bytes.len() * 2 + 3);
            hex.push_str("x'");
            for byte in bytes {
                hex.push_str(&format!("{byte:02x}"));
            }
            hex.push('\'');
            hex
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_early() {
        assert_eq!(literal("it's \\ 'so'"), "'it''s \\\\ ''so'''");
        assert_eq!(ident("odd`name"), "`odd``name`");
        assert_eq!(value(&Value::Bytes(vec![0, 255])), "x'00ff'");
    }
}
