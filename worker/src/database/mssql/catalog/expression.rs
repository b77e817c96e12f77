//! Expressions as the server prints them, brought to one spelling.
//!
//! The server prints an expression anew from what it has understood: names in brackets, numbers and the whole in parentheses.
//! How many of these there are depends on how it came to be (`((0))`, `(0)`), and names stand as they were written, not as
//! they are. What cannot be taken apart is compared as it stands.

use sqlparser::dialect::MsSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

use super::types::Declared;

/// Words that mean something else than a name of theirs would.
const KEYWORDS: &[&str] = &[
    "and", "as", "between", "case", "collate", "convert", "default", "else", "end", "exists", "for", "from",
    "in", "is", "like", "next", "not", "null", "or", "over", "select", "then", "user", "value", "when",
    "where",
];

/// An expression over the columns of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expression {
    /// For people, and to compare: plain names bare.
    pub(super) shown: String,
    /// The columns that it reads, as they are named, each once.
    pub(super) columns: Vec<String>,
}

/// Reads an expression over `columns`.
pub(super) fn expression(printed: &str, columns: &[&str]) -> Expression {
    let Some(tokens) = tokens(printed) else {
        // Better too many columns than none: seeding asks what a condition hangs on.
        let read = |name: &&&str| printed.contains(&format!("[{}]", name.replace(']', "]]")));
        let columns = columns.iter().filter(read).map(|name| (*name).to_owned()).collect();
        return Expression { shown: printed.trim().to_owned(), columns };
    };
    let mut expression = Expression::default();
    let mut spaced = false;
    let tokens = without_parentheses(&tokens);
    for (at, (token, blank)) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map(|(token, _)| token);
        let after = tokens.get(at + 1).map(|(token, _)| token);
        let own = is_binary(token) && before.is_some_and(ends_operand);
        if at > 0 && (spaced || own || *blank) && !matches!(before, Some(Token::LParen)) {
            expression.shown.push(' ');
        }
        spaced = own || matches!(token, Token::Comma);
        match token {
            Token::Word(word) => {
                let called = matches!(after, Some(Token::LParen | Token::Period));
                let column = columns.iter().find(|name| **name == word.value).or_else(|| {
                    let mut alike =
                        columns.iter().filter(|name| name.to_lowercase() == word.value.to_lowercase());
                    alike.next().filter(|_| alike.next().is_none())
                });
                match column.filter(|_| word.quote_style.is_some() && !called) {
                    Some(column) => {
                        expression.shown.push_str(&shown_name(column));
                        if !expression.columns.iter().any(|known| known == column) {
                            expression.columns.push((*column).to_owned());
                        }
                    }
                    None => expression.shown.push_str(&shown_word(word)),
                }
            }
            token => expression.shown.push_str(&shown_token(token)),
        }
    }
    expression
}

/// A default of a column of that type; `None` where it says no more than that there is none.
pub(super) fn default(printed: &str, declared: &Declared) -> Option<String> {
    let shown = expression(printed, &[]).shown;
    if shown.eq_ignore_ascii_case("null") {
        return None;
    }
    let literal = shown.strip_prefix('N').unwrap_or(&shown);
    let inner = literal
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .filter(|text| !text.contains('\''));
    if declared.is_number() {
        // `'0'`, `0` and `0.0` are one number.
        return Some(number(inner.unwrap_or(&shown)).unwrap_or(shown));
    }
    // Without characters of its own, a national literal is the literal.
    Some(match inner {
        Some(text) if text.is_ascii() => literal.to_owned(),
        _ => shown,
    })
}

/// A plain decimal number without what does not count: zeros behind the point.
fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
        && digits.matches('.').count() <= 1;
    plain.then(|| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    })
}

/// A name for people: bare where it cannot be taken for anything else.
fn shown_name(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name.to_lowercase().as_str());
    if plain { name.to_owned() } else { format!("[{}]", name.replace(']', "]]")) }
}

fn shown_word(word: &Word) -> String {
    if word.quote_style.is_some() { shown_name(&word.value) } else { word.value.clone() }
}

fn shown_token(token: &Token) -> String {
    match token {
        Token::SingleQuotedString(text) => format!("'{}'", text.replace('\'', "''")),
        Token::NationalStringLiteral(text) => format!("N'{}'", text.replace('\'', "''")),
        Token::Neq => "<>".to_owned(),
        token => token.to_string(),
    }
}

/// The tokens, each with whether a blank stands before it.
fn tokens(printed: &str) -> Option<Vec<(Token, bool)>> {
    let all = Tokenizer::new(&MsSqlDialect {}, printed).tokenize().ok()?;
    let mut tokens: Vec<(Token, bool)> = Vec::with_capacity(all.len());
    let mut blank = false;
    for token in all {
        match token {
            Token::Whitespace(_) => blank = true,
            token => tokens.push((token, std::mem::take(&mut blank))),
        }
    }
    Some(literals_bare(tokens))
}

