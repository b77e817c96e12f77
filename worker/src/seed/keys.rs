//! Which values are taken: unique sets of both sides, and what is in the database already.

use std::collections::BTreeMap;

use crate::database::catalog::{Family, Table, TableName};
use crate::database::rows::{Contents, Value};

use super::plan;
use super::values::{Field, spell};

/// Columns in which rows must differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UniqueSet {
    pub(super) columns: Vec<usize>,
    /// The database here insists; else only the other side does.
    pub(super) here: bool,
    /// Over columns only and all rows, so that what we compare is what the database compares.
    pub(super) plain: bool,
    nulls_equal: bool,
}

/// How rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// Also under lower-casing and trimming, also where an expression or a predicate may allow more.
    Careful,
    /// As careful where an expression or a predicate may ask for it, to the letter where a plain constraint does.
    Literal,
    /// Only what plain unique constraints ask for.
    Needed,
}

/// The values of unique sets that rows have.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    pub(super) sets: Vec<UniqueSet>,
    families: Vec<Family>,
    /// How often a tuple occurs, by set: as it is, and folded.
    exact: Vec<BTreeMap<Vec<String>, u32>>,
    folded: Vec<BTreeMap<Vec<String>, u32>>,
}

impl Taken {
    /// The unique sets of a table, with the values in `avoid` taken.
    pub(super) fn new(
        fields: &[Field<'_>],
        name: &TableName,
        table: &Table,
        other: Option<&Table>,
        avoid: &[&Contents],
    ) -> Self {
        let mut taken = Self {
            sets: sets(fields, table, other),
            families: fields.iter().map(|field| field.column.ty.family.clone()).collect(),
            ..Self::default()
        };
        taken.exact = vec![BTreeMap::new(); taken.sets.len()];
        taken.folded = taken.exact.clone();
        for rows in avoid.iter().filter_map(|contents| contents.tables.get(name)) {
            let places: Vec<Option<usize>> = fields
                .iter()
                .map(|field| rows.columns.iter().position(|column| *column == field.column.name))
                .collect();
            for row in &rows.rows {
                taken.count(&|at| places.get(at)?.and_then(|place| row.get(place).cloned()), 1);
            }
        }
        taken
    }

    /// A row is in.
    pub(super) fn add(&mut self, row: &[Option<Value>]) {
        self.count(&|at| canonical(row, at), 1);
    }

    /// A row is not in after all.
    pub(super) fn remove(&mut self, row: &[Option<Value>]) {
        self.count(&|at| canonical(row, at), -1);
    }

    /// A set's columns in the row are all known, and another row has the same.
    pub(super) fn conflicts(&self, set: usize, row: &[Option<Value>], strictness: Strictness) -> bool {
        let Some(unique) = self.sets.get(set) else { return false };
        let careful = match strictness {
            Strictness::Careful => true,
            Strictness::Literal => !unique.plain,
            Strictness::Needed => false,
        };
        let needed = unique.plain && unique.here;
        if !careful && !needed {
            return false;
        }
        let Some((exact, folded)) = self.keys(unique, &|at| canonical(row, at), careful) else {
            return false;
        };
        let counts = |counts: &[BTreeMap<Vec<String>, u32>], key| {
            counts.get(set).and_then(|counts| counts.get(key)).is_some_and(|count| *count > 0)
        };
        counts(&self.exact, &exact) || (careful && counts(&self.folded, &folded))
    }

    fn count(&mut self, row: &Cells<'_>, by: i32) {
        for (at, set) in self.sets.iter().enumerate() {
            let Some((exact, folded)) = self.keys(set, row, true) else { continue };
            for (counts, key) in [(&mut self.exact, exact), (&mut self.folded, folded)] {
                if let Some(counts) = counts.get_mut(at) {
                    let count = counts.entry(key).or_insert(0);
                    *count = count.saturating_add_signed(by);
                }
            }
        }
    }

    /// The row's tuple in a set; nothing when a column is unknown, or when a NULL makes it differ from all.
    fn keys(&self, set: &UniqueSet, row: &Cells<'_>, careful: bool) -> Option<(Vec<String>, Vec<String>)> {
        let (mut exact, mut folded) = (Vec::new(), Vec::new());
        for at in &set.columns {
            match row(*at)? {
                // An expression may make something of a NULL.
                None if set.nulls_equal || (careful && !set.plain) => {
                    exact.push("\0null".to_owned());
                    folded.push("\0null".to_owned());
                }
                None => return None,
                Some(text) => {
                    let family = self.families.get(*at);
                    folded.push(fold(&same(family, &text)));
                    exact.push(same(family, &text));
                }
            }
        }
        Some((exact, folded))
    }
}

/// A row's cells: `None` for a column without value, `Some(None)` for NULL.
type Cells<'a> = dyn Fn(usize) -> Option<Option<String>> + 'a;

fn canonical(row: &[Option<Value>], at: usize) -> Option<Option<String>> {
    row.get(at)?.as_ref().map(|value| (*value != Value::Null).then(|| spell(value)))
}

/// A text that is the same however an engine, or we, spell the value.
fn same(family: Option<&Family>, text: &str) -> String {
    match family {
        Some(Family::Boolean) => text.starts_with(['t', 'T', '1']).to_string(),
        // To the second, without zone: too much alike is better than too little.
        Some(Family::Timestamp { .. }) => text.chars().filter(char::is_ascii_digit).take(14).collect(),
        Some(Family::Decimal { .. } | Family::Float { .. }) if text.contains('.') => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Some(Family::Array(_) | Family::Json { .. }) => {
            text.chars().filter(|char| !char.is_whitespace() && *char != '"').collect()
        }
        // Some engines show text that could be taken for something else in quotes.
        _ => text.trim_matches('\'').to_owned(),
    }
}

/// What is left of a text where letter case and blanks at the ends do not count.
fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

fn sets(fields: &[Field<'_>], table: &Table, other: Option<&Table>) -> Vec<UniqueSet> {
    let mut sets: Vec<UniqueSet> = Vec::new();
    for (side, here) in [(Some(table), true), (other, false)] {
        let Some(side) = side else { continue };
        let index = |name: &String| fields.iter().position(|field| field.column.name == *name);
        let mut add = |names: &[String], plain: bool, nulls_equal: bool| {
            let columns: Option<Vec<usize>> = names.iter().map(index).collect();
            let Some(mut columns) = columns.filter(|columns| !columns.is_empty()) else { return };
            columns.sort_unstable();
            if !sets.iter().any(|set| set.columns == columns && (set.plain || !plain)) {
                sets.push(UniqueSet { columns, here, plain, nulls_equal });
            }
        };
        add(&side.primary_key, true, false);
        for unique in &side.uniques {
            add(&unique.columns, unique.plain, unique.nulls_equal);
        }
        for excluded in &side.exclusions {
            // Operators may ask that values are apart, or that they are equal: all of them new is right for both.
            let wide: Vec<&String> = excluded
                .iter()
                .filter(|name| plan::column(side, name).is_some_and(|column| is_wide(side, column)))
                .collect();
            if wide.is_empty() {
                add(excluded, false, false);
            }
            for name in wide {
                add(std::slice::from_ref(name), false, false);
            }
        }
    }
    sets
}

/// There are enough values for every row to have its own.
fn is_wide(table: &Table, column: &crate::database::catalog::Column) -> bool {
    !matches!(column.ty.family, Family::Boolean | Family::Enum(_))
        && !table.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}
