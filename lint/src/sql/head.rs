//! Statements that the parser does not know, by their first words.

use mrt_chain::settings::EngineKind;
use sqlparser::tokenizer::Token;

use super::{definition, shown, words};
use crate::operation::{Kind, ObjectKind};
use crate::undo::Object;

/// First words of statements that leave rows and schema as they are.
const QUIET: &[&str] = &[
    "SET",
    "PRAGMA",
    "ANALYZE",
    "VACUUM",
    "LOCK",
    "UNLOCK",
    "BEGIN",
    "START",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SHOW",
    "EXPLAIN",
    "USE",
    "RESET",
    "DISCARD",
    "NOTIFY",
    "LISTEN",
    "OPTIMIZE",
    "CHECKPOINT",
    "FLUSH",
    "REINDEX",
    "CLUSTER",
    "RESTORE",
    "BACKUP",
    "PRINT",
    "GO",
];

pub(super) fn first_word(tokens: &[Token]) -> Option<String> {
    tokens.iter().find_map(|token| match token {
        Token::Word(word) => Some(word.value.to_uppercase()),
        Token::Whitespace(_) => None,
        other => Some(other.to_string()),
    })
}

/// The statements of a text. The body of a routine has semicolons of its own.
pub(super) fn statements(tokens: &[Token], engine: EngineKind) -> Vec<&[Token]> {
    let mut out = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        let end = match engine {
            // There a body is a text, but for that one form.
            EngineKind::Postgres if !words::has_word(rest, "ATOMIC") => None,
            EngineKind::MySql | EngineKind::MariaDb | EngineKind::Sqlite if begins_transaction(rest) => None,
            EngineKind::MySql | EngineKind::MariaDb | EngineKind::Sqlite | EngineKind::Postgres => {
                is_routine(rest).then(|| end_of_body(rest))
            }
            EngineKind::SqlServer | EngineKind::Oracle => is_routine(rest).then_some(rest.len()),
        };
        let semicolon = || rest.iter().position(|token| *token == Token::SemiColon);
        let end = end.or_else(semicolon).unwrap_or(rest.len());
        out.push(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out
}

/// Where a routine ends: at the first semicolon that stands in no block of it.
fn end_of_body(tokens: &[Token]) -> usize {
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_uppercase(),
        _ => String::new(),
    };
    let mut open = 0usize;
    let mut ends = false;
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| !matches!(token, Token::Whitespace(_))) {
        if *token == Token::SemiColon && open == 0 {
            return at;
        }
        match (ends, word(at).as_str()) {
            // What ends is a loop or a condition, which nobody has counted.
            (true, "IF" | "LOOP" | "WHILE" | "REPEAT") => open += 1,
            (true, "CASE") => {}
            (_, "BEGIN" | "CASE") => open += 1,
            (_, "END") => open = open.saturating_sub(1),
            _ => {}
        }
        ends = word(at) == "END";
    }
    tokens.len()
}

fn begins_transaction(tokens: &[Token]) -> bool {
    let words = first_words(tokens, 2);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    word(0) == "BEGIN" && word(1) != "NOT"
}

/// Whether it makes something that has statements inside.
pub(super) fn is_routine(tokens: &[Token]) -> bool {
    let words = first_words(tokens, 8);
    // A table may well be called `event`.
    let mut kind = words
        .iter()
        .take_while(|word| !matches!(word.as_str(), "TABLE" | "INDEX" | "VIEW" | "TYPE" | "SEQUENCE"));
    let makes = words.first().is_some_and(|word| word == "CREATE" || word == "ALTER");
    let has_body = |word: &String| {
        matches!(word.as_str(), "TRIGGER" | "EVENT" | "FUNCTION" | "PROCEDURE" | "PROC" | "PACKAGE")
    };
    makes && kind.any(has_body) || words.first().is_some_and(|word| word == "BEGIN" || word == "DECLARE")
}

/// The words for which a statement is refused inside of a transaction.
pub(super) fn wants_no_transaction(tokens: &[Token], engine: EngineKind) -> Option<String> {
    if engine != EngineKind::Postgres {
        return None;
    }
    let words = first_words(tokens, 12);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let concurrently = words.iter().any(|word| word == "CONCURRENTLY");
    let count = match (word(0), word(1)) {
        ("VACUUM", _) => 1,
        ("ALTER", "SYSTEM") | ("CREATE" | "DROP", "DATABASE" | "TABLESPACE") | ("DISCARD", "ALL") => 2,
        ("REINDEX", "DATABASE" | "SYSTEM") => 2,
        ("REINDEX", _) if concurrently => return Some("REINDEX … CONCURRENTLY".to_owned()),
        ("ALTER", "TABLE") if concurrently && words.iter().any(|word| word == "DETACH") => {
            return Some("DETACH PARTITION … CONCURRENTLY".to_owned());
        }
        _ => return None,
    };
    Some(words[..count].join(" "))
}

