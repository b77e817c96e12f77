//! The one place where names and values become SQL text.
//!
//! Every session runs with `standard_conforming_strings = on`, so a backslash means itself.

use crate::database::catalog::TableName;
use crate::database::rows::Value;

/// A name, always quoted.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table with its schema, so that no search path matters.
pub(super) fn table(name: &TableName) -> String {
    format!("{}.{}", ident(name.schema.as_deref().unwrap_or("public")), ident(&name.name))
}

/// Names, quoted, with commas.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// A value as an untyped literal, which the input function of whatever type is asked for reads.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "'true'".to_owned(),
        Value::Bool(false) => "'false'".to_owned(),
        Value::Integer(number) => format!("'{number}'"),
        Value::Number(text) | Value::Text(text) => literal(text),
        Value::Bytes(bytes) => {
            let mut hex = String::with_capacity(bytes.len() * 2 + 4);
            hex.push_str("'\\x");
            for byte in bytes {
                hex.push_str(&format!("{byte:02x}"));
            }
            hex.push('\'');
            hex
        }
    }
}

/// Whether PostgreSQL can take the value at all: no text of its holds a zero byte.
pub(super) fn is_storable(value: &Value) -> bool {
    !matches!(value, Value::Text(text) | Value::Number(text) if text.contains('\0'))
}

/// A setting as `pg_db_role_setting` keeps it (`name=value`), as the tail of an `ALTER … SET`.
///
/// Settings that are lists of names are stored as a list of quoted names and mean something else when handed
/// back as one string.
pub(super) fn setting(stored: &str) -> String {
    const LISTS_OF_NAMES: &[&str] = &[
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    ];
    let (name, value) = stored.split_once('=').unwrap_or((stored, ""));
    // A customised option has a dot in its name, which is no part of the quoting.
    let target = name.split('.').map(ident).collect::<Vec<_>>().join(".");
    if !LISTS_OF_NAMES.contains(&name.to_ascii_lowercase().as_str()) {
        return format!("{target} TO {}", literal(value));
    }
    let items = split_names(value);
    if items.is_empty() {
        return format!("{target} TO ''");
    }
    format!("{target} TO {}", items.iter().map(|i| literal(i)).collect::<Vec<_>>().join(", "))
}

/// Splits a list of names, quoted or not, at its commas.
fn split_names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut chars = list.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
        let Some(&first) = chars.peek() else { return names };
        let mut name = String::new();
        if first == '"' {
            chars.next();
            while let Some(c) = chars.next() {
                if c == '"' && chars.next_if_eq(&'"').is_none() {
                    break;
                }
                name.push(c);
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                name.push(c.to_ascii_lowercase());
            }
            name.truncate(name.trim_end().len());
        }
        names.push(name);
    }
}

/// The elements of a one-dimensional array as the server prints it.
pub(super) fn array_elements(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) else { return Vec::new() };
    let mut elements = Vec::new();
    let mut chars = inner.chars().peekable();
    while chars.peek().is_some() {
        let mut element = String::new();
        if chars.next_if_eq(&'"').is_some() {
            while let Some(c) = chars.next() {
                match c {
                    '"' => break,
                    '\\' => element.extend(chars.next()),
                    c => element.push(c),
                }
            }
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                element.push(c);
            }
        }
        chars.next_if_eq(&',');
        elements.push(element);
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_cannot_break_out() {
        assert_eq!(ident(r#"a"b"#), r#""a""b""#);
        assert_eq!(literal(r"it's \'"), r"'it''s \'''");
        assert_eq!(table(&TableName { schema: None, name: "Order".into() }), r#""public"."Order""#);
        assert_eq!(idents(["a", "B c"]), r#""a", "B c""#);
    }

    #[test]
    fn values_are_untyped_literals() {
        assert_eq!(value(&Value::Null), "NULL");
        assert_eq!(value(&Value::Integer(-5)), "'-5'");
        assert_eq!(value(&Value::Bytes(vec![0, 255])), r"'\x00ff'");
        assert_eq!(value(&Value::Bool(true)), "'true'");
        assert!(!is_storable(&Value::Text("a\0".into())));
    }

    #[test]
    fn settings_come_back_as_they_were() {
        assert_eq!(setting("timezone=Europe/Rome"), r#""timezone" TO 'Europe/Rome'"#);
        assert_eq!(
            setting(r#"search_path="$user", app, "a""b""#),
            r#""search_path" TO '$user', 'app', 'a"b'"#
        );
        assert_eq!(setting(r#"search_path="""#), r#""search_path" TO ''"#);
        assert_eq!(setting("app.tenant=it's"), r#""app"."tenant" TO 'it''s'"#);
    }

    #[test]
    fn arrays_are_read() {
        assert_eq!(array_elements("{}"), Vec::<String>::new());
        assert_eq!(array_elements(r#"{a=r/b,"=r/x \"y\\ ,z",c}"#), ["a=r/b", r#"=r/x "y\ ,z"#, "c"]);
    }
}
