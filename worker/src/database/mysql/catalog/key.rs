//! The keys in the text of a table, foreign ones included.

use super::expression::{Expression, expression};
use super::text::{Cursor, Kind, Token, items, joined};

/// Sorts of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Primary,
    Unique,
    Plain,
    FullText,
    Spatial,
    /// MariaDB's, for vectors.
    Vector,
}

/// A key, as the text of its table says it.
#[derive(Debug)]
pub(super) struct KeyText {
    pub(super) kind: KeyKind,
    /// Empty for the primary key.
    pub(super) name: String,
    pub(super) parts: Vec<Part>,
    /// `BTREE` or `HASH`, where the text says it.
    pub(super) using: Option<String>,
    pub(super) parser: Option<String>,
    pub(super) comment: Option<String>,
    /// Optimizers look past it: MySQL's INVISIBLE, MariaDB's IGNORED.
    pub(super) ignored: bool,
    /// The period of which the key says that it does not overlap.
    pub(super) without_overlaps: Option<String>,
    /// All other options, as they are printed.
    pub(super) options: Option<String>,
}

/// What a key is over.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) over: Over,
    /// How many characters count.
    pub(super) prefix: Option<String>,
    pub(super) descending: bool,
}

/// A column or an expression.
#[derive(Debug)]
pub(super) enum Over {
    Column(String),
    Expression(Expression),
}

/// A foreign key, as the text of its table says it.
#[derive(Debug)]
pub(super) struct ForeignKeyText {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    /// The parent's database, where it is another one.
    pub(super) database: Option<String>,
    pub(super) parent: String,
    pub(super) parent_columns: Vec<String>,
    /// What is done beside refusing.
    pub(super) on_delete: Option<String>,
    pub(super) on_update: Option<String>,
}

/// Reads an item of a table's text, if it is a key that is not foreign.
pub(super) fn read(tokens: &[Token<'_>], table: &str) -> Option<KeyText> {
    let mut cursor = Cursor::new(tokens);
    let kind = if cursor.eat(&["PRIMARY"]) {
        KeyKind::Primary
    } else if cursor.eat(&["UNIQUE"]) {
        KeyKind::Unique
    } else if cursor.eat(&["FULLTEXT"]) {
        KeyKind::FullText
    } else if cursor.eat(&["SPATIAL"]) {
        KeyKind::Spatial
    } else if cursor.eat(&["VECTOR"]) {
        KeyKind::Vector
    } else {
        KeyKind::Plain
    };
    if !cursor.eat(&["KEY"]) && !cursor.eat(&["INDEX"]) {
        return None;
    }
    let name = match cursor.peek()? {
        token if token.kind == Kind::Name => cursor.name()?,
        _ => String::new(),
    };
    let mut key = KeyText {
        kind,
        name,
        parts: Vec::new(),
        using: None,
        parser: None,
        comment: None,
        ignored: false,
        without_overlaps: None,
        options: None,
    };
    for item in items(cursor.group()?) {
        part(item, table, &mut key);
    }
    let mut options = Vec::new();
    while let Some(token) = cursor.peek() {
        if cursor.eat(&["USING"]) {
            key.using = cursor.name().map(|name| name.to_ascii_lowercase());
        } else if cursor.eat(&["WITH", "PARSER"]) {
            key.parser = cursor.name();
        } else if cursor.eat(&["COMMENT"]) {
            key.comment = cursor.next().map(Token::text);
        } else if cursor.eat(&["INVISIBLE"]) || cursor.eat(&["IGNORED"]) {
            key.ignored = true;
        } else {
            options.push(*token);
            cursor.next();
        }
    }
    key.options = (!options.is_empty()).then(|| joined(&options));
    Some(key)
}

fn part(tokens: &[Token<'_>], table: &str, key: &mut KeyText) {
    let mut cursor = Cursor::new(tokens);
    if let Some(inner) = cursor.group() {
        let over = Over::Expression(expression(inner, table));
        let descending = cursor.eat(&["DESC"]);
        key.parts.push(Part { over, prefix: None, descending });
        return;
    }
    let Some(name) = cursor.name() else { return };
    if cursor.eat(&["WITHOUT", "OVERLAPS"]) {
        key.without_overlaps = Some(name);
        return;
    }
    let prefix = cursor.group().map(joined);
    key.parts.push(Part { over: Over::Column(name), prefix, descending: cursor.eat(&["DESC"]) });
}

/// Reads what follows `CONSTRAINT … FOREIGN KEY`.
pub(super) fn foreign(name: Option<String>, mut cursor: Cursor<'_, '_>) -> Option<ForeignKeyText> {
    let columns = names(cursor.group()?);
    if !cursor.eat(&["REFERENCES"]) {
        return None;
    }
    let mut parent = cursor.name()?;
    let mut database = None;
    if cursor.eat_symbol(".") {
        database = Some(parent);
        parent = cursor.name()?;
    }
    let parent_columns = names(cursor.group()?);
    let mut key =
        ForeignKeyText { name, columns, database, parent, parent_columns, on_delete: None, on_update: None };
    while cursor.peek().is_some() {
        if cursor.eat(&["ON", "DELETE"]) {
            key.on_delete = action(&mut cursor);
        } else if cursor.eat(&["ON", "UPDATE"]) {
            key.on_update = action(&mut cursor);
        } else {
            cursor.next();
        }
    }
    Some(key)
}

/// Both servers refuse at once, whether they are told to or not: RESTRICT and NO ACTION are two words for it.
fn action(cursor: &mut Cursor<'_, '_>) -> Option<String> {
    let said = joined(cursor.until(&["ON"])).to_ascii_lowercase();
    (said != "restrict" && said != "no action").then_some(said)
}

fn names(tokens: &[Token<'_>]) -> Vec<String> {
    items(tokens).iter().filter_map(|item| item.first().map(Token::name)).collect()
}

impl KeyText {
    /// The columns, where it is over columns as they are, and nothing else.
    pub(super) fn plain_columns(&self) -> Option<Vec<&str>> {
        let column = |part: &Part| part.prefix.is_none();
        let all = self.parts.iter().all(column) && self.without_overlaps.is_none();
        let columns: Option<Vec<&str>> = self.parts.iter().map(Part::column).collect();
        columns.filter(|_| all)
    }

    /// The parts as people write them, with what is not the default.
    pub(super) fn shown(&self) -> String {
        let overlaps = self.without_overlaps.as_ref().map(|period| format!("{period} without overlaps"));
        let parts = self.parts.iter().map(|part| {
            let over = match &part.over {
                Over::Column(name) => name.clone(),
                Over::Expression(expression) => format!("({})", expression.shown),
            };
            let prefix = part.prefix.as_ref().map(|n| format!("({n})")).unwrap_or_default();
            format!("{over}{prefix}{}", if part.descending { " desc" } else { "" })
        });
        parts.chain(overlaps).collect::<Vec<_>>().join(", ")
    }
}

impl Part {
    /// The column, if it is over one.
    pub(super) fn column(&self) -> Option<&str> {
        match &self.over {
            Over::Column(name) => Some(name),
            Over::Expression(_) => None,
        }
    }
}
