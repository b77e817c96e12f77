//! Which tables a revision can touch, read from the statements that it sent.
//!
//! Errs on the side of more: a word that happens to be a table's name costs a few rows, a table that is missed
//! costs a proof. So this looks at tokens, not at grammar, and follows views, functions and triggers by name.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::tokenizer::{Token, Tokenizer};

use crate::database::Dialect;
use crate::database::catalog::{Catalog, ObjectKind, TableName};
use crate::host::Statement;

/// What a list of statements can touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Tables that are named, directly or by way of a view, function or trigger.
    pub(crate) tables: BTreeSet<TableName>,
    /// Something cannot be seen through (a DO block, dynamic SQL), so every table may be touched.
    pub(crate) everything: bool,
    /// Rows can be deleted or keys changed, so tables that merely refer to a touched one matter as well.
    pub(crate) moves_rows: bool,
    /// Something outside of the database is written (a role, a tablespace, a server setting); the first words.
    pub(crate) server_wide: Option<String>,
}

/// Reads what `statements` can touch among the tables of `catalogs`.
pub(crate) fn touched<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    catalogs: &[&Catalog],
    dialect: &dyn Dialect,
    version_table: &str,
) -> Touched {
    let names = Names::new(catalogs, dialect);
    let mut seen = Seen::default();
    for statement in statements {
        if statement.line.is_none() && names.is_bookkeeping(&statement.sql, version_table) {
            continue;
        }
        names.read(&statement.sql, &mut seen, 0);
        for parameter in &statement.parameters {
            names.word(parameter, &mut seen, 0);
        }
    }
    names.follow_triggers(&mut seen);
    let Seen { mut touched, .. } = seen;
    let version_table = dialect.fold(version_table);
    touched.tables.retain(|table| table.name != version_table);
    touched
}

/// Adds the tables whose rows hang on the rows of `tables`: those that refer to them.
pub(crate) fn with_children(
    tables: &BTreeSet<TableName>,
    catalog: &Catalog,
    moves_rows: bool,
) -> BTreeSet<TableName> {
    // One generation is enough: a grandchild loses rows only when the child did, and the child is watched.
    let children = catalog.tables.iter().filter(|(_, table)| {
        table
            .foreign_keys
            .iter()
            .any(|key| tables.contains(&key.parent) && (moves_rows || key.acts_on_delete))
    });
    tables.iter().cloned().chain(children.map(|(name, _)| name.clone())).collect()
}

#[derive(Default)]
struct Seen {
    touched: Touched,
    /// Names of code already followed.
    code: BTreeSet<String>,
}

struct Names<'a> {
    tables: BTreeMap<String, Vec<&'a TableName>>,
    code: BTreeMap<String, Vec<&'a crate::database::catalog::Code>>,
    dialect: &'a dyn Dialect,
}

/// How deep code may call code before we give up and take everything.
const DEEPEST: u32 = 16;

impl<'a> Names<'a> {
    fn new(catalogs: &[&'a Catalog], dialect: &'a dyn Dialect) -> Self {
        let mut tables: BTreeMap<String, Vec<&TableName>> = BTreeMap::new();
        let mut code: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for catalog in catalogs {
            for table in catalog.tables.keys() {
                let known = tables.entry(dialect.fold(&table.name)).or_default();
                if !known.contains(&table) {
                    known.push(table);
                }
            }
            for piece in &catalog.code {
                code.entry(dialect.fold(&piece.name)).or_default().push(piece);
            }
        }
        Self { tables, code, dialect }
    }

    /// A statement of Alembic's own on its version table.
    fn is_bookkeeping(&self, sql: &str, version_table: &str) -> bool {
        let mut words = sql.split_whitespace();
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        matches!(first.as_str(), "INSERT" | "UPDATE" | "DELETE" | "SELECT" | "CREATE")
            && words.take(5).any(|word| {
                word.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')
                    .rsplit('.')
                    .next()
                    .is_some_and(|name| self.dialect.fold(name) == self.dialect.fold(version_table))
                    || word.starts_with(&format!("{version_table}."))
            })
    }

    fn read(&self, sql: &str, seen: &mut Seen, depth: u32) {
        if depth > DEEPEST {
            seen.touched.everything = true;
            return;
        }
        let Ok(tokens) = Tokenizer::new(self.dialect.sql(), sql).with_unescape(true).tokenize() else {
            seen.touched.everything = true;
            return;
        };
        let tokens: Vec<Token> =
            tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
        self.statement_head(&tokens, seen);
        for token in &tokens {
            match token {
                Token::Word(word) => self.word(&word.value, seen, depth),
                Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
                    self.word(text, seen, depth);
                }
                Token::DoubleQuotedString(text) => self.word(text, seen, depth),
                Token::DollarQuotedString(text) => self.read(&text.value, seen, depth + 1),
                _ => {}
            }
        }
    }

