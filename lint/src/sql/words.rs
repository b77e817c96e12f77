//! Words of SQL: what a text mentions, and whether two texts say the same.

use sqlparser::ast::UpdateTableFromKind;
use sqlparser::dialect::GenericDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::operation::Kind;
use crate::python::HOLE;

/// Every word of a text, without quotes, in small letters.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().unwrap_or_default();
    tokens
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word.value.to_lowercase()),
            _ => None,
        })
        .collect()
}

/// Words that say what kind of thing is made, changed or dropped, and not which.
const STRUCTURE: &[&str] = &[
    "create",
    "alter",
    "drop",
    "add",
    "set",
    "reset",
    "if",
    "not",
    "exists",
    "or",
    "replace",
    "table",
    "server",
    "subscription",
    "publication",
    "collation",
    "language",
    "tablespace",
    "synonym",
    "foreign",
    "database",
    "only",
    "column",
    "options",
    "with",
    "to",
    "from",
    "on",
    "as",
    "enable",
    "disable",
    "cascade",
    "restrict",
];

/// The words of a text that may be names, in small letters; words of SQL may be, too.
pub(crate) fn names(text: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().unwrap_or_default();
    let name = |token: Token| match token {
        Token::Word(word) => {
            Some(word.value.to_lowercase()).filter(|word| !STRUCTURE.contains(&word.as_str()))
        }
        _ => None,
    };
    tokens.into_iter().filter_map(name).collect()
}

/// What stands in quotes.
pub(super) fn texts(tokens: &[Token]) -> Vec<String> {
    let texts = tokens.iter().filter_map(|token| match token {
        Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => Some(text.clone()),
        Token::DollarQuotedString(text) => Some(text.value.clone()),
        _ => None,
    });
    texts.collect()
}

pub(super) fn of_from(from: &UpdateTableFromKind) -> Vec<String> {
    let (UpdateTableFromKind::BeforeSet(tables) | UpdateTableFromKind::AfterSet(tables)) = from;
    tables.iter().flat_map(|table| of_text(&table.to_string())).collect()
}

/// Whether one of the words is this name, or the last part of it.
pub(crate) fn mentions(words: &[String], name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    words.iter().any(|word| word.eq_ignore_ascii_case(last))
}

pub(super) fn has_word(tokens: &[Token], wanted: &str) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case(wanted)))
}

/// SQL without blanks, case, quotes of names and parentheses around it all: equal for texts that say the same.
pub(crate) fn normal(text: &str) -> String {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return text.to_lowercase() };
    let words: Vec<String> = tokens
        .iter()
        .filter_map(|token| match token {
            Token::Whitespace(_) => None,
            Token::Word(word) => Some(word.value.to_lowercase()),
            Token::Neq => Some("<>".to_owned()),
            other => Some(other.to_string()),
        })
        .collect();
    let mut words = words.as_slice();
    while let [first, inner @ .., last] = words
        && first == "("
        && last == ")"
        && closes_at_the_end(inner)
    {
        words = inner;
    }
    words.join(" ")
}

fn closes_at_the_end(inner: &[String]) -> bool {
    let mut open = 0i64;
    inner.iter().all(|word| {
        open += match word.as_str() {
            "(" => 1,
            ")" => -1,
            _ => 0,
        };
        open >= 0
    })
}

/// Whether a name in it is only known when the migration runs.
pub(super) fn has_hole(kind: &Kind) -> bool {
    match kind {
        Kind::Raw { .. } | Kind::Opaque { .. } | Kind::Raise => false,
        Kind::Update { table, columns, .. } | Kind::Insert { table, columns, .. } => {
            table.contains(HOLE) || columns.iter().any(|column| column.contains(HOLE))
        }
        Kind::Delete { table, .. } | Kind::Truncate { table } => table.contains(HOLE),
        Kind::Create { name, .. } => name.contains(HOLE),
        other => format!("{other:?}").contains(HOLE),
    }
}

/// Statements that leave rows and schema as they are.
pub(super) fn is_quiet(kind: &Kind) -> bool {
    matches!(kind, Kind::Raw { sql } if sql.is_empty())
}