/// Whether these are its first words.
pub(super) fn begins_with(tokens: &[Token], words: &[&str]) -> bool {
    first_words(tokens, words.len()).iter().eq(words)
}

fn first_words(tokens: &[Token], count: usize) -> Vec<String> {
    let words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.value.to_uppercase()),
        _ => None,
    });
    words.take(count).collect()
}

/// A query: nothing, unless a function in it does something.
pub(super) fn query(tokens: &[Token]) -> Option<Kind> {
    let raw = || Some(Kind::Raw { sql: shown(&super::text_of(tokens)) });
    if words::has_word(tokens, "setval") {
        let name = tokens.iter().find_map(|token| match token {
            Token::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        });
        return Some(Kind::Alter {
            object: ObjectKind::Sequence,
            name: name.unwrap_or_default(),
            what: "setval".to_owned(),
        });
    }
    let calls = tokens
        .windows(2)
        .any(|pair| matches!(pair, [Token::Word(word), Token::LParen] if word.quote_style.is_none()));
    if words::has_word(tokens, "INTO") {
        return raw();
    }
    if calls && !words::has_word(tokens, "FROM") { raw() } else { None }
}

/// What the first words of a statement say.
pub(super) fn read(tokens: &[Token], text: &str, out: &mut Vec<Kind>) {
    let kind = one(tokens, text);
    // What it says of its settings stands beside its definition, so that a later ALTER is compared with it.
    let set = match &kind {
        Kind::Create { object, name, .. } => {
            let options = definition::of_object(*object, tokens);
            (!options.is_empty()).then(|| Kind::Set { object: Object::other(*object, name), options })
        }
        _ => None,
    };
    out.push(kind);
    out.extend(set);
}

