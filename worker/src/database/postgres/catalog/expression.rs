//! Expressions as the server prints them, brought to one spelling.
//!
//! The server prints one condition in several ways, depending on how it came to be: after a column's type was
//! changed and changed back, `s IN ('a', 'b')` has its casts elsewhere. Only casts among text types, of
//! literals and of columns that are text, are dropped; every other cast means something.

use std::collections::BTreeSet;

/// Types that differ in name only, for a literal.
const TEXT_TYPES: &[&str] = &["text", "character varying", "bpchar", "character"];

/// Types whose literals are numbers.
const NUMBER_TYPES: &[&str] = &["smallint", "integer", "bigint", "numeric", "real", "double precision"];

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// A word, a number, an operator, punctuation; with the blanks before it.
    Token(String),
    /// A string literal.
    Literal(String),
    /// `(…)` or `[…]`.
    Group(char, Vec<Node>),
}

/// A condition or index expression over a table whose text columns are `text_columns`, in one spelling.
pub(super) fn condition(printed: &str, text_columns: &BTreeSet<&str>) -> String {
    let mut rest = Lexer { chars: printed.chars().collect(), at: 0 };
    let nodes = rest.nodes(None);
    if rest.at < rest.chars.len() {
        return printed.to_owned();
    }
    let mut out = String::new();
    print(&simplify(nodes, text_columns), &mut out);
    out.trim().to_owned()
}

/// A default in one spelling; `None` where it says no more than that there is none.
pub(super) fn default(printed: &str, column_type: &str) -> Option<String> {
    if printed == "NULL" || printed.starts_with("NULL::") {
        return None;
    }
    if let Some(element) = printed.strip_prefix("ARRAY[]::").filter(|t| *t == column_type) {
        debug_assert!(element.ends_with("[]"));
        return Some("'{}'".to_owned());
    }
    let own = base_type(column_type);
    let number_column = NUMBER_TYPES.contains(&own);
    let Some((literal, cast)) = literal_and_cast(printed) else {
        let bare = printed.strip_prefix('(').and_then(|p| p.strip_suffix(')')).unwrap_or(printed);
        return Some(if number_column { number(bare) } else { None }.unwrap_or_else(|| printed.to_owned()));
    };
    let content = &literal[1..literal.len() - 1];
    let base = base_type(cast);
    if number_column && NUMBER_TYPES.contains(&base) {
        return Some(number(content).unwrap_or_else(|| literal.to_owned()));
    }
    let same_text = TEXT_TYPES.contains(&base) && (TEXT_TYPES.contains(&own) || own == base);
    let fits = match limit(cast) {
        Some(limit) => cast == column_type || content.replace("''", "'").chars().count() <= limit,
        None => true,
    };
    if (same_text && fits) || cast == column_type || (base == own && limit(cast).is_none()) {
        return Some(literal.to_owned());
    }
    Some(printed.to_owned())
}

/// A plain decimal number without what does not count: zeros behind the point.
fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() <= 1;
    if !plain {
        return None;
    }
    Some(if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    })
}

/// A type without its parameters.
fn base_type(ty: &str) -> &str {
    ty.split('(').next().unwrap_or(ty).trim_end()
}

/// The one parameter of `character varying(50)`.
fn limit(ty: &str) -> Option<usize> {
    ty.split_once('(')?.1.strip_suffix(')')?.parse().ok()
}

