//! Statements that set something else of an object: how it is stored, whether it is switched on, who may use it.

use sqlparser::tokenizer::Token;

use super::phrase::{self, Words, split_at_commas};
use crate::operation::{Change, Kind, ObjectKind, Options, Setting};
use crate::undo::{DEFAULT_NAME, Object};

/// Options of storage that are known by a word of their own; others share one.
const STORAGE: &[&str] = &[
    "fillfactor",
    "autovacuum_enabled",
    "toast_tuple_target",
    "parallel_workers",
    "n_distinct",
    "fastupdate",
    "lock_escalation",
    "security_invoker",
    "security_barrier",
    "check_option",
    "data_compression",
];

/// `None` for a statement that is none of these.
pub(super) fn read(tokens: &[Token]) -> Option<Vec<Kind>> {
    let words = phrase::significant(tokens);
    let reader = Words(&words);
    match (reader.word(0).as_str(), reader.word(1).as_str()) {
        ("ALTER", "TABLE") => {
            let at = table_at(&reader);
            let (table, length) = reader.name(at)?;
            table_setting(&table, &reader.from(at + length))
        }
        ("ALTER", "INDEX") => {
            let (index, length) = reader.name(2)?;
            let rest = reader.from(2 + length);
            let object = Object::index("", &index);
            Some(vec![set(object, storage(&rest).or_else(|| visibility(&rest))?)])
        }
        ("ALTER", "DOMAIN") => {
            let (name, length) = reader.name(2)?;
            let rest = reader.from(2 + length);
            let options = match (rest.word(0).as_str(), rest.word(1).as_str()) {
                ("SET", "DEFAULT") => one("default", Some(rest.text(2))),
                ("DROP", "DEFAULT") => one("default", None),
                ("SET", "NOT") => one("null", Some("not null".to_owned())),
                ("DROP", "NOT") => one("null", None),
                ("ADD" | "DROP" | "VALIDATE" | "RENAME", _) => return None,
                _ => return None,
            };
            Some(vec![set(Object::other(ObjectKind::Type, &name), options)])
        }
        ("ALTER", "FUNCTION" | "PROCEDURE") => {
            let kind =
                if reader.word(1) == "FUNCTION" { ObjectKind::Function } else { ObjectKind::Procedure };
            let (name, length) = reader.name(2)?;
            let rest = reader.from(2 + length).behind_parentheses();
            let options = routine(&rest.words());
            (!options.is_empty()).then(|| vec![set(Object::other(kind, &name), options)])
        }
        ("ALTER", "ROLE" | "USER") => {
            let (name, length) = reader.name(2)?;
            let options = role(&reader.from(2 + length));
            (!options.is_empty()).then(|| vec![set(Object::other(ObjectKind::Role, &name), options)])
        }
        ("ALTER", "EVENT") => {
            let (name, length) = reader.name(2)?;
            let rest = reader.from(2 + length);
            let options = match (rest.word(0).as_str(), rest.word(1).as_str()) {
                ("ON", "SCHEDULE") => one("schedule", Some(schedule(&rest))),
                (state @ ("ENABLE" | "DISABLE"), _) => one("enabled", Some(state.to_lowercase())),
                _ => return None,
            };
            Some(vec![set(Object::other(ObjectKind::Event, &name), options)])
        }
        ("ALTER", "DATABASE") => {
            let rest = reader.from(2);
            let at = (0..rest.0.len()).find(|at| {
                matches!(rest.word(*at).as_str(), "SET" | "CHARACTER" | "COLLATE" | "DEFAULT" | "RESET")
            })?;
            Some(vec![set(Object::other(ObjectKind::Database, "database"), assignment(&rest.from(at)))])
        }
        ("ALTER", "TRIGGER") => {
            let (name, length) = reader.name(2)?;
            let state = reader.word(2 + length);
            matches!(state.as_str(), "ENABLE" | "DISABLE").then(|| vec![enabled(&name, &state)])
        }
        (state @ ("ENABLE" | "DISABLE"), "TRIGGER") => {
            let (name, _) = reader.name(2)?;
            Some(vec![enabled(&name, state)])
        }
        ("ALTER", "VIEW") => {
            let (name, length) = reader.name(2)?;
            let rest = reader.from(2 + length);
            Some(vec![set(Object::other(ObjectKind::View, &name), storage(&rest)?)])
        }
        ("EXEC" | "EXECUTE", "SP_RENAME") => sp_rename(&reader),
        _ => None,
    }
}