fn one(tokens: &[Token], text: &str) -> Kind {
    let raw = || Kind::Raw { sql: shown(text) };
    let nothing = Kind::Raw { sql: String::new() };
    let significant: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let word = |at: usize| match significant.get(at) {
        Some(Token::Word(word)) => word.value.to_uppercase(),
        _ => String::new(),
    };
    let verb = word(0);
    // A block of statements is longer than `BEGIN`.
    if QUIET.contains(&verb.as_str()) && (!is_routine(tokens) || significant.len() <= 2) {
        return nothing;
    }
    let is_verb = |wanted: &str| verb == wanted;
    match verb.as_str() {
        "GRANT" | "REVOKE" => return grant(&significant, is_verb("GRANT")),
        "COMMENT" => return comment(&significant),
        _ => {}
    }
    if !["CREATE", "DROP", "ALTER", "TRUNCATE"].iter().any(|wanted| is_verb(wanted)) {
        return match (verb.as_str(), word(1).as_str()) {
            ("INSERT" | "REPLACE", "INTO") => match name(&significant[2..]) {
                Some((table, _)) => Kind::Insert {
                    table,
                    columns: Vec::new(),
                    sources: Vec::new(),
                    bulk: false,
                    lenient: true,
                },
                None => raw(),
            },
            ("DELETE", "FROM") => match name(&significant[2..]) {
                Some((table, _)) => Kind::Delete { table, whole: !words::has_word(tokens, "WHERE") },
                None => raw(),
            },
            _ => raw(),
        };
    }
    // The object's kind is the first word that is one, among those that may stand before it.
    let mut at = 1;
    let object = loop {
        let object = match word(at).as_str() {
            "VIEW" => ObjectKind::View,
            "TRIGGER" => ObjectKind::Trigger,
            "FUNCTION" | "AGGREGATE" => ObjectKind::Function,
            "PROCEDURE" | "PROC" => ObjectKind::Procedure,
            "TYPE" | "DOMAIN" => ObjectKind::Type,
            "SEQUENCE" => ObjectKind::Sequence,
            "SCHEMA" => ObjectKind::Schema,
            "EXTENSION" => ObjectKind::Extension,
            "RULE" => ObjectKind::Rule,
            "STATISTICS" => ObjectKind::Statistics,
            "EVENT" => ObjectKind::Event,
            "PACKAGE" => ObjectKind::Package,
            "POLICY" => ObjectKind::Policy,
            "ROLE" | "USER" | "GROUP" => ObjectKind::Role,
            "TABLE" if is_verb("TRUNCATE") => break None,
            "TABLE" if is_verb("CREATE") => {
                let lenient = word(at + 1) == "IF";
                let rest = significant.get(at + if lenient { 4 } else { 1 }..).unwrap_or_default();
                return name(rest).map_or_else(raw, |(name, _)| table(name, lenient));
            }
            "PUBLICATION" | "SUBSCRIPTION" | "SERVER" | "OPERATOR" | "SYNONYM" | "LANGUAGE" | "FOREIGN"
            | "TABLESPACE" | "TABLE" | "INDEX" | "DATABASE" | "CAST" | "COLLATION" => return raw(),
            "" if at > 7 => return raw(),
            _ if at > 12 => return raw(),
            _ if is_verb("TRUNCATE") => {
                at -= 1;
                break None;
            }
            _ => {
                at += 1;
                continue;
            }
        };
        break Some(object);
    };
    at += 1;
    let Some(object) = object else {
        return name(significant.get(at..).unwrap_or_default())
            .map_or_else(raw, |(table, _)| Kind::Truncate { table });
    };
    let lenient = word(at) == "IF";
    if lenient {
        at += if word(at + 1) == "NOT" { 3 } else { 2 };
    }
    let of_body = object == ObjectKind::Package && word(at) == "BODY";
    at += usize::from(of_body);
    let Some((mut name_of_it, length)) = name(significant.get(at..).unwrap_or_default()) else {
        return raw();
    };
    if of_body {
        name_of_it.push_str(" body");
    }
    let rest = significant.get(at + length..).unwrap_or_default();
    let table = match object {
        ObjectKind::Trigger | ObjectKind::Policy => behind(rest, "on"),
        ObjectKind::Rule => behind(rest, if is_verb("DROP") { "on" } else { "to" }),
        ObjectKind::Statistics => behind(rest, "from"),
        // The column's table: the sequence goes with it.
        ObjectKind::Sequence => {
            behind(rest, "by").and_then(|owner| owner.rsplit_once('.').map(|(table, _)| table.to_owned()))
        }
        _ => None,
    };
    match verb.as_str() {
        "CREATE" => Kind::Create {
            object,
            name: name_of_it,
            table,
            definition: Some(rest.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
            replaces: word(1) == "OR",
            exists_ok: lenient,
        },
        "DROP" => Kind::Drop {
            object,
            name: name_of_it,
            table,
            missing_ok: lenient,
            cascade: words::has_word(tokens, "CASCADE"),
        },
        _ => {
            let what: Vec<String> = rest.iter().take(8).map(ToString::to_string).collect();
            Kind::Alter { object, name: name_of_it, what: what.join(" ") }
        }
    }
}

/// A table of which nothing but the name is known.
pub(super) fn table(table: String, exists_ok: bool) -> Kind {
    Kind::CreateTable {
        table,
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        from_query: None,
        partition_of: None,
        exists_ok,
        complete: false,
    }
}

/// GRANT and REVOKE make and drop the same thing: who may do what to which.
fn grant(tokens: &[&Token], given: bool) -> Kind {
    let words = tokens[1..].iter().map(|token| token.to_string().to_lowercase());
    let words: Vec<String> = words.map(|word| if word == "from" { "to".to_owned() } else { word }).collect();
    let (object, name) = (ObjectKind::Grant, words.join(" "));
    let table = behind(tokens, "on");
    // To give twice or to take what nobody has is no mistake.
    if given {
        Kind::Create { object, name, table, definition: None, replaces: false, exists_ok: true }
    } else {
        Kind::Drop { object, name, table, missing_ok: true, cascade: false }
    }
}

fn comment(tokens: &[&Token]) -> Kind {
    let is = tokens
        .iter()
        .position(|token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("is")));
    let is = is.unwrap_or(tokens.len());
    let text = |tokens: &[&Token]| tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    Kind::Alter {
        object: ObjectKind::Comment,
        name: text(tokens.get(1..is).unwrap_or_default()),
        what: text(tokens.get(is + 1..).unwrap_or_default()),
    }
}

/// A name with its schema, and how many tokens it takes.
pub(super) fn name(tokens: &[&Token]) -> Option<(String, usize)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(Token::Word(word)) = tokens.get(at) {
        parts.push(word.value.as_str());
        at += 1;
        if tokens.get(at) != Some(&&Token::Period) {
            break;
        }
        at += 1;
    }
    match parts.as_slice() {
        [] => None,
        ["public" | "dbo" | "main", name] => Some(((*name).to_owned(), at)),
        parts => Some((parts.join("."), at)),
    }
}

/// The name behind a word.
fn behind(rest: &[&Token], word: &str) -> Option<String> {
    let is_it = |token: &&Token| matches!(token, Token::Word(own) if own.value.eq_ignore_ascii_case(word));
    // BY stands behind INCREMENT, too.
    let at = rest.iter().enumerate().filter(|(_, token)| is_it(token)).map(|(at, _)| at);
    at.filter_map(|at| name(rest.get(at + 1..)?)).map(|(name, _)| name).next_back()
}
