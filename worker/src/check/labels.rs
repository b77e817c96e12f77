//! The words that text columns take where only Python knows them: a SQLAlchemy `Enum` without a CHECK.
//!
//! To the database the column is plain text. A program never writes another word into it, and one that reads another
//! word fails, so rows with other words would accuse migrations that are right. Seeding obeys these words as if the
//! column had a CHECK; comparing catalogs never sees them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sqlparser::tokenizer::{Token, Tokenizer};

use crate::database::Dialect;
use crate::database::catalog::{Catalog, Check, Column, Family, Table, TableName};
use crate::host::{Declared, Fact, Statement};

/// A column of a table.
type Place = (TableName, String);

/// Columns and their words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(BTreeMap<Place, Known>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    labels: Vec<String>,
    /// The column's type when its words were declared; empty while it is not known.
    native: String,
}

impl Labels {
    /// What holds after a step's statements, which declared what they did; `catalog` is read after the step.
    pub(crate) fn after(
        &self,
        statements: &[Statement],
        declared: &[Declared],
        catalog: &Catalog,
        dialect: &dyn Dialect,
    ) -> Self {
        let mut known = self.0.clone();
        let mut facts = declared.iter().peekable();
        for (number, statement) in statements.iter().enumerate() {
            while let Some(declared) = facts.next_if(|declared| declared.statement <= number) {
                apply(&mut known, &declared.fact);
            }
            if let Some(rename) = rename(&statement.sql, dialect) {
                move_names(&mut known, &rename, dialect);
            }
        }
        facts.for_each(|declared| apply(&mut known, &declared.fact));
        Self(known).settled(catalog, dialect)
    }

    /// Only what still is a text column of that type, under the names that the catalog has.
    fn settled(self, catalog: &Catalog, dialect: &dyn Dialect) -> Self {
        let settled = self.0.into_iter().filter_map(|((table, column), known)| {
            let table =
                named(catalog.tables.keys(), &table, |name| (name.schema.clone(), dialect.fold(&name.name)))?;
            let columns = &catalog.tables.get(table)?.columns;
            let column =
                named(columns.iter().map(|column| &column.name), &column, |name| dialect.fold(name))?;
            let ty = &columns.iter().find(|other| other.name == *column)?.ty;
            // A column whose type was changed by a statement that says no words takes any.
            let same = known.native.is_empty() || known.native == ty.native;
            let fits = same && matches!(ty.family, Family::Text { .. });
            fits.then(|| ((table.clone(), column.clone()), Known { native: ty.native.clone(), ..known }))
        });
        Self(settled.collect())
    }

    /// The catalog as seeding is to see it: with a condition for each column whose words are known.
    pub(crate) fn assumed_in<'c>(&self, catalog: &'c Catalog, dialect: &dyn Dialect) -> Cow<'c, Catalog> {
        if self.0.is_empty() {
            return Cow::Borrowed(catalog);
        }
        // Seeding reads tables alone.
        let mut assumed = Catalog { tables: catalog.tables.clone(), ..Catalog::default() };
        for ((name, column), known) in &self.0 {
            let Some(table) = assumed.tables.get_mut(name) else { continue };
            if !is_text(table, column) {
                continue;
            }
            let labels: Vec<String> = known.labels.iter().map(|label| dialect.literal(label)).collect();
            table.checks.push(Check {
                name: None,
                condition: format!("{} IN ({})", dialect.exact(column), labels.join(", ")),
                columns: vec![column.clone()],
            });
        }
        Cow::Owned(assumed)
    }

    /// Whether the words of a column are known.
    pub(crate) fn knows(&self, table: &TableName, column: &str) -> bool {
        self.0.contains_key(&(table.clone(), column.to_owned()))
    }

    /// Takes the words by which a model reads the column, unless the chain's own go together with them.
    fn read_by(&mut self, place: &Place, labels: &[String]) {
        let known = self.0.entry(place.clone()).or_default();
        if !known.labels.iter().any(|label| labels.contains(label)) {
            known.labels = labels.to_vec();
        }
    }
}

/// What is known on either side of a revision. Only grows: a column's words, once learnt from a model, stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sides {
    /// At S0.
    pub(crate) before: Labels,
    /// At S1.
    pub(crate) after: Labels,
    learnt: BTreeMap<(bool, Place), Vec<String>>,
}