    /// What the first words of a statement, and of each statement inside of a body, give away.
    fn statement_head(&self, tokens: &[Token], seen: &mut Seen) {
        let words: Vec<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
                Token::SemiColon => ";".to_owned(),
                _ => String::new(),
            })
            .collect();
        for (at, word) in words.iter().enumerate() {
            let starts = at == 0 || matches!(words[at - 1].as_str(), ";" | "BEGIN" | "THEN" | "ELSE" | "LOOP" | "AS");
            let next = words.get(at + 1).map_or("", String::as_str);
            match word.as_str() {
                "DELETE" | "TRUNCATE" | "UPDATE" | "MERGE" | "REPLACE" => seen.touched.moves_rows = true,
                "DROP" if next == "TABLE" => seen.touched.moves_rows = true,
                "DO" | "CALL" if starts => seen.touched.everything = true,
                // EXECUTE FUNCTION in CREATE TRIGGER names its function; EXECUTE elsewhere runs text.
                "EXECUTE" if !matches!(next, "FUNCTION" | "PROCEDURE") => seen.touched.everything = true,
                "CREATE" | "ALTER" | "DROP" if starts && is_server_wide(next) => {
                    seen.touched.server_wide.get_or_insert_with(|| format!("{word} {next}"));
                }
                _ => {}
            }
        }
    }

    fn word(&self, text: &str, seen: &mut Seen, depth: u32) {
        // `schema.table` in a string or parameter, as `regclass` and reflection have it.
        let text = text.rsplit('.').next().unwrap_or(text).trim_matches('"');
        if text.len() > 256 {
            return;
        }
        let folded = self.dialect.fold(text);
        for table in self.tables.get(&folded).into_iter().flatten() {
            seen.touched.tables.insert((*table).clone());
        }
        for quoted in self.tables.get(text).into_iter().flatten() {
            seen.touched.tables.insert((*quoted).clone());
        }
        if let Some(pieces) = self.code.get(&folded)
            && seen.code.insert(folded.clone())
        {
            for piece in pieces {
                self.read(&piece.body, seen, depth + 1);
            }
        }
    }

    /// A touched table fires its triggers, and those touch further tables, until nothing new is found.
    fn follow_triggers(&self, seen: &mut Seen) {
        loop {
            let before = seen.touched.tables.len();
            for piece in self.code.values().flatten() {
                let fires = piece.kind == ObjectKind::Trigger
                    && piece.table.as_ref().is_some_and(|table| seen.touched.tables.contains(table));
                if fires && seen.code.insert(format!("trigger {:?} {}", piece.table, piece.name)) {
                    let (everything, moves) = (seen.touched.everything, seen.touched.moves_rows);
                    self.read(&piece.body, seen, 1);
                    // A trigger's own dynamic SQL is part of the table's normal life.
                    seen.touched.everything = everything;
                    seen.touched.moves_rows = moves;
                }
            }
            if seen.touched.tables.len() == before {
                return;
            }
        }
    }
}

/// Kinds of objects that all databases of a server share.
fn is_server_wide(noun: &str) -> bool {
    matches!(noun, "ROLE" | "USER" | "GROUP" | "TABLESPACE" | "SYSTEM" | "LOGIN" | "SERVER")
}