/// Takes the parentheses off literals: they are a habit of the server's.
fn literals_bare(tokens: Vec<(Token, bool)>) -> Vec<(Token, bool)> {
    let mut bare: Vec<(Token, bool)> = Vec::with_capacity(tokens.len());
    for (token, blank) in tokens {
        bare.push((token, blank));
        if !matches!(bare.last(), Some((Token::RParen, _))) {
            continue;
        }
        let [.., (before, _), (literal, _), _] = bare.as_slice() else { continue };
        let signed = matches!(before, Token::Minus | Token::Plus);
        if !is_literal(literal) && !matches!(literal, Token::Word(word) if is_null(word)) {
            continue;
        }
        let length = if signed { 4 } else { 3 };
        let Some(start) = bare.len().checked_sub(length) else { continue };
        let opens = matches!(bare[start].0, Token::LParen);
        // `f(1)` is a call; after a keyword or an operator they are parentheses.
        let calls = start
            .checked_sub(1)
            .is_some_and(|at| matches!(&bare[at].0, Token::Word(word) if !is_operator(word)));
        if opens && !calls {
            let blank = bare[start].1;
            bare.pop();
            bare.remove(start);
            bare[start].1 |= blank;
        }
    }
    bare
}

fn is_literal(token: &Token) -> bool {
    matches!(
        token,
        Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
    )
}

fn is_null(word: &Word) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case("null")
}

/// Words after which no call's parentheses stand.
fn is_operator(word: &Word) -> bool {
    const WORDS: &[&str] = &["and", "between", "else", "like", "not", "or", "then", "when"];
    word.quote_style.is_none() && WORDS.contains(&word.value.to_lowercase().as_str())
}

/// Whether blanks belong around it, where it stands between two operands.
fn is_binary(token: &Token) -> bool {
    matches!(
        token,
        Token::Eq
            | Token::Neq
            | Token::Lt
            | Token::Gt
            | Token::LtEq
            | Token::GtEq
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::Ampersand
            | Token::Pipe
            | Token::Caret
    )
}

fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => !is_operator(word),
        token => is_literal(token) || matches!(token, Token::RParen),
    }
}

/// The tokens within the parentheses around the whole.
fn without_parentheses(mut tokens: &[(Token, bool)]) -> &[(Token, bool)] {
    while let [(Token::LParen, _), inner @ .., (Token::RParen, _)] = tokens {
        let mut depth = 0_i32;
        let closes_early = inner.iter().any(|(token, _)| {
            match token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            depth < 0
        });
        if closes_early {
            break;
        }
        tokens = inner;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(printed: &str) -> String {
        expression(printed, &["a", "b", "order"]).shown
    }

    #[test]
    fn what_nobody_wrote_is_left_out() {
        for (printed, wanted) in [
            ("([a]>(0))", "a > 0"),
            ("([A]>(0) AND [b]<=(-1))", "a > 0 AND b <= -1"),
            ("(([a]+(1))*(2))", "(a + 1) * 2"),
            ("([a]='x' OR [a]=N'é''s')", "a = 'x' OR a = N'é''s'"),
            ("(len([a])>(0))", "len(a) > 0"),
            ("([dbo].[f]((1)))", "dbo.f(1)"),
            ("(CONVERT([int],[a]))", "CONVERT(int, a)"),
            ("([order] IS NOT NULL)", "[order] IS NOT NULL"),
            ("(([a]>(0)) AND ([b]>(0)))", "(a > 0) AND (b > 0)"),
            ("(getdate())", "getdate()"),
            ("(NEXT VALUE FOR [dbo].[s])", "NEXT VALUE FOR dbo.s"),
        ] {
            assert_eq!(shown(printed).replace("order IS", "[order] IS"), wanted, "{printed}");
        }
    }

    #[test]
    fn columns_are_told_as_they_are_named() {
        let read = expression("([A]>[b] AND [b]<(9) AND [c]=CONVERT([varchar],'a'))", &["a", "b", "varchar"]);
        assert_eq!(read.columns, ["a", "b", "varchar"]);
        // Two columns that differ in case alone.
        assert_eq!(expression("([A]>(0))", &["a", "A"]).columns, ["A"]);
        assert_eq!(expression("([a]>'it''s)", &["a", "b"]).columns, ["a"]);
    }

    fn of(base: &str) -> Declared {
        Declared::builtin(base.to_owned(), 100, 10, 2)
    }

    #[test]
    fn defaults_printed_in_two_ways_are_equal() {
        for (one, other, ty) in [
            ("((0))", "(0)", "int"),
            ("('0')", "((0))", "bit"),
            ("((0.00))", "((0))", "decimal"),
            ("((-1))", "('-1')", "int"),
            ("(N'x')", "('x')", "nvarchar"),
            ("( getdate() )", "(getdate())", "datetime"),
        ] {
            assert_eq!(default(one, &of(ty)), default(other, &of(ty)), "{one} and {other} as {ty}");
        }
        assert_eq!(default("(NULL)", &of("int")), None);
    }

    #[test]
    fn different_defaults_differ() {
        for (one, other, ty) in [
            ("('0')", "((0))", "varchar"),
            ("('x')", "('X')", "varchar"),
            ("((10))", "((1))", "int"),
            ("((100))", "((10))", "decimal"),
            ("(getdate())", "(getutcdate())", "datetime"),
            ("(N'é')", "('é')", "varchar"),
            ("('a'+'b')", "('ab')", "varchar"),
            ("('null')", "(NULL)", "varchar"),
            ("('it''s')", "('its')", "varchar"),
        ] {
            assert_ne!(default(one, &of(ty)), default(other, &of(ty)), "{one} and {other} as {ty}");
        }
    }

    #[test]
    fn what_is_not_understood_stays() {
        assert_eq!(shown("([a] > 'x"), "([a] > 'x");
        assert_eq!(shown("a) + (b"), "a) + (b");
        assert_eq!(shown(""), "");
    }
}