impl Sides {
    pub(crate) fn new(before: &Labels, after: &Labels) -> Self {
        Self { before: before.clone(), after: after.clone(), learnt: BTreeMap::new() }
    }

    /// Learns from the models by which a step read tables: the words that it found at first are those of the side
    /// that it came from, those that it found last are those of the side that it went to.
    pub(crate) fn learn(
        &mut self,
        is_upgrade: bool,
        statements: &[Statement],
        declared: &[Declared],
        catalogs: [&Catalog; 2],
        dialect: &dyn Dialect,
    ) {
        let read: Vec<(&Declared, Place, &Vec<String>)> = declared
            .iter()
            .filter_map(|declared| match &declared.fact {
                Fact::Labels { schema, table, column, labels: Some(labels), made: false } => {
                    Some((declared, place(schema.as_deref(), table, column), labels))
                }
                _ => None,
            })
            .collect();
        for (declared, place, labels) in &read {
            // Once the step has written to the table, what it reads is its own.
            let earlier = statements.get(..declared.statement).unwrap_or_default();
            if !earlier.iter().any(|statement| writes(&statement.sql, &place.0.name, dialect)) {
                self.take(is_upgrade, place, labels, catalogs);
            }
        }
        for (_, place, labels) in read.iter().rev() {
            self.take(!is_upgrade, place, labels, catalogs);
        }
    }

    fn take(&mut self, before: bool, place: &Place, labels: &[String], catalogs: [&Catalog; 2]) {
        let [s0, s1] = catalogs;
        let table = if before { s0 } else { s1 }.tables.get(&place.0);
        if !table.is_some_and(|table| is_text(table, &place.1)) {
            return;
        }
        if let std::collections::btree_map::Entry::Vacant(new) = self.learnt.entry((before, place.clone())) {
            new.insert(labels.to_vec());
            if before { &mut self.before } else { &mut self.after }.read_by(place, labels);
        }
    }
}

fn is_text(table: &Table, column: &str) -> bool {
    let text = |other: &Column| other.name == column && matches!(other.ty.family, Family::Text { .. });
    table.columns.iter().any(text)
}

fn place(schema: Option<&str>, table: &str, column: &str) -> Place {
    (TableName { schema: schema.map(str::to_owned), name: table.to_owned() }, column.to_owned())
}

/// The one that is called so, or else the one that would be but for the case of its letters.
fn named<'n, T: PartialEq, K: PartialEq>(
    names: impl Iterator<Item = &'n T> + Clone,
    wanted: &T,
    folded: impl Fn(&T) -> K,
) -> Option<&'n T> {
    names
        .clone()
        .find(|name| *name == wanted)
        .or_else(|| names.clone().find(|name| folded(name) == folded(wanted)))
}

fn apply(known: &mut BTreeMap<Place, Known>, fact: &Fact) {
    match fact {
        Fact::Created { schema, table } => {
            known.retain(|(name, _), _| name.schema != *schema || name.name != *table);
        }
        Fact::Renamed { schema, table, from, to } => {
            if let Some(labels) = known.remove(&place(schema.as_deref(), table, from)) {
                known.insert(place(schema.as_deref(), table, to), labels);
            }
        }
        Fact::Labels { schema, table, column, labels, made: true } => {
            let place = place(schema.as_deref(), table, column);
            match labels {
                Some(labels) => {
                    known.insert(place, Known { labels: labels.clone(), native: String::new() });
                }
                None => {
                    known.remove(&place);
                }
            }
        }
        Fact::Labels { made: false, .. } => {}
    }
}

/// An `ALTER TABLE ... RENAME`.
struct Rename {
    schema: Option<String>,
    table: String,
    /// The column; else the table itself.
    column: Option<String>,
    to: String,
}

fn words(sql: &str, dialect: &dyn Dialect) -> Vec<Token> {
    let tokens = Tokenizer::new(dialect.sql(), sql).tokenize().unwrap_or_default();
    tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect()
}

