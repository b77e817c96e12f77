//! Clauses that the parser does not know: taken out before it reads a statement, and added to what it has read.

use sqlparser::tokenizer::Token;

use crate::operation::{Column, Kind, Options, Setting};

/// A statement without those clauses.
pub(super) struct Plain {
    pub(super) tokens: Vec<Token>,
    /// The column that is being said (empty: the whole statement), and what.
    said: Vec<(String, &'static str, String)>,
}

/// `None` where there is no such clause.
pub(super) fn without(tokens: &[Token]) -> Option<Plain> {
    let significant: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let word = |at: usize| match significant.get(at) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_uppercase(),
        _ => String::new(),
    };
    let makes_table = word(0) == "CREATE" && (1..4).any(|at| word(at) == "TABLE");
    let known = makes_table || matches!(word(0).as_str(), "CREATE" | "ALTER");
    let index = (1..4).find(|at| word(*at) == "INDEX");
    let mut plain = Plain { tokens: Vec::with_capacity(tokens.len()), said: Vec::new() };
    let (mut at, mut open, mut column, mut begins) = (0, 0, String::new(), false);
    while let Some(token) = significant.get(at) {
        match token {
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
        if makes_table && begins && open == 1 {
            column = if let Token::Word(word) = token { word.value.clone() } else { String::new() };
        }
        begins = open == 1 && matches!(token, Token::LParen | Token::Comma);
        let next = word(at + 1);
        if makes_table && open == 0 && word(at) == "PARTITION" && next == "BY" {
            plain.said.push((String::new(), "partitioning", String::new()));
            break;
        }
        let clause = match word(at).as_str() {
            kind @ ("FULLTEXT" | "SPATIAL" | "BITMAP") if at == 1 && index.is_some() => {
                Some((1, "index type", kind.to_owned()))
            }
            kind @ ("CLUSTERED" | "NONCLUSTERED") if index.is_none_or(|index| at < index) => {
                Some((1, "clustering", kind.to_owned()))
            }
            kind @ ("INVISIBLE" | "VISIBLE" | "IGNORED") if at > 2 => {
                Some((1, "visibility", kind.to_owned()))
            }
            "NOT" if next == "IGNORED" => Some((2, "visibility", "visible".to_owned())),
            "NOT" if next == "ENFORCED" => Some((2, "enforced", "no".to_owned())),
            "SRID" => Some((
                2,
                "reference system",
                significant.get(at + 1).map_or(String::new(), ToString::to_string),
            )),
            "SQL" if next == "SECURITY" => Some((3, "security", word(at + 2))),
            "COLLATE" if word(0) == "ALTER" => {
                let mut length = 2;
                while significant.get(at + length) == Some(&&Token::Period) {
                    length += 2;
                }
                let name = match significant.get(at + length - 1) {
                    Some(Token::Word(word)) => word.value.clone(),
                    _ => String::new(),
                };
                let name = if name.eq_ignore_ascii_case("default") { "none".to_owned() } else { name };
                Some((length, "collation", name))
            }
            _ => None,
        };
        match clause.filter(|_| known) {
            Some((length, option, value)) => {
                plain.said.push((column.clone(), option, value));
                at += length;
            }
            None => {
                plain.tokens.push((*token).clone());
                at += 1;
            }
        }
    }
    (!plain.said.is_empty()).then_some(plain)
}

impl Plain {
    /// Adds what was taken out.
    pub(super) fn add_to(&self, kinds: &mut [Kind]) {
        let [kind] = kinds else { return };
        for (name, option, value) in &self.said {
            let value = if value == "none" { Setting::None } else { Setting::Is(value.to_lowercase()) };
            let options: &mut Options = match kind {
                Kind::CreateTable { columns, .. } => match of_name(columns, name) {
                    Some(column) => &mut column.options,
                    None => continue,
                },
                Kind::AddColumn { column, .. } => &mut column.options,
                Kind::AlterColumn { change, .. } => &mut change.options,
                Kind::CreateIndex { index, .. } => &mut index.options,
                Kind::CreateConstraint { constraint, .. } => &mut constraint.options,
                Kind::Create { definition: Some(text), .. } => {
                    text.push_str(&format!(" with {option} {}", value));
                    continue;
                }
                _ => continue,
            };
            options.insert(option, value);
        }
    }
}

fn of_name<'c>(columns: &'c mut [Column], name: &str) -> Option<&'c mut Column> {
    columns.iter_mut().find(|column| column.name == name)
}
