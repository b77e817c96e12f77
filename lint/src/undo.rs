//! Does the downgrade undo the upgrade, object by object?
//!
//! The upgrade is applied to what is known of the schema before it, and the downgrade to what comes of that; what differs at the
//! end is a [`Gap`], and a step that meets what cannot be is a [`Clash`]. What is known of a schema is never all of it: an object
//! that no revision has named is unknown, and is learnt of when a step names it.

mod apply;
mod compare;
mod find;
mod object;
mod refuse;
mod tables;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use mrt_chain::settings::EngineKind;

pub(crate) use apply::sequence_options;
pub(crate) use object::DEFAULT_NAME;
pub use object::{Facts, Object, Part};

use crate::migration::Migration;
use compare::Clear;
use trial::Trial;

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// `None`: it is not there.
    pub facts: Option<Facts>,
    /// Whether that is certain.
    pub sure: bool,
}

/// What is known of a schema before a revision: what its ancestors have made of it.
///
/// One world serves a whole chain. It keeps what every revision has made of an object, and shows what those have made that were
/// applied before the one at hand, so that branches and merges cost nothing.
#[derive(Debug, Clone, Default)]
pub struct World {
    entries: BTreeMap<Object, Vec<(usize, State)>>,
    /// Indexes by their names alone, and partitions by the tables that they are parts of.
    by_name: BTreeMap<String, BTreeSet<Object>>,
    partitions: BTreeMap<String, BTreeSet<Object>>,
    /// Foreign keys by the tables that they refer to.
    referrers: BTreeMap<String, BTreeSet<Object>>,
    /// The revisions that count, by their positions.
    applied: Applied,
    /// Those that have done something that cannot be read, and the last one of them that counts.
    unread: Applied,
    last_unread: Option<usize>,
}

/// A set of revisions, by their positions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied(Vec<u64>);

impl Applied {
    pub(crate) fn add(&mut self, position: usize) {
        let word = position / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (position % 64);
    }

    pub(crate) fn add_all(&mut self, others: &Self) {
        self.0.resize(self.0.len().max(others.0.len()), 0);
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own |= other);
    }

    fn contains(&self, position: usize) -> bool {
        self.0.get(position / 64).is_some_and(|word| word & (1 << (position % 64)) != 0)
    }

    /// The last one that is in the other set as well.
    fn last_in(&self, other: &Self) -> Option<usize> {
        let words = self.0.iter().zip(&other.0).map(|(own, other)| own & other);
        let (at, word) = words.enumerate().rfind(|(_, word)| *word != 0)?;
        Some(at * 64 + word.ilog2() as usize)
    }
}

impl World {
    /// What is known of an object; `None` is nothing.
    pub fn get(&self, object: &Object) -> Option<&State> {
        self.shown(self.entries.get(object)?)
    }

    /// Whether everything that has run can be read.
    pub(crate) fn is_clear(&self) -> bool {
        self.last_unread.is_none()
    }

    /// Whether something that cannot be read has run since that was learnt of an object: it may be otherwise by now.
    pub(crate) fn is_stale(&self, object: &Object) -> bool {
        let Some((last, versions)) = self.last_unread.zip(self.entries.get(object)) else { return false };
        self.version(versions).is_some_and(|(position, _)| *position < last)
    }

    /// Whether a table is known to be there.
    pub fn has_table(&self, table: &str) -> bool {
        self.get(&Object::table(table)).is_some_and(|state| state.facts.is_some())
    }

    /// A column, when it is known.
    pub fn column(&self, table: &str, column: &str) -> Option<&Facts> {
        self.get(&Object::column(table, column)).and_then(|state| state.facts.as_ref())
    }

    /// The columns of a table that are known, by their names.
    pub fn columns(&self, table: &str) -> impl Iterator<Item = (&str, &Facts)> {
        self.from(Object::table(table))
            .filter(|(object, _)| object.part == Part::Column)
            .filter_map(|(object, state)| Some((object.name.as_str(), state.facts.as_ref()?)))
    }

