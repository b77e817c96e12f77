//! The one place where names and values become SQL text.

use crate::database::catalog::TableName;

/// A name, always quoted. Oracle has no way to write a double quote within one.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A table, in the schema `owner` unless it names another one.
pub(super) fn table(owner: &str, name: &TableName) -> String {
    format!("{}.{}", ident(name.schema.as_deref().unwrap_or(owner)), ident(&name.name))
}

/// Names, quoted, with commas.
pub(super) fn idents<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(ident).collect::<Vec<_>>().join(", ")
}

/// Demands that a query or statement of ours is one by the grammar that we have. It knows nothing of ALTER SESSION, users,
/// PL/SQL, sequences' RESTART and what stands behind MODIFY.
#[cfg(test)]
pub(super) fn parses(sql: &str) {
    let dialect = sqlparser::dialect::OracleDialect {};
    if let Err(error) = sqlparser::parser::Parser::parse_sql(&dialect, sql) {
        panic!("{error}\n{sql}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_literal_early() {
        assert_eq!(literal("it's \\ 'so'"), "'it''s \\ ''so'''");
        assert_eq!(ident("odd name"), "\"odd name\"");
        assert_eq!(ident("a\"; DROP"), "\"a; DROP\"");
        let name = |schema: Option<&str>| TableName { schema: schema.map(str::to_owned), name: "T".into() };
        assert_eq!(table("MRT", &name(None)), "\"MRT\".\"T\"");
        assert_eq!(table("MRT", &name(Some("HR"))), "\"HR\".\"T\"");
    }
}