/// Where the table's name stands in ALTER TABLE.
pub(super) fn table_at(statement: &Words<'_>) -> usize {
    match (statement.word(2).as_str(), statement.word(3).as_str()) {
        ("IF", "EXISTS") if statement.word(4) == "ONLY" => 5,
        ("IF", "EXISTS") => 4,
        ("ONLY", _) => 3,
        _ => 2,
    }
}

fn table_setting(table: &str, rest: &Words<'_>) -> Option<Vec<Kind>> {
    let on_table = |options| Some(vec![set(Object::table(table), options)]);
    let (first, second, third) = (rest.word(0), rest.word(1), rest.word(2));
    match (first.as_str(), second.as_str(), third.as_str()) {
        ("ALTER", "COLUMN", _) => {
            let (column, length) = rest.name(2)?;
            column_setting(table, &column, &rest.from(2 + length))
        }
        ("ALTER", "INDEX", _) => {
            let (index, length) = rest.name(2)?;
            Some(vec![set(Object::index(table, &index), visibility(&rest.from(2 + length))?)])
        }
        ("ALTER", "CHECK" | "CONSTRAINT", _) => {
            let (name, length) = rest.name(2)?;
            let enforced = match (rest.word(2 + length).as_str(), rest.word(3 + length).as_str()) {
                ("NOT", "ENFORCED") => Some("no".to_owned()),
                ("ENFORCED", _) => None,
                _ => return None,
            };
            Some(vec![set(Object::constraint(table, &name), one("enforced", enforced))])
        }
        ("ALTER", _, "SET" | "RESET") => column_setting(table, &rest.name(1)?.0, &rest.from(2)),
        ("SET" | "RESET", _, _) if rest.0.get(1) == Some(&Token::LParen) => on_table(storage(rest)?),
        ("SET", "LOGGED" | "UNLOGGED", _) => {
            on_table(one("logged", (second == "UNLOGGED").then(|| "no".to_owned())))
        }
        ("SET", "SCHEMA", _) => {
            let bare = table.rsplit('.').next().unwrap_or(table);
            let schema = rest.name(2)?.0;
            let to = if schema == "public" { bare.to_owned() } else { format!("{schema}.{bare}") };
            Some(vec![Kind::RenameTable { from: table.to_owned(), to }])
        }
        ("SET", "TABLESPACE", _) => on_table(one("tablespace", Some(third.to_lowercase()))),
        ("SET", "WITHOUT", "CLUSTER") => on_table(one("cluster", None)),
        ("CLUSTER", "ON", _) => on_table(one("cluster", Some(third.to_lowercase()))),
        ("REPLICA", "IDENTITY", _) => on_table(one("replica identity", Some(rest.text(2)))),
        ("INHERIT", _, _) => on_table(one("inheritance", Some(rest.name(1)?.0))),
        ("NO", "INHERIT", _) => on_table(one("inheritance", None)),
        ("NO", "FORCE", "ROW") => on_table(one("forced row security", None)),
        ("FORCE", "ROW", _) => on_table(one("forced row security", Some("forced".to_owned()))),
        ("ENABLE", "ROW", "LEVEL") => on_table(one("row security", Some("enabled".to_owned()))),
        ("DISABLE", "ROW", "LEVEL") => on_table(one("row security", None)),
        ("ENABLE" | "DISABLE", "TRIGGER", _) => Some(vec![enabled(&rest.name(2)?.0, &first)]),
        ("ENABLE", "ALWAYS" | "REPLICA", "TRIGGER") => Some(vec![enabled(&rest.name(3)?.0, &second)]),
        ("ENABLE" | "DISABLE", _, _) => {
            let at = (1..4).find(|at| rest.word(*at) == "CONSTRAINT")?;
            let (name, _) = rest.name(at + 1)?;
            let not_validated = first == "ENABLE" && second == "NOVALIDATE";
            let mut options = one("enabled", (first == "DISABLE").then(|| "disable".to_owned()));
            let validated = if not_validated || first == "DISABLE" { "no" } else { "yes" };
            options.insert("validated", Setting::Is(validated.to_owned()));
            Some(vec![set(Object::constraint(table, &name), options)])
        }
        ("CHECK" | "NOCHECK", "CONSTRAINT", _) => {
            let disabled = (first == "NOCHECK").then(|| "disable".to_owned());
            let mut options = one("enabled", disabled);
            options.insert("validated", Setting::Is("no".to_owned()));
            Some(vec![set(Object::constraint(table, &rest.name(2)?.0), options)])
        }
        ("WITH", "CHECK", "CHECK") => {
            let mut options = one("enabled", None);
            options.insert("validated", Setting::Is("yes".to_owned()));
            Some(vec![set(Object::constraint(table, &rest.name(4)?.0), options)])
        }
        // Oracle's MODIFY, where the type stays what it is.
        ("MODIFY", _, "DEFAULT" | "NOT" | "NULL") => {
            let change = match third.as_str() {
                "DEFAULT" => {
                    Change { default: Some(super::create::default(&rest.text(3))), ..Change::default() }
                }
                word => Change { nullable: Some(word == "NULL"), ..Change::default() },
            };
            Some(vec![Kind::AlterColumn { table: table.to_owned(), column: rest.name(1)?.0, change }])
        }
        ("RENAME", "CONSTRAINT", _) => {
            let (from, length) = rest.name(2)?;
            let (to, _) = rest.name(3 + length)?;
            let table = Some(table.to_owned());
            Some(vec![Kind::Rename { object: ObjectKind::Constraint, from, to, table }])
        }
        // The rows of a partition go with it.
        ("DROP" | "TRUNCATE", "PARTITION", _) => {
            Some(vec![Kind::Delete { table: table.to_owned(), whole: false }])
        }
        ("REMOVE", "PARTITIONING", _) => on_table(one("partitioning", None)),
        ("PARTITION", "BY", _) => on_table(one("partitioning", Some(rest.text(2)))),
        ("DROP", "SYSTEM", "VERSIONING") => on_table(one("system_versioning", None)),
        ("ADD", "SYSTEM", "VERSIONING") => on_table(one("system_versioning", Some("on".to_owned()))),
        ("ADD", _, _) => {
            let at = (0..5).find(|at| rest.word(*at) == "DEFAULT")?;
            let target = (at..rest.0.len()).find(|at| rest.word(*at) == "FOR")?;
            let (column, _) = rest.name(target + 1)?;
            let value = Words(&rest.0[at + 1..target]).text(0);
            let name = if second == "CONSTRAINT" { Some(rest.name(2)?.0) } else { None };
            let change = Change {
                default: Some(super::create::default(value.trim_matches(['(', ')', ' ']))),
                options: one(DEFAULT_NAME, name),
                ..Change::default()
            };
            Some(vec![Kind::AlterColumn { table: table.to_owned(), column, change }])
        }
        _ => {
            let options = assignment(rest);
            (!options.is_empty()).then(|| vec![set(Object::table(table), options)])
        }
    }
}