    /// The columns of each constraint or index that keeps a table's values unique.
    pub fn unique<'a>(&'a self, table: &str) -> impl Iterator<Item = &'a [String]> {
        let own = self.from(Object::table(table));
        own.filter_map(|(_, state)| state.facts.as_ref())
            .filter(|facts| {
                matches!(facts.get("kind"), Some("unique" | "primary key"))
                    || facts.get("uniqueness") == Some("unique")
            })
            .map(|facts| facts.columns.as_slice())
    }

    /// Indexes by that name, whatever table they are on.
    fn indexes(&self, name: &str) -> impl Iterator<Item = &Object> {
        self.by_name.get(name).into_iter().flatten().filter(|object| self.get(object).is_some())
    }

    /// Tables that have been made as parts of this one.
    fn partitions_of(&self, table: &str) -> impl Iterator<Item = (&Object, &State)> {
        let made = self.partitions.get(table).into_iter().flatten();
        made.filter_map(|object| Some((object, self.get(object)?)))
    }

    /// Foreign keys of other tables that refer to this one, as it has been since before they were made.
    fn referrers(&self, table: &str) -> impl Iterator<Item = &Object> {
        let position =
            |object: &Object| self.version(self.entries.get(object)?).map(|(position, _)| *position);
        let made = position(&Object::table(table));
        let keys = self.referrers.get(table).into_iter().flatten();
        keys.filter(move |key| key.table != table && position(key) >= made)
    }

    /// The objects that belong to a table, with itself.
    fn of_table(&self, table: &str) -> impl Iterator<Item = (&Object, &State)> {
        self.from(Object::table(table))
    }

    fn from(&self, first: Object) -> impl Iterator<Item = (&Object, &State)> {
        let table = first.table.clone();
        let own = self.entries.range(first..).take_while(move |(object, _)| object.table == table);
        own.filter_map(|(object, versions)| Some((object, self.shown(versions)?)))
    }

    fn shown<'a>(&self, versions: &'a [(usize, State)]) -> Option<&'a State> {
        self.version(versions).map(|(_, state)| state)
    }

    fn version<'a>(&self, versions: &'a [(usize, State)]) -> Option<&'a (usize, State)> {
        versions.iter().rev().find(|(position, _)| self.applied.contains(*position))
    }

    /// Shows what these revisions have made.
    pub(crate) fn show(&mut self, applied: Applied) {
        self.last_unread = applied.last_in(&self.unread);
        self.applied = applied;
    }

    /// Takes down what the revision at a position makes of the schema.
    pub(crate) fn upgraded(&mut self, position: usize, undo: Undo) {
        if !undo.is_clear {
            self.unread.add(position);
        }
        for (object, mut state) in undo.upgraded {
            if let Some(facts) = &mut state.facts {
                facts.original = true;
                for (attribute, objects) in
                    [("parent", &mut self.partitions), ("references", &mut self.referrers)]
                {
                    if let Some(other) = facts.get(attribute) {
                        objects.entry(other.to_owned()).or_default().insert(object.clone());
                    }
                }
            }
            if object.part == Part::Index {
                self.by_name.entry(object.name.clone()).or_default().insert(object.clone());
            }
            self.entries.entry(object).or_default().push((position, state));
        }
    }
}

/// How an object is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// It was there and is not.
    Missing,
    /// It was not there and is.
    Left,
    /// A table or column of that name is there, and another one: the rows or values are not those that were.
    Replaced,
    /// An attribute is another one.
    Differs {
        /// `type`, `nullable`, `default`, `uniqueness`, …
        attribute: &'static str,
        /// What it was, where that is known.
        before: Option<String>,
        /// What it is.
        after: String,
    },
}

/// A difference between before the upgrade and after the downgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What differs.
    pub object: Object,
    /// How.
    pub loss: Loss,
    /// Whether that is certain, as far as the migration can be read.
    pub certain: bool,
    /// The operation of the upgrade that touched it last, as an index.
    pub up: Option<usize>,
    /// The operation of the downgrade that touched it last, as an index.
    pub down: Option<usize>,
}

/// A step that meets what cannot be: it will fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The object.
    pub object: Object,
    /// Why not.
    pub problem: Problem,
    /// In `upgrade`; otherwise in `downgrade`.
    pub in_upgrade: bool,
    /// The operation, as an index.
    pub operation: usize,
}

/// Why a step cannot do what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// What it makes is there already.
    Exists,
    /// What it works with is not there.
    Missing,
    /// A foreign key needs what it drops.
    Needed,
    /// A view reads what it changes.
    Viewed,
    /// A default hangs on the column that it drops.
    Defaulted,
    /// The columns of a foreign key are of types that cannot be compared.
    Unlike,
    /// The server makes no value of the new type from the old one by itself.
    NotCast,
    /// A text is longer than its column.
    TooLong,
    /// It is called by another case than it has, which the server tells apart.
    OtherCase,
    /// It is part of the primary key, and may not be NULL.
    InKey,
    /// A foreign key of another table refers to it.
    Referred,
    /// A type that no step is known to make, and that its column does not make.
    Unmade,
}

/// What an upgrade and its downgrade come to.
#[derive(Debug, Clone, Default)]
pub struct Undo {
    /// What differs at the end.
    pub gaps: Vec<Gap>,
    /// Steps that will fail.
    pub clashes: Vec<Clash>,
    /// The upgrade can be read as a whole.
    is_clear: bool,
    /// What the upgrade changes.
    upgraded: BTreeMap<Object, State>,
    /// What must have been before, where nothing was known; `None` is not there.
    assumed: BTreeMap<Object, Option<Facts>>,
}

impl Undo {
    /// Applies a migration's upgrade and downgrade to what is known before it. Nothing is certain of one that cannot be read as a
    /// whole.
    pub fn of(migration: &Migration, before: &World, engine: EngineKind) -> Self {
        let mut trial = Trial::new(before, engine);
        trial.run(&migration.upgrade, true);
        let upgraded = trial.now.clone();
        if migration.downgrade.is_some() {
            trial.run(migration.down(), false);
        }
        // A downgrade that does nothing undoes nothing, whatever else the upgrade does.
        let clear =
            Clear { upgrade: migration.upgrade_is_clear(), downgrade: migration.downgrade_is_clear() };
        let certain = clear.downgrade && (clear.upgrade || migration.down().is_empty());
        Self {
            gaps: compare::gaps(&trial, clear, certain),
            clashes: trial.clashes,
            is_clear: clear.upgrade,
            upgraded,
            assumed: trial.was,
        }
    }

    /// Whether an object must have been there before, since a step needs it, or must not; `None` where no step tells.
    pub fn must_have_been(&self, object: &Object) -> Option<bool> {
        self.assumed.get(object).map(Option::is_some)
    }

    /// What is known of an object right after the upgrade.
    pub fn after_upgrade<'a>(&'a self, before: &'a World, object: &Object) -> Option<&'a State> {
        self.upgraded.get(object).or_else(|| before.get(object))
    }
}
