//! Columns whose values only the application knows how to write.
//!
//! A migration that parses text, or looks a code up in a table of its own, is right when it knows every value that the
//! application writes. The database does not say which those are, so a value of ours that it cannot read proves
//! nothing.
//!
//! The same goes for whole numbers: `{1: "new", 2: "old"}[row.status]` over a plain INTEGER raises for our 37, and no
//! schema says that there never is a 37. It is a warning as well; a CHECK, or rows of the user's own, settle it.

use std::collections::BTreeSet;

use sqlparser::tokenizer::{Token, Tokenizer};

use crate::check::evidence;
use crate::check::labels::{Labels, Sides};
use crate::check::pristine::Pristine;
use crate::check::slot::TargetContext;
use crate::check::trial::{Failed, Problem, Step, Trial};
use crate::database::Dialect;
use crate::database::catalog::{Catalog, Column, Family, Table, TableName};
use crate::host::{Failure, Raised, Statement};
use crate::seed::SeededRow;

/// A column that a step read and nothing describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) table: TableName,
    column: String,
    what: &'static str,
}

impl Unknown {
    /// It was there before the upgrade.
    pub(crate) fn is_older(&self, pristine: &Pristine) -> bool {
        let table = pristine.before.catalog.tables.get(&self.table);
        table.is_some_and(|table| table.columns.iter().any(|column| column.name == self.column))
    }
}

/// How many columns a sentence names.
const NAMED: usize = 6;

/// What the finding depends on, as the report says it.
pub(crate) fn sentences(columns: &[Unknown]) -> Vec<String> {
    let sorts: BTreeSet<&str> = columns.iter().map(|column| column.what).collect();
    let sentence = |sort: &str| {
        let names: Vec<String> = columns
            .iter()
            .filter(|column| column.what == sort)
            .map(|column| format!("{}.{}", column.table, column.column))
            .collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("{sort} in {names}{more} whose shape mrt cannot know; give rows of your own under `seeds`")
    };
    sorts.into_iter().map(sentence).collect()
}

/// The columns that could have made a step fail by their values; none where the failure is not of that nature.
pub(crate) fn columns(
    target: &TargetContext,
    pristine: &Pristine,
    sides: &Sides,
    trial: &Trial,
    failed: &Failed,
) -> Vec<Unknown> {
    let Problem::Failed(Failure::Raised(raised)) = &failed.problem else { return Vec::new() };
    // An upgrade that refuses values on purpose is a guard, whatever it raises. A downgrade that refuses is no way back.
    let about_value = if raised.on_purpose {
        failed.step != Step::Downgrade
    } else if raised.from_database {
        target.engine.dialect().is_about_text(raised.code.as_deref(), &raised.message)
    } else {
        raised.about_value
    };
    if !about_value {
        return Vec::new();
    }
    let (catalog, labels) = match failed.step {
        Step::Upgrade | Step::Again => (&*pristine.before.catalog, &sides.before),
        Step::Downgrade => (&*pristine.after.catalog, &sides.after),
    };
    let rows: Vec<&SeededRow> = trial.rows_a.rows.iter().chain(&trial.rows_b.rows).collect();
    // The user's own rows say what there can be; what fails on them is wrong.
    let own: BTreeSet<TableName> = match failed.step {
        Step::Downgrade => BTreeSet::new(),
        _ => target
            .own_seeds(&pristine.revision, &trial.scene.tables)
            .into_iter()
            .map(|(table, _)| table)
            .collect(),
    };
    let seeded: BTreeSet<&TableName> =
        rows.iter().map(|row| &row.row.table).filter(|table| !own.contains(*table)).collect();
    let last = trial.sent().last().map(|(_, statements, _)| statements).unwrap_or_default();
    let read = Read::new(last, trial.opaque, target.engine.dialect());
    let columns = unknown(catalog, labels, &seeded, &read);
    if is_key(raised, &rows, catalog, &columns) { Vec::new() } else { columns }
}

fn unknown(
    catalog: &Catalog,
    labels: &Labels,
    seeded: &BTreeSet<&TableName>,
    read: &Read<'_>,
) -> Vec<Unknown> {
    let mut found = Vec::new();
    for (name, table) in catalog.tables.iter().filter(|(name, _)| seeded.contains(name)) {
        for column in &table.columns {
            let Some(what) = what(&column.ty.family) else { continue };
            let described = is_key_column(table, column)
                || column.generated
                || labels.knows(name, &column.name)
                || !column.ty.domain_checks.is_empty()
                || table.checks.iter().any(|check| check.columns.contains(&column.name));
            if !described && read.reads(&name.name, &column.name) {
                found.push(Unknown { table: name.clone(), column: column.name.clone(), what });
            }
        }
    }
    found
}

/// What values of a type are called where the type alone does not say what they mean.
fn what(family: &Family) -> Option<&'static str> {
    match family {
        Family::Text { .. } => Some("free text"),
        Family::Json { .. } => Some("JSON"),
        Family::Bytes { .. } => Some("bytes"),
        Family::Integer { .. } => Some("numbers"),
        Family::Array(inner) => what(&inner.family),
        _ => None,
    }
}

fn is_key_column(table: &Table, column: &Column) -> bool {
    column.counter
        || table.primary_key.contains(&column.name)
        || table.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}

/// A key that is not found is the revision's own loss, not a value that it does not know.
fn is_key(raised: &Raised, rows: &[&SeededRow], catalog: &Catalog, columns: &[Unknown]) -> bool {
    let said = raised.message.trim_matches('\'');
    let (mut key, mut other) = (false, false);
    for row in rows {
        for (column, value) in &row.row.values {
            if evidence::plain(value).as_deref() != Some(said) {
                continue;
            }
            let table = &row.row.table;
            other |= columns.iter().any(|unknown| unknown.table == *table && unknown.column == *column);
            key |= catalog.tables.get(table).is_some_and(|known| {
                known.columns.iter().any(|other| other.name == *column && is_key_column(known, other))
            });
        }
    }
    key && !other
}

/// What statements read.
struct Read<'a> {
    /// Each statement's words; `true` when it reads every column of its tables.
    statements: Vec<(BTreeSet<String>, bool)>,
    /// Something was read past us.
    everything: bool,
    dialect: &'a dyn Dialect,
}

impl<'a> Read<'a> {
    fn new(statements: &[Statement], everything: bool, dialect: &'a dyn Dialect) -> Self {
        let words = |statement: &Statement| {
            let tokens = Tokenizer::new(dialect.sql(), &statement.sql).tokenize().ok()?;
            let mut words = BTreeSet::new();
            let mut all = false;
            for token in &tokens {
                match token {
                    Token::Word(word) => words.extend([dialect.fold(&word.value)]),
                    Token::DoubleQuotedString(text) => words.extend([dialect.fold(text)]),
                    Token::Mul => all = true,
                    _ => {}
                }
            }
            let reads = words.contains(&dialect.fold("select")) || words.contains(&dialect.fold("returning"));
            reads.then_some((words, all))
        };
        Self { statements: statements.iter().filter_map(words).collect(), everything, dialect }
    }

    fn reads(&self, table: &str, column: &str) -> bool {
        let (table, column) = (self.dialect.fold(table), self.dialect.fold(column));
        self.everything
            || self
                .statements
                .iter()
                .any(|(words, all)| words.contains(&table) && (*all || words.contains(&column)))
    }
}
