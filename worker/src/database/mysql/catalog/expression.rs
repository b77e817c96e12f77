//! Expressions as the server prints them, brought to one spelling.
//!
//! Both servers print an expression anew from what they have understood, with every name in backquotes. What is left to
//! smooth is what whoever wrote it has not said: the character set of the connection, parentheses around the whole.

use super::text::{Kind, Token, group_length, joined};

/// Words that mean something else than a name of theirs would.
const KEYWORDS: &[&str] = &[
    "and",
    "between",
    "binary",
    "case",
    "collate",
    "current_date",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "div",
    "else",
    "end",
    "false",
    "in",
    "interval",
    "is",
    "like",
    "localtime",
    "localtimestamp",
    "maxvalue",
    "mod",
    "not",
    "null",
    "or",
    "regexp",
    "rlike",
    "then",
    "true",
    "unknown",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "value",
    "when",
    "xor",
];

/// An expression over the columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expression {
    /// SQL that can be used again, names in backquotes.
    pub(super) sql: String,
    /// The same for people, plain names bare. Equal where `sql` is equal, and nowhere else.
    pub(super) shown: String,
    /// The names in it, each once, in their order.
    pub(super) names: Vec<String>,
}

/// Reads an expression of `table`.
pub(super) fn expression(tokens: &[Token<'_>], table: &str) -> Expression {
    let mut expression = Expression::default();
    let tokens = without_parentheses(tokens);
    let mut spaced_anyway = false;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        if is_idle_introducer(token, next) {
            // What follows is glued to it.
            spaced_anyway = token.spaced;
            continue;
        }
        // `t`.`a` is `a`: there is no other table.
        let qualifier =
            |token: &Token<'_>| token.kind == Kind::Name && token.name().eq_ignore_ascii_case(table);
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        if qualifier(token) && next.is_some_and(|next| next.is_symbol(".")) {
            spaced_anyway = token.spaced;
            continue;
        }
        if token.is_symbol(".") && before.is_some_and(qualifier) {
            continue;
        }
        let space = (token.spaced || std::mem::take(&mut spaced_anyway)) && !expression.sql.is_empty();
        spaced_anyway = false;
        if space {
            expression.sql.push(' ');
            expression.shown.push(' ');
        }
        expression.sql.push_str(token.raw);
        if token.kind == Kind::Name {
            let name = token.name();
            expression.shown.push_str(&shown_name(&name));
            if !expression.names.contains(&name) {
                expression.names.push(name);
            }
        } else {
            expression.shown.push_str(token.raw);
        }
    }
    expression
}

/// A piece of SQL that is not over columns (a default, a bound of a partition).
pub(super) fn constant(tokens: &[Token<'_>]) -> String {
    match tokens {
        // Parentheses tell an expression from a literal here.
        [open, inner @ ..] if open.is_symbol("(") && group_length(tokens) == tokens.len() => {
            format!("({})", expression(&inner[..inner.len().saturating_sub(1)], "").sql)
        }
        [introducer, rest @ ..] if is_idle_introducer(introducer, rest.first()) => joined(rest),
        tokens => joined(tokens),
    }
}

/// A name for people: bare where it cannot be taken for anything else.
pub(super) fn shown_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name.to_ascii_lowercase().as_str());
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

/// A token for people.
pub(super) fn shown_token(token: &Token<'_>) -> String {
    if token.kind == Kind::Name { shown_name(&token.name()) } else { token.raw.to_owned() }
}

/// The character set that the server has put before a literal because the connection had it. It changes nothing where the
/// text is the same in all of them.
pub(super) fn is_idle_introducer(token: &Token<'_>, next: Option<&Token<'_>>) -> bool {
    let Some(literal) = next.filter(|next| next.kind == Kind::Text && !next.spaced) else { return false };
    match token.raw.strip_prefix('_') {
        Some("utf8mb4" | "utf8mb3" | "utf8") => true,
        Some("latin1" | "ascii") => literal.raw.is_ascii(),
        _ => false,
    }
}

fn without_parentheses<'a, 't>(mut tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while tokens.len() > 2 && tokens[0].is_symbol("(") && group_length(tokens) == tokens.len() {
        tokens = &tokens[1..tokens.len() - 1];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::super::text::tokens;
    use super::*;

    #[test]
    fn what_nobody_wrote_is_left_out() {
        let read = |text| expression(&tokens(text), "t");
        assert_eq!(read("((`a` > 0))").sql, "`a` > 0");
        assert_eq!(read("(`a` > 0) and (`b` < 1)").sql, "(`a` > 0) and (`b` < 1)");
        assert_eq!(read("`a` in (_utf8mb4'x',_utf8mb4'y')").sql, "`a` in ('x','y')");
        assert_eq!(read("`a` = _latin1'é' or `a` = _binary'x'").sql, "`a` = _latin1'é' or `a` = _binary'x'");
        assert_eq!(read("`t`.`a` > `t`.`b`").shown, "a > b");
        assert_eq!(
            read("`null` is null and `a b` = _utf8mb4'`x`'").shown,
            "`null` is null and `a b` = '`x`'"
        );
        assert_eq!(read("`a` > `b` + `a`").names, ["a", "b"]);
    }

    #[test]
    fn a_literal_is_not_an_expression() {
        let read = |text| constant(&tokens(text));
        assert_eq!(read("'uuid()'"), "'uuid()'");
        assert_eq!(read("(uuid())"), "(uuid())");
        assert_eq!(read("(concat(_utf8mb4'a',_utf8mb4'b'))"), "(concat('a','b'))");
        assert_eq!(read("_utf8mb4'x'"), "'x'");
        assert_eq!(read("current_timestamp(6)"), "current_timestamp(6)");
        assert_eq!(read("-1.50"), "-1.50");
    }
}