/// `EXEC sp_rename 'dbo.t.old', new, 'COLUMN'`, and without the last one a table's.
fn renamed_by_procedure(sql: &str, dialect: &dyn Dialect) -> Option<Rename> {
    if !sql.to_ascii_lowercase().contains("sp_rename") {
        return None;
    }
    let tokens = words(sql, dialect);
    let at = tokens.iter().position(
        |token| matches!(token, Token::Word(word) if word.value.eq_ignore_ascii_case("sp_rename")),
    )?;
    let text = |at: usize| match tokens.get(at) {
        Some(Token::SingleQuotedString(text) | Token::NationalStringLiteral(text)) => Some(text.clone()),
        Some(Token::Word(word)) => Some(word.value.clone()),
        Some(Token::DoubleQuotedString(text)) => Some(text.clone()),
        _ => None,
    };
    let (object, to) = (text(at + 1)?, text(at + 3)?);
    let bare = |part: &str| part.trim_matches(['[', ']', '"']).to_owned();
    let mut parts: Vec<String> = object.split('.').map(bare).collect();
    let of_column = match text(at + 5) {
        Some(kind) if kind.eq_ignore_ascii_case("COLUMN") => true,
        Some(kind) if !kind.eq_ignore_ascii_case("OBJECT") => return None,
        _ => false,
    };
    let column = if of_column { Some(parts.pop()?) } else { None };
    let table = parts.pop()?;
    let schema = parts.pop().filter(|schema| !schema.eq_ignore_ascii_case("dbo"));
    Some(Rename { schema, table, column, to })
}

fn rename(sql: &str, dialect: &dyn Dialect) -> Option<Rename> {
    if dialect.logins_are_apart() {
        return renamed_by_procedure(sql, dialect);
    }
    let start = sql.trim_start().get(..5)?;
    if !start.eq_ignore_ascii_case("ALTER") || !sql.to_ascii_uppercase().contains("RENAME") {
        return None;
    }
    let tokens = words(sql, dialect);
    let is = |at: usize, word: &str| matches!(tokens.get(at), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word));
    let name = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => Some(word.value.clone()),
        Some(Token::DoubleQuotedString(text)) => Some(text.clone()),
        _ => None,
    };
    if !is(1, "TABLE") {
        return None;
    }
    let mut at = 2;
    if is(at, "IF") {
        at += 2;
    }
    if is(at, "ONLY") {
        at += 1;
    }
    let mut table = name(at)?;
    let mut schema = None;
    at += 1;
    if tokens.get(at) == Some(&Token::Period) {
        schema = Some(std::mem::replace(&mut table, name(at + 1)?));
        at += 2;
    }
    if !is(at, "RENAME") {
        return None;
    }
    at += 1;
    if is(at, "TO") {
        return Some(Rename { schema, table, column: None, to: name(at + 1)? });
    }
    if is(at, "COLUMN") {
        at += 1;
    }
    let column = Some(name(at)?);
    is(at + 1, "TO").then_some(())?;
    Some(Rename { schema, table, column, to: name(at + 2)? })
}

fn move_names(known: &mut BTreeMap<Place, Known>, rename: &Rename, dialect: &dyn Dialect) {
    let same = |one: &str, other: &str| dialect.fold(one) == dialect.fold(other);
    let moved: Vec<Place> = known
        .keys()
        .filter(|(table, column)| {
            table.schema == rename.schema
                && same(&table.name, &rename.table)
                && rename.column.as_ref().is_none_or(|renamed| same(column, renamed))
        })
        .cloned()
        .collect();
    for old in moved {
        let Some(labels) = known.remove(&old) else { continue };
        let (mut table, mut column) = old;
        match rename.column {
            Some(_) => column.clone_from(&rename.to),
            None => table.name.clone_from(&rename.to),
        }
        known.insert((table, column), labels);
    }
}

/// Whether a statement changes the values of a table, or could.
fn writes(sql: &str, table: &str, dialect: &dyn Dialect) -> bool {
    let tokens = words(sql, dialect);
    let word = |token: &Token| match token {
        Token::Word(word) => word.value.clone(),
        Token::DoubleQuotedString(text) => text.clone(),
        _ => String::new(),
    };
    let named = |token: &Token| dialect.fold(&word(token)) == dialect.fold(table);
    match tokens.first().map(word).unwrap_or_default().to_ascii_uppercase().as_str() {
        // The target stands at the beginning; what is read stands behind it.
        "UPDATE" | "INSERT" | "REPLACE" | "MERGE" => tokens.iter().take(6).any(named),
        "ALTER" => {
            tokens.iter().any(named) && tokens.iter().any(|token| word(token).eq_ignore_ascii_case("USING"))
        }
        "SELECT" | "DELETE" | "CREATE" | "DROP" | "PRAGMA" | "COMMENT" | "SET" => false,
        _ => tokens.iter().any(named),
    }
}

#[cfg(test)]
mod tests;