/// Splits `'…'::type`, when that is all there is.
fn literal_and_cast(printed: &str) -> Option<(&str, &str)> {
    let mut chars = printed.char_indices().peekable();
    if chars.next()?.1 != '\'' {
        return None;
    }
    while let Some((at, c)) = chars.next() {
        if c == '\'' && chars.next_if(|(_, c)| *c == '\'').is_none() {
            let cast = printed[at + 1..].strip_prefix("::")?;
            let plain = !cast.contains([':', '\'', '|', '+']) && cast.matches('(').count() <= 1;
            return plain.then_some((&printed[..=at], cast));
        }
    }
    None
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    /// Everything up to `close`, which is taken too.
    fn nodes(&mut self, close: Option<char>) -> Vec<Node> {
        let mut nodes = Vec::new();
        while let Some(&c) = self.chars.get(self.at) {
            match c {
                '\'' => nodes.push(Node::Literal(self.quoted('\''))),
                '(' | '[' => {
                    self.at += 1;
                    let end = if c == '(' { ')' } else { ']' };
                    nodes.push(Node::Group(c, self.nodes(Some(end))));
                }
                ')' | ']' => {
                    if close == Some(c) {
                        self.at += 1;
                    }
                    return nodes;
                }
                '"' => nodes.push(Node::Token(self.quoted('"'))),
                ':' if self.chars.get(self.at + 1) == Some(&':') => {
                    self.at += 2;
                    nodes.push(Node::Token("::".to_owned()));
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let start = self.at;
                    while self.chars.get(self.at).is_some_and(|c| c.is_alphanumeric() || "_$.".contains(*c)) {
                        self.at += 1;
                    }
                    nodes.push(Node::Token(self.chars[start..self.at].iter().collect()));
                }
                c => {
                    self.at += 1;
                    nodes.push(Node::Token(c.to_string()));
                }
            }
        }
        nodes
    }

    /// A quoted text with its quotes; a doubled quote is part of it.
    fn quoted(&mut self, quote: char) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(&c) = self.chars.get(self.at) {
            self.at += 1;
            if c == quote {
                if self.chars.get(self.at) != Some(&quote) {
                    break;
                }
                self.at += 1;
            }
        }
        self.chars[start..self.at].iter().collect()
    }
}

/// Drops casts among text types, inside out.
fn simplify(nodes: Vec<Node>, text_columns: &BTreeSet<&str>) -> Vec<Node> {
    let mut done: Vec<Node> = Vec::new();
    let mut rest = nodes.into_iter().peekable();
    while let Some(node) = rest.next() {
        let node = match node {
            Node::Group(open, inner) => Node::Group(open, simplify(inner, text_columns)),
            Node::Token(token) if token == "::" => {
                let words: Vec<Node> = rest.clone().take(4).collect();
                match text_cast(&words) {
                    Some((length, array)) if strip_operand(&mut done, array, text_columns) => {
                        for _ in 0..length {
                            rest.next();
                        }
                        continue;
                    }
                    _ => Node::Token(token),
                }
            }
            other => other,
        };
        done.push(node);
    }
    done
}

/// How many nodes a text type without a length takes, and whether it is an array's.
fn text_cast(nodes: &[Node]) -> Option<(usize, bool)> {
    let word = |at: usize, text: &str| matches!(nodes.get(at), Some(Node::Token(t)) if t == text);
    let length = if word(0, "text") || word(0, "bpchar") {
        1
    } else if word(0, "character") && word(1, " ") && word(2, "varying") {
        3
    } else {
        return None;
    };
    match nodes.get(length) {
        Some(Node::Group('(', _)) => None,
        Some(Node::Group('[', inner)) if inner.is_empty() => Some((length + 1, true)),
        _ => Some((length, false)),
    }
}

/// Whether the last of `done` is text by itself, so that a cast to text says nothing; takes parentheses
/// around it away.
fn strip_operand(done: &mut Vec<Node>, array: bool, text_columns: &BTreeSet<&str>) -> bool {
    let text = |node: &Node| match node {
        Node::Literal(_) => true,
        Node::Token(token) => text_columns.contains(unquoted(token).as_str()),
        Node::Group(..) => false,
    };
    match done.last() {
        Some(Node::Group('[', elements)) if array => {
            is_array_word(done.len().checked_sub(2).and_then(|at| done.get(at))) && literals(elements)
        }
        Some(Node::Group('(', inner)) => {
            let plain = match inner.as_slice() {
                [only] if !array => text(only),
                [word, Node::Group('[', elements)] if array => {
                    is_array_word(Some(word)) && literals(elements)
                }
                _ => false,
            };
            // `f(x)::text` is a call, not parentheses.
            let call = matches!(
                done.len().checked_sub(2).and_then(|at| done.get(at)),
                Some(Node::Token(t)) if t.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '"')
            );
            if plain && !call {
                if let Some(Node::Group(_, inner)) = done.pop() {
                    done.extend(inner);
                }
                return true;
            }
            false
        }
        Some(node) if !array => text(node),
        _ => false,
    }
}

