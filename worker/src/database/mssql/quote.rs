//! The one place where names and values become SQL text.

use crate::database::catalog::TableName;
use crate::database::rows::Value;

/// The schema that needs no naming: everybody's whom we let in.
pub(super) const DEFAULT_SCHEMA: &str = "dbo";

/// A name, always in brackets, which no setting of a session changes.
pub(super) fn ident(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A string literal of Unicode.
pub(super) fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A table, with its schema.
pub(super) fn table(name: &TableName) -> String {
    format!("{}.{}", ident(schema(name)), ident(&name.name))
}

/// The schema of a table.
pub(super) fn schema(name: &TableName) -> &str {
    name.schema.as_deref().unwrap_or(DEFAULT_SCHEMA)
}

/// A value as a literal. Decimals are exact as they stand; what has an exponent is a float, as it is meant.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) => "0".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Number(text) if is_number(text) => text.clone(),
        Value::Number(text) | Value::Text(text) => literal(text),
        Value::Bytes(bytes) => {
            let mut hex = String::with_capacity(bytes.len() * 2 + 2);
            hex.push_str("0x");
            for byte in bytes {
                hex.push_str(&format!("{byte:02X}"));
            }
            hex
        }
    }
}

/// A value as a literal of a type, by its name: an offset from UTC has minutes here, and a blank before it.
pub(super) fn value_of(value: &Value, base: &str) -> String {
    match value {
        Value::Text(text) if base.starts_with("datetimeoffset") => literal(&with_minutes(text)),
        value => self::value(value),
    }
}

/// `2020-01-01 00:00:00 +05:00` of `2020-01-01 00:00:00+05`.
fn with_minutes(text: &str) -> String {
    let Some((time, offset)) = text.rfind(['+', '-']).filter(|at| *at > 10).map(|at| text.split_at(at))
    else {
        return text.to_owned();
    };
    let minutes = if offset.len() == 3 { ":00" } else { "" };
    format!("{} {offset}{minutes}", time.trim_end())
}

/// Whether a text is a number to the server and nothing besides.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'))
        && !digits.contains("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_early() {
        assert_eq!(literal("it's \\ 'so'"), "N'it''s \\ ''so'''");
        assert_eq!(ident("odd]name"), "[odd]]name]");
        assert_eq!(value(&Value::Bytes(vec![0, 255])), "0x00FF");
        assert_eq!(value(&Value::Bytes(Vec::new())), "0x");
        assert_eq!(value(&Value::Number("-1.50".to_owned())), "-1.50");
        assert_eq!(value(&Value::Number("1e308".to_owned())), "1e308");
        assert_eq!(value(&Value::Number("1; DROP".to_owned())), "N'1; DROP'");
        assert_eq!(value(&Value::Number("1--".to_owned())), "N'1--'");
        let moment = |text: &str| value_of(&Value::Text(text.to_owned()), "datetimeoffset(7)");
        assert_eq!(moment("2020-01-01 00:00:00+00"), "N'2020-01-01 00:00:00 +00:00'");
        assert_eq!(moment("2020-01-01 00:00:00.5-05:30"), "N'2020-01-01 00:00:00.5 -05:30'");
        assert_eq!(moment("2020-01-01"), "N'2020-01-01'");
        assert_eq!(moment("2020-01-01 00:00:00"), "N'2020-01-01 00:00:00'");
        assert_eq!(value(&Value::Number("NaN".to_owned())), "N'NaN'");
    }
}
