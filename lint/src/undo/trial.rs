//! A schema under way: what is known before, and what the steps have changed of it.

use std::collections::{BTreeMap, BTreeSet};

use mrt_chain::settings::EngineKind;

use super::object::Known;
use super::{Clash, Facts, Object, Part, Problem, State, World};
use crate::operation::{Kind, ObjectKind, Operation, Written};

pub(super) struct Trial<'w> {
    pub(super) base: &'w World,
    pub(super) engine: EngineKind,
    /// What the steps have changed.
    pub(super) now: BTreeMap<Object, State>,
    /// What must have been before, since a step needs it; `None` is not there.
    pub(super) was: BTreeMap<Object, Option<Facts>>,
    /// Tables that have another name now, and the one that they had.
    pub(super) renamed: BTreeMap<String, String>,
    /// The last operation that touched an object, in the upgrade and in the downgrade.
    pub(super) touched: BTreeMap<Object, (Option<usize>, Option<usize>)>,
    /// Attributes that the upgrade and the downgrade set.
    pub(super) set_up: BTreeSet<(Object, &'static str)>,
    pub(super) set_down: BTreeSet<(Object, &'static str)>,
    /// What constraints are called of which only the role was known.
    pub(super) names: BTreeMap<Object, String>,
    pub(super) clashes: Vec<Clash>,
    pub(super) in_upgrade: bool,
    at: usize,
    /// The operation under way may not happen.
    pub(super) conditional: bool,
    /// Something has run before it that cannot be seen through.
    foggy: bool,
}

impl<'w> Trial<'w> {
    pub(super) fn new(base: &'w World, engine: EngineKind) -> Self {
        Self {
            base,
            engine,
            now: BTreeMap::new(),
            was: BTreeMap::new(),
            renamed: BTreeMap::new(),
            touched: BTreeMap::new(),
            set_up: BTreeSet::new(),
            set_down: BTreeSet::new(),
            names: BTreeMap::new(),
            clashes: Vec::new(),
            in_upgrade: true,
            at: 0,
            conditional: false,
            foggy: false,
        }
    }

    pub(super) fn run(&mut self, operations: &[Operation], in_upgrade: bool) {
        self.in_upgrade = in_upgrade;
        for (at, operation) in operations.iter().enumerate() {
            (self.at, self.conditional) = (at, operation.conditional);
            match &operation.kind {
                Kind::Raise if !operation.conditional => return,
                Kind::Raw { .. } | Kind::Opaque { .. } => self.foggy = true,
                kind => {
                    if operation.written == Written::Batch
                        && self.engine == EngineKind::Sqlite
                        && !operation.restated
                    {
                        self.rebuild(kind);
                    }
                    // Whether a table may be missing, DROP says itself.
                    let is_drop = matches!(kind, Kind::DropTable { .. });
                    if let Some(table) = kind.old_table().filter(|_| !is_drop)
                        && !operation.said.if_table_exists
                    {
                        self.need_table(table);
                    }
                    self.apply(kind);
                }
            }
        }
    }

    /// What is known of an object now; `None` is nothing.
    pub(super) fn look(&self, object: &Object) -> Option<State> {
        if let Some(state) = self.now.get(object) {
            return Some(state.clone());
        }
        let absent = |sure| Some(State { facts: None, sure });
        let table = object.whole();
        if object.part != Part::Table
            && !object.table.is_empty()
            && let Some(state) = self.now.get(&table)
        {
            match &state.facts {
                None => return absent(state.sure),
                // Of a table made by a query or LIKE another one, nobody knows what it has.
                Some(facts) if !facts.original && !facts.complete => return None,
                // Constraints may have names that the server has given.
                Some(facts) if !facts.original => return absent(state.sure && object.part == Part::Column),
                Some(_) => {}
            }
        }
        if self.renamed.contains_key(&object.table) {
            return None;
        }
        if let Some(state) = self.base.get(object) {
            return Some(state.clone());
        }
        let state = self.base.get(&table).filter(|_| object.part == Part::Column)?;
        let complete = state.sure && state.facts.as_ref().is_some_and(|facts| facts.complete);
        if complete && !self.base.is_stale(&table) { absent(true) } else { None }
    }

    /// Notes what must have been before the upgrade, where nothing is known.
    pub(super) fn assume(&mut self, object: &Object, facts: Option<Facts>) {
        let mut object = object.clone();
        if let Some(old) = self.renamed.get(&object.table) {
            object.table.clone_from(old);
        }
        if self.base.get(&object).is_none() {
            self.was.entry(object).or_insert(facts);
        }
    }

    pub(super) fn touch(&mut self, object: &Object) {
        let at = Some(self.at);
        match (self.touched.get_mut(object), self.in_upgrade) {
            (Some((up, _)), true) => *up = at,
            (Some((_, down)), false) => *down = at,
            (None, true) => _ = self.touched.insert(object.clone(), (at, None)),
            (None, false) => _ = self.touched.insert(object.clone(), (None, at)),
        }
    }

    pub(super) fn put(&mut self, object: &Object, facts: Option<Facts>) {
        self.touch(object);
        let sure = !self.conditional;
        let state = State { facts, sure };
        match self.now.get_mut(object) {
            Some(known) => *known = state,
            None => _ = self.now.insert(object.clone(), state),
        }
    }

    pub(super) fn clash(&mut self, object: &Object, problem: Problem) {
        if !self.conditional && !self.foggy && !self.is_stale(object) {
            self.clashes.push(Clash {
                object: object.clone(),
                problem,
                in_upgrade: self.in_upgrade,
                operation: self.at,
            });
        }
    }

    /// What is known of an object is older than something that cannot be read: the first step here that touches it tells better
    /// what there is.
    fn is_stale(&self, object: &Object) -> bool {
        !self.foggy && !self.now.contains_key(object) && self.base.is_stale(object)
    }

    /// Makes an object.
    pub(super) fn make(&mut self, object: &Object, facts: Facts, exists_ok: bool) {
        match self.look(object) {
            Some(State { facts: Some(_), sure }) => {
                if exists_ok {
                    return;
                }
                if self.is_stale(object) {
                    self.was.insert(object.clone(), None);
                } else if sure {
                    self.clash(object, Problem::Exists);
                }
            }
            Some(State { facts: None, .. }) => {}
            // Whether it is made cannot be told.
            None if exists_ok => {
                // A type is made so by default (`ENUM(…).create(bind)`); what it was made for goes, and it is to go along.
                if object.part == Part::Other(ObjectKind::Type) {
                    self.assume(object, None);
                }
                self.put(object, Some(facts));
                // Who may do what is not asked for before it is granted, and is granted then.
                if object.part != Part::Other(ObjectKind::Grant)
                    && let Some(state) = self.now.get_mut(object)
                {
                    state.sure = false;
                }
                return;
            }
            None => self.assume(object, None),
        }
        self.put(object, Some(facts));
    }

    /// Takes an object away; the value is what was known of it.
    pub(super) fn remove(&mut self, object: &Object, missing_ok: bool) -> Option<Facts> {
        let known = self.look(object);
        match &known {
            Some(State { facts: None, .. }) if !missing_ok && self.is_stale(object) => {
                self.was.insert(object.clone(), Some(Facts { original: true, ..Facts::default() }));
            }
            Some(State { facts: None, sure: true }) if !missing_ok => self.clash(object, Problem::Missing),
            None if !missing_ok => self.assume(object, Some(Facts { original: true, ..Facts::default() })),
            _ => {}
        }
        self.put(object, None);
        known.and_then(|state| state.facts)
    }

    /// Sets attributes of an object: the new ones, where `None` is a value that is not known.
    pub(super) fn change(&mut self, object: &Object, attributes: Vec<(&'static str, Known)>) {
        let mut facts = match self.look(object) {
            Some(State { facts: Some(facts), .. }) => facts,
            Some(State { facts: None, .. }) if self.is_stale(object) => {
                let original = Facts { original: true, ..Facts::default() };
                self.was.insert(object.clone(), Some(original.clone()));
                original
            }
            Some(State { facts: None, sure }) => {
                if sure {
                    self.clash(object, Problem::Missing);
                }
                return;
            }
            None => {
                let original = Facts { original: true, ..Facts::default() };
                self.assume(object, Some(original.clone()));
                original
            }
        };
        for (attribute, value) in attributes {
            facts.set(attribute, value);
            let set = if self.in_upgrade { &mut self.set_up } else { &mut self.set_down };
            set.insert((object.clone(), attribute));
        }
        self.put(object, Some(facts));
    }

    /// What is known of an object before the upgrade.
    pub(super) fn before(&self, object: &Object) -> Option<Facts> {
        let told = self.was.get(object).cloned();
        told.or_else(|| self.base.get(object).map(|state| state.facts.clone())).flatten()
    }

    /// Whether a step has taken it away.
    pub(super) fn is_gone(&self, object: &Object) -> bool {
        self.now.get(object).is_some_and(|state| state.facts.is_none() && state.sure)
    }

    /// A step works with something that has to be there.
    pub(super) fn need(&mut self, object: &Object) {
        if self.is_gone(object) {
            self.clash(object, Problem::Missing);
        }
    }

    /// A step works with a table or view that has to be there, also as earlier revisions have left it.
    pub(super) fn need_table(&mut self, table: &str) {
        let is_absent = |object| matches!(self.look(&object), Some(State { facts: None, sure: true }));
        let view = self.look(&Object::other(ObjectKind::View, table));
        if is_absent(Object::table(table)) && view.is_none_or(|view| view.facts.is_none()) {
            self.clash(&Object::table(table), Problem::Missing);
        }
    }

    /// What is known not to be there among the parts of a table may be there after all: another table takes its place, of which
    /// nothing is known.
    pub(super) fn forget_parts(&mut self, table: &str, other: &Object) {
        // What a query gives has columns, and neither keys nor indexes.
        let made_by_query = self.look(other).and_then(|state| state.facts);
        let made_by_query = made_by_query.is_some_and(|facts| facts.get("made by").is_some());
        for object in self.of_table(table) {
            if made_by_query && matches!(object.part, Part::Index | Part::Constraint) {
                continue;
            }
            if object.part != Part::Table && self.look(&object).is_some_and(|state| state.facts.is_none()) {
                self.now.remove(&object);
            }
        }
    }

    /// Every object of a table that is known now, with itself.
    pub(super) fn of_table(&self, table: &str) -> Vec<Object> {
        self.from(Object::table(table))
    }

    /// The indexes and constraints of a table that are known now. A table of many columns is not gone through for them.
    pub(super) fn keys_of(&self, table: &str) -> Vec<Object> {
        self.from(Object::index(table, ""))
    }

    /// What is known of a table, from an object on.
    fn from(&self, first: Object) -> Vec<Object> {
        let own = self.now.range(&first..).take_while(|(object, _)| object.table == first.table);
        let mut objects: BTreeSet<&Object> = own.map(|(object, _)| object).collect();
        if !self.renamed.contains_key(&first.table) {
            objects.extend(self.base.from(first.clone()).map(|(object, _)| object));
        }
        objects.into_iter().cloned().collect()
    }

    /// The objects of a kind that stand beside tables.
    pub(super) fn others(&self, wanted: impl Fn(&Object) -> bool) -> Vec<Object> {
        let own = self.now.range(Object::table("")..).take_while(|(object, _)| object.table.is_empty());
        let known = own.map(|(object, _)| object).chain(self.base.of_table("").map(|(object, _)| object));
        let objects: BTreeSet<&Object> = known.filter(|object| wanted(object)).collect();
        objects.into_iter().cloned().collect()
    }
}