fn column_setting(table: &str, column: &str, rest: &Words<'_>) -> Option<Vec<Kind>> {
    let options = match (rest.word(0).as_str(), rest.word(1).as_str()) {
        ("SET", "STATISTICS") => one("statistics target", Some(rest.text(2)).filter(|text| text != "- 1")),
        ("SET", "STORAGE") => one("storage", Some(rest.text(2))),
        ("SET", "COMPRESSION") => one("compression", Some(rest.text(2))),
        ("SET", "GENERATED") => one("identity", Some(rest.text(2))),
        ("SET", "INCREMENT" | "CACHE" | "MAXVALUE" | "MINVALUE" | "CYCLE") => {
            let mut options = Options::new();
            for (option, value) in crate::undo::sequence_options(&rest.text(1)) {
                options
                    .insert(option, value.map_or(Setting::Unknown, |value| Setting::Is(value.into_owned())));
            }
            options
        }
        ("SET" | "RESET", _) if rest.0.get(1) == Some(&Token::LParen) => storage(rest)?,
        ("DROP", "EXPRESSION") => one("generated", Some("no".to_owned())),
        _ => return None,
    };
    Some(vec![set(Object::column(table, column), options)])
}

/// `SET (fillfactor = 70, …)` and `RESET (…)`.
pub(super) fn storage(rest: &Words<'_>) -> Option<Options> {
    let sets = match rest.word(0).as_str() {
        "SET" => true,
        "RESET" => false,
        _ => return None,
    };
    let Some(([Token::LParen, inner @ ..], [.., Token::RParen])) = rest.0.get(1..).map(|rest| (rest, rest))
    else {
        return None;
    };
    let mut options = Options::new();
    for part in split_at_commas(&inner[..inner.len() - 1]) {
        let part = Words(part);
        let key = part.word(0).to_lowercase();
        // A table of its own hangs on it, which comes and stays.
        if key == "system_versioning" {
            return None;
        }
        let option = STORAGE.iter().copied().find(|own| *own == key).unwrap_or("storage");
        let value = if option == "storage" { part.text(0) } else { part.text(2) };
        options.insert(option, if sets && value != "off" { Setting::Is(value) } else { Setting::None });
    }
    Some(options)
}

