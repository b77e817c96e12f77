//! Does the downgrade undo the upgrade, object by object?
//!
//! The upgrade is applied to what is known of the schema before it, and the downgrade to what comes of that; what differs at the
//! end is a [`Gap`], and a step that meets what cannot be is a [`Clash`]. What is known of a schema is never all of it: an object
//! that no revision has named is unknown, and is learnt of when a step names it.

mod apply;
mod compare;
mod find;
mod object;
mod tables;
mod trial;

use std::collections::BTreeMap;

use mrt_chain::settings::EngineKind;

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

/// What is known of a schema after a revision and its ancestors.
#[derive(Debug, Clone, Default)]
pub struct World {
    entries: BTreeMap<Object, State>,
}

impl World {
    /// What is known of an object; `None` is nothing.
    pub fn get(&self, object: &Object) -> Option<&State> {
        self.entries.get(object)
    }

    /// Whether a table is known to be there.
    pub fn has_table(&self, table: &str) -> bool {
        self.get(&Object::table(table)).is_some_and(|state| state.facts.is_some())
    }

    /// A column, when it is known.
    pub fn column(&self, table: &str, column: &str) -> Option<&Facts> {
        self.get(&Object::column(table, column)).and_then(|state| state.facts.as_ref())
    }

    /// The columns of each constraint or index that keeps a table's values unique.
    pub fn unique<'a>(&'a self, table: &str) -> impl Iterator<Item = &'a [String]> {
        let first = Object::table(table);
        let table = first.table.clone();
        let own = self.entries.range(first..).take_while(move |(object, _)| object.table == table);
        own.filter_map(|(_, state)| state.facts.as_ref())
            .filter(|facts| {
                matches!(facts.get("kind"), Some("unique" | "primary key"))
                    || facts.get("uniqueness") == Some("unique")
            })
            .map(|facts| facts.columns.as_slice())
    }

    /// The objects that belong to a table, with itself.
    fn of_table<'a>(&'a self, table: &'a str) -> impl Iterator<Item = (&'a Object, &'a State)> {
        self.entries.range(Object::table(table)..).take_while(move |(object, _)| object.table == table)
    }

    /// Something that cannot be read has run: a table may have columns that nobody has named.
    pub fn forget_completeness(&mut self) {
        let facts = self.entries.values_mut().filter_map(|state| state.facts.as_mut());
        facts.for_each(|facts| facts.complete = false);
    }

    /// What is known after an upgrade.
    pub fn upgraded(&mut self, undo: &Undo) {
        for (object, state) in &undo.upgraded {
            let mut state = state.clone();
            if let Some(facts) = &mut state.facts {
                facts.original = true;
            }
            self.entries.insert(object.clone(), state);
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
}

/// What an upgrade and its downgrade come to.
#[derive(Debug, Clone, Default)]
pub struct Undo {
    /// What differs at the end.
    pub gaps: Vec<Gap>,
    /// Steps that will fail.
    pub clashes: Vec<Clash>,
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