fn is_array_word(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::Token(token)) if token == "ARRAY")
}

/// Whether all that stands between commas is string literals.
fn literals(nodes: &[Node]) -> bool {
    nodes.iter().all(|node| match node {
        Node::Literal(_) => true,
        Node::Token(token) => token == "," || token == " ",
        Node::Group(..) => false,
    })
}

fn unquoted(token: &str) -> String {
    match token.strip_prefix('"').and_then(|t| t.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => token.to_owned(),
    }
}

fn print(nodes: &[Node], out: &mut String) {
    for node in nodes {
        match node {
            Node::Token(text) | Node::Literal(text) => out.push_str(text),
            Node::Group(open, inner) => {
                out.push(*open);
                print(inner, out);
                out.push(if *open == '(' { ')' } else { ']' });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) {
        let columns = BTreeSet::from(["s", "My s"]);
        assert_eq!(condition(one, &columns), condition(other, &columns));
    }

    fn differ(one: &str, other: &str) {
        let columns = BTreeSet::from(["s", "My s"]);
        assert_ne!(condition(one, &columns), condition(other, &columns));
    }

    #[test]
    fn a_type_changed_and_changed_back_leaves_the_condition() {
        same(
            "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
            "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))",
        );
        same("((s)::text <> 'x'::text)", "(s <> 'x'::text)");
        same(r#"(lower(("My s")::text) = 'a'::text)"#, r#"(lower("My s") = 'a'::text)"#);
        same("((s)::bpchar = 'a'::bpchar)", "(s = 'a'::bpchar)");
    }

    #[test]
    fn other_casts_count() {
        differ("((n)::text < 'b'::text)", "(n < 'b'::text)");
        differ("(s = 'a'::character varying(3))", "(s = 'a'::text)");
        differ("(lower(s)::text = 'a')", "(lower(s) = 'a')");
        differ("(d > '2020-01-01'::date)", "(d > '2020-01-01'::timestamp)");
        differ("(s = 'it''s (a)'::text)", "(s = 'it''s (b)'::text)");
        differ("((s = 'a'::text) OR (n > 1))", "(s = 'a'::text OR (n > 1))");
    }

    #[test]
    fn what_is_not_understood_stays() {
        let odd = "a) + 'x";
        assert_eq!(condition(odd, &BTreeSet::new()), odd);
    }

    #[test]
    fn defaults_printed_in_two_ways_are_equal() {
        for (one, other, ty) in [
            ("'x'::character varying", "'x'::text", "character varying(10)"),
            ("'x'::character varying(5)", "'x'::text", "text"),
            ("'x'::character(3)", "'x'::bpchar", "character(3)"),
            ("'0'::bigint", "0", "bigint"),
            ("'-1'::integer", "'-1'::bigint", "bigint"),
            ("'0'::numeric", "0.0", "numeric(10,2)"),
            ("'1.5'::double precision", "1.5", "double precision"),
            ("ARRAY[]::text[]", "'{}'::text[]", "text[]"),
            ("'{}'::jsonb", "'{}'::jsonb", "jsonb"),
        ] {
            assert_eq!(default(one, ty), default(other, ty), "{one} and {other} as {ty}");
        }
        assert_eq!(default("NULL::character varying", "character varying(5)"), None);
    }

    #[test]
    fn different_defaults_differ() {
        for (one, other, ty) in [
            ("'x'::text", "'X'::text", "text"),
            ("'0'::text", "0", "text"),
            ("'abcdef'::character varying(3)", "'abcdef'::text", "text"),
            ("10", "1", "integer"),
            ("100", "10", "numeric"),
            ("now()", "CURRENT_TIMESTAMP", "timestamp with time zone"),
            ("('a'::text || 'b'::text)", "'a'::text", "text"),
            ("'a'::text || 'b'::text", "'a'::text", "text"),
            ("'null'::jsonb", "NULL::jsonb", "jsonb"),
        ] {
            assert_ne!(default(one, ty), default(other, ty), "{one} and {other} as {ty}");
        }
    }
}