fn visibility(rest: &Words<'_>) -> Option<Options> {
    match (rest.word(0).as_str(), rest.word(1).as_str()) {
        ("VISIBLE", _) | ("NOT", "IGNORED") => Some(one("visibility", None)),
        (word @ ("INVISIBLE" | "IGNORED"), _) => Some(one("visibility", Some(word.to_lowercase()))),
        _ => None,
    }
}

/// MySQL's `ENGINE = …, COMMENT = '…'`, and what databases are set to.
fn assignment(rest: &Words<'_>) -> Options {
    let mut options = Options::new();
    for part in split_at_commas(rest.0) {
        let part = Words(part);
        let mut at = usize::from(matches!(part.word(0).as_str(), "DEFAULT" | "SET" | "CONVERT"));
        let (option, length) = match (part.word(at).as_str(), part.word(at + 1).as_str()) {
            ("ENGINE", _) => ("engine", 1),
            ("ROW_FORMAT", _) => ("row format", 1),
            ("COMMENT", _) => ("comment", 1),
            ("CHARACTER", "SET") => ("character set", 2),
            ("TO", "CHARACTER") => ("character set", 3),
            ("CHARSET", _) => ("character set", 1),
            ("COLLATE", _) => ("collation", 1),
            ("KEY_BLOCK_SIZE", _) => ("key block size", 1),
            _ => continue,
        };
        at += length;
        let value = Words(&part.0[at.min(part.0.len())..]).text(0);
        let value = value.trim_start_matches(['=', ' ']).to_owned();
        options.insert(option, if value == "''" { Setting::None } else { Setting::Is(value) });
    }
    options
}

/// How a function may be called.
pub(super) fn routine(words: &[String]) -> Options {
    let mut options = Options::new();
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", String::as_str);
        let (option, value) = match (word.as_str(), next) {
            ("IMMUTABLE" | "STABLE", _) => ("volatility", Some(word.to_lowercase())),
            ("VOLATILE", _) => ("volatility", None),
            ("STRICT", _) => ("null input", Some("strict".to_owned())),
            ("CALLED", "ON") => ("null input", None),
            ("SECURITY", "DEFINER") => ("security", Some("definer".to_owned())),
            ("SECURITY", "INVOKER") => ("security", None),
            ("LEAKPROOF", _) => ("leakproof", Some("yes".to_owned())),
            ("PARALLEL", _) => ("parallel", Some(next.to_lowercase()).filter(|word| word != "unsafe")),
            _ => continue,
        };
        options.insert(option, value.map_or(Setting::None, Setting::Is));
    }
    options
}

