//! What the statement that makes an object says of its settings, so that a later ALTER is compared with it.

use sqlparser::tokenizer::Token;

use super::phrase::{self, Words};
use super::settings::{role, routine, schedule, storage};
use crate::operation::{ObjectKind, Options, Setting};

/// What stands behind the columns of a new table.
pub(super) fn of_table(tokens: &[Token]) -> Options {
    let words = phrase::significant(tokens);
    let mut open = 0;
    let columns = words.iter().position(|token| {
        match token {
            Token::LParen => open += 1,
            Token::RParen => open -= 1,
            _ => {}
        }
        *token == Token::RParen && open == 0
    });
    let rest = Words(&words[columns.map_or(words.len(), |end| end + 1)..]);
    let mut options = Options::new();
    for at in 0..rest.0.len() {
        let value = |behind: usize| {
            let value = rest.0.get(at + behind).filter(|token| **token != Token::Eq);
            let value = value.or_else(|| rest.0.get(at + behind + 1));
            Setting::Is(value.map_or(String::new(), |token| token.to_string().to_lowercase()))
        };
        match (rest.word(at).as_str(), rest.word(at + 1).as_str()) {
            ("AS" | "SELECT", _) => break,
            ("STRICT", _) => options.insert("strictness", Setting::Is("strict".to_owned())),
            ("WITHOUT", "ROWID") => options.insert("row ids", Setting::Is("without".to_owned())),
            ("ENGINE", _) => options.insert("engine", value(1)),
            ("ROW_FORMAT", _) => options.insert("row format", value(1)),
            ("COMMENT", _) => options.insert("comment", value(1)),
            ("CHARSET", _) => options.insert("character set", value(1)),
            ("CHARACTER", "SET") => options.insert("character set", value(2)),
            ("COLLATE", _) => options.insert("collation", value(1)),
            ("PARTITION", "BY") => {
                options.insert("partitioning", Setting::Is(rest.text(at + 2)));
                break;
            }
            ("WITH", "SYSTEM") => options.insert("system_versioning", Setting::Is("on".to_owned())),
            ("WITH", _) if rest.0.get(at + 1) == Some(&Token::LParen) => {
                let mut set = vec![Token::make_word("SET", None)];
                set.extend(rest.0[at + 1..].iter().cloned());
                options.extend(storage(&Words(&set)).unwrap_or_default());
                break;
            }
            _ => None,
        };
    }
    options
}

/// What the statement that makes an object says of its settings; what it does not say is not there.
pub(super) fn of_object(object: ObjectKind, tokens: &[Token]) -> Options {
    let words = phrase::significant(tokens);
    let reader = Words(&words);
    let mut options = Options::new();
    match object {
        ObjectKind::Function => {
            for option in ["volatility", "null input", "security", "leakproof", "parallel"] {
                options.insert(option, Setting::None);
            }
            options.extend(routine(&reader.words()));
        }
        ObjectKind::Role => {
            options.insert("connection limit", Setting::None);
            options.insert("search path", Setting::None);
            options.insert("statement timeout", Setting::None);
            options.extend(role(&reader));
        }
        ObjectKind::Event => {
            let at = (0..words.len()).find(|at| reader.word(*at) == "SCHEDULE");
            if let Some(at) = at.filter(|at| *at > 0) {
                options.insert("schedule", Setting::Is(schedule(&reader.from(at - 1))));
            }
            options.insert("enabled", Setting::Is("enable".to_owned()));
        }
        ObjectKind::Trigger => {
            options.insert("enabled", Setting::None);
        }
        ObjectKind::Type if (0..words.len()).any(|at| reader.word(at) == "DOMAIN") => {
            let end = |at: usize| {
                (at..words.len())
                    .find(|at| {
                        matches!(
                            reader.word(*at).as_str(),
                            "NOT" | "NULL" | "CONSTRAINT" | "CHECK" | "COLLATE"
                        )
                    })
                    .unwrap_or(words.len())
            };
            let default = (0..words.len()).find(|at| reader.word(*at) == "DEFAULT");
            let value = default.map(|at| Words(&words[at + 1..end(at + 1)]).text(0));
            options.insert("default", value.map_or(Setting::None, Setting::Is));
            let not_null =
                (0..words.len()).any(|at| reader.word(at) == "NOT" && reader.word(at + 1) == "NULL");
            options.insert("null", if not_null { Setting::Is("not null".to_owned()) } else { Setting::None });
        }
        _ => {}
    }
    options
}
