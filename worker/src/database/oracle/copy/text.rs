//! Names in SQL, and SQL that the server has printed.

use crate::database::oracle::catalog::text::{replace_word, tokens};
pub(super) use crate::database::oracle::quote::{ident, idents, literal};

/// SQL in which the schema `from` is called `to`, wherever the name stands as a word. Code may put SQL together out of texts,
/// and no word but the name itself looks like it.
pub(super) fn renamed(sql: &str, from: &str, to: &str) -> String {
    let stored = replace_word(sql, from, to);
    replace_word(&stored, &from.to_lowercase(), &to.to_lowercase())
}

/// A piece of a person's SQL that more can follow: a comment at its end would swallow that.
pub(super) fn piece(sql: &str, from: &str, to: &str) -> String {
    let sql = renamed(sql.trim(), from, to);
    if sql.contains("--") { format!("{sql}\n") } else { sql }
}

/// The statements in a text in which each ends with a `;`.
pub(super) fn statements(printed: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    for token in tokens(printed).iter().filter(|token| token.is_symbol(";")) {
        found.push(printed[start..token.at].trim().to_owned());
        start = token.end();
    }
    found.push(printed[start..].trim().to_owned());
    found.retain(|statement| !statement.is_empty() && statement != "/");
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schemas_name_is_replaced_wherever_it_is_one() {
        assert_eq!(
            renamed("\"MRT_A\".\"T\" mrt_a.t 'MRT_A.T' MRT_AB MRT_A$", "MRT_A", "MRT_B"),
            "\"MRT_B\".\"T\" mrt_b.t 'MRT_B.T' MRT_AB MRT_A$"
        );
    }

    #[test]
    fn a_comment_swallows_nothing() {
        assert_eq!(piece(" A.f(1) ", "A", "B"), "B.f(1)");
        assert_eq!(piece("0 -- none", "A", "B"), "0 -- none\n");
    }

    #[test]
    fn statements_end_where_no_literal_goes_on() {
        assert_eq!(
            statements(
                "\n CREATE TABLE t (a CHAR(1) DEFAULT ';') ;\n  ALTER TABLE t ADD CHECK (a <> ';') ENABLE;\n"
            ),
            ["CREATE TABLE t (a CHAR(1) DEFAULT ';')", "ALTER TABLE t ADD CHECK (a <> ';') ENABLE"]
        );
        assert_eq!(
            statements(" CREATE VIEW v AS SELECT 1 FROM dual "),
            ["CREATE VIEW v AS SELECT 1 FROM dual"]
        );
    }
}