pub(super) fn role(rest: &Words<'_>) -> Options {
    let mut options = Options::new();
    if matches!(rest.word(0).as_str(), "SET" | "RESET") {
        let option = match rest.word(1).as_str() {
            "SEARCH_PATH" => "search path",
            "STATEMENT_TIMEOUT" => "statement timeout",
            _ => "settings",
        };
        let value = if rest.word(0) == "SET" { Setting::Is(rest.text(3)) } else { Setting::None };
        options.insert(option, value);
        return options;
    }
    let words = rest.words();
    for (at, word) in words.iter().enumerate() {
        let (option, value) = match word.as_str() {
            "LOGIN" | "NOLOGIN" => ("login", word == "LOGIN"),
            "CREATEDB" | "NOCREATEDB" => ("createdb", word == "CREATEDB"),
            "CREATEROLE" | "NOCREATEROLE" => ("createrole", word == "CREATEROLE"),
            "SUPERUSER" | "NOSUPERUSER" => ("superuser", word == "SUPERUSER"),
            "INHERIT" | "NOINHERIT" => ("inherit", word == "INHERIT"),
            "CONNECTION" if words.get(at + 1).is_some_and(|word| word == "LIMIT") => {
                let limit: String = words[at + 2..].iter().take(2).cloned().collect();
                let limit = if limit.starts_with('-') { Setting::None } else { Setting::Is(limit) };
                options.insert("connection limit", limit);
                continue;
            }
            _ => continue,
        };
        options.insert(option, Setting::Is(if value { "yes" } else { "no" }.to_owned()));
    }
    options
}

pub(super) fn schedule(rest: &Words<'_>) -> String {
    let end = (2..rest.0.len())
        .find(|at| matches!(rest.word(*at).as_str(), "DO" | "ENABLE" | "DISABLE" | "COMMENT"));
    Words(&rest.0[2.min(rest.0.len())..end.unwrap_or(rest.0.len())]).text(0)
}

fn sp_rename(reader: &Words<'_>) -> Option<Vec<Kind>> {
    let texts: Vec<&String> = reader
        .0
        .iter()
        .filter_map(|token| match token {
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => Some(text),
            _ => None,
        })
        .collect();
    let bare = |text: &str| text.replace(['[', ']'], "").trim_start_matches("dbo.").to_owned();
    let (from, to) = (bare(texts.first()?), bare(texts.get(1)?));
    match texts.get(2).map(|kind| kind.to_uppercase()).as_deref() {
        Some("COLUMN") => {
            let (table, column) = from.rsplit_once('.')?;
            let change = Change { name: Some(to), ..Change::default() };
            Some(vec![Kind::AlterColumn { table: table.to_owned(), column: column.to_owned(), change }])
        }
        Some("INDEX") => {
            let (table, index) = from.rsplit_once('.')?;
            let (from, table) = (index.to_owned(), Some(table.to_owned()));
            Some(vec![Kind::Rename { object: ObjectKind::Index, from, to, table }])
        }
        // What it is that has that name is not said.
        Some(_) => None,
        None => Some(vec![Kind::RenameTable { from, to }]),
    }
}

fn enabled(trigger: &str, state: &str) -> Kind {
    let value = Some(state.to_lowercase()).filter(|state| state != "enable");
    set(Object::other(ObjectKind::Trigger, trigger), one("enabled", value))
}

fn set(object: Object, options: Options) -> Kind {
    Kind::Set { object, options }
}

fn one(option: &'static str, value: Option<String>) -> Options {
    Options::from([(option, value.map_or(Setting::None, Setting::Is))])
}
