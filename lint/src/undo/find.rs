//! Which object a name means.

use mrt_chain::settings::EngineKind;

use super::object::{DEFAULT_NAME, is_key_name};
use super::trial::Trial;
use super::{Facts, Object, Part, State};
use crate::operation::{ConstraintKind, ObjectKind};
use crate::sql::normal;

impl Trial<'_> {
    pub(super) fn find_index(&self, table: Option<&str>, name: &str) -> Object {
        if let Some(table) = table {
            let own = Object::index(table, name);
            let unique = Object::constraint(table, name);
            // MySQL's unique constraints are indexes.
            let is_constraint = self.look(&own).is_none_or(|state| state.facts.is_none())
                && self.look(&unique).is_some_and(|state| state.facts.is_some());
            return if is_constraint { unique } else { own };
        }
        let name = name.to_lowercase();
        let is_it = |object: &Object| object.part == Part::Index && object.name == name;
        let now = self.now.iter().filter(|(_, state)| state.facts.is_some()).map(|(object, _)| object);
        let found = now.chain(self.base.indexes(&name)).find(|object| is_it(object));
        found.cloned().unwrap_or_else(|| Object::index("", &name))
    }

    /// The column whose default has that name.
    pub(super) fn default_called(&self, table: &str, name: &str) -> Option<Object> {
        let name = name.to_lowercase();
        let is_it = |object: &Object| {
            let facts = self.look(object).and_then(|state| state.facts);
            facts.is_some_and(|facts| facts.get(DEFAULT_NAME) == Some(name.as_str()))
        };
        self.of_table(&table.to_lowercase()).into_iter().find(is_it)
    }

    pub(super) fn find_constraint(
        &self,
        table: &str,
        name: Option<&str>,
        kind: Option<ConstraintKind>,
    ) -> Object {
        if kind == Some(ConstraintKind::PrimaryKey) || (kind.is_none() && name.is_some_and(is_key_name)) {
            return Object::constraint(table, ConstraintKind::PrimaryKey.as_str());
        }
        let named = name.map(|name| Object::constraint(table, name));
        if let Some(object) = &named {
            if self.look(object).is_some_and(|state| state.facts.is_some()) {
                return object.clone();
            }
            let index = Object::index(table, &object.name);
            if self.look(&index).is_some_and(|state| state.facts.is_some()) {
                return index;
            }
        }
        // One whose name the server has given is known by its role.
        let is_kind = |facts: &Facts| match kind {
            Some(kind) => facts.get("kind") == Some(kind.as_str()),
            None => true,
        };
        let unnamed = |object: &Object| {
            let by_role = object.name.contains('(') || object.name == ConstraintKind::PrimaryKey.as_str();
            object.part == Part::Constraint && (by_role || name.is_none())
        };
        let candidates: Vec<(Object, Facts)> = self
            .keys_of(&table.to_lowercase())
            .into_iter()
            .filter(unnamed)
            .filter_map(|object| {
                let facts = self.look(&object)?.facts?;
                is_kind(&facts).then_some((object, facts))
            })
            .collect();
        // PostgreSQL's names say the columns: `users_email_key`.
        let telling = |facts: &Facts| {
            named.as_ref().is_some_and(|named| {
                !facts.columns.is_empty()
                    && facts.columns.iter().all(|column| named.name.contains(column.as_str()))
            })
        };
        // A name that tells nothing is that of the only one, where its kind is said.
        let only = match (candidates.as_slice(), kind, name) {
            ([only], Some(_), _) => Some(only),
            (_, _, None) => candidates.first(),
            _ => None,
        };
        let best = candidates.iter().find(|(_, facts)| telling(facts)).or(only);
        match (best, named) {
            (Some((object, _)), _) => object.clone(),
            (None, Some(named)) => named,
            (None, None) => Object::constraint(table, kind.map_or("constraint", ConstraintKind::as_str)),
        }
    }

    /// The object of that name, which on PostgreSQL belongs to a table where it is a trigger, a policy or a rule.
    pub(super) fn known_as(&self, kind: ObjectKind, name: &str, table: Option<&str>) -> Object {
        let plain = Object::other(kind, name);
        let of_a_table = matches!(kind, ObjectKind::Trigger | ObjectKind::Policy | ObjectKind::Rule);
        let Some(table) = table.filter(|_| of_a_table && self.engine == EngineKind::Postgres) else {
            return plain;
        };
        let (table, prefix) = (table.to_lowercase(), format!("{} on ", plain.name));
        let is_it = |object: &Object| {
            let facts = || self.look(object).and_then(|state| state.facts);
            object.part == plain.part
                && (object.name == plain.name || object.name.starts_with(&prefix))
                && facts().is_some_and(|facts| facts.get("table") == Some(table.as_str()))
        };
        self.others(is_it).into_iter().next().unwrap_or(plain)
    }

    /// What an object of that name is known as, once it is made: by its table as well, where another table has one of that name.
    pub(super) fn free_for(&self, kind: ObjectKind, name: &str, table: Option<&str>) -> Object {
        let known = self.known_as(kind, name, table);
        let owner = self.look(&known).and_then(|state| state.facts?.get("table").map(str::to_owned));
        match (owner, table.map(str::to_lowercase)) {
            (Some(owner), Some(table)) if owner != table && self.engine == EngineKind::Postgres => {
                Object::other(kind, &format!("{name} on {table}"))
            }
            _ => known,
        }
    }

    /// Whether a function of that name is there already, and takes other arguments: PostgreSQL has both.
    pub(super) fn is_overload(&self, function: &Object, definition: Option<&str>) -> bool {
        let is_function = matches!(function.part, Part::Other(ObjectKind::Function | ObjectKind::Procedure));
        let known = self.look(function).and_then(|state| state.facts);
        let (Some(known), Some(definition), true) =
            (known, definition, is_function && self.engine == EngineKind::Postgres)
        else {
            return false;
        };
        known.get("definition").is_some_and(|known| arguments(known) != arguments(&normal(definition)))
    }

    /// How many functions of that name there are besides.
    pub(super) fn overloads(&self, function: &Object) -> usize {
        let facts = self.look(function).and_then(|state| state.facts);
        facts.and_then(|facts| facts.get("overloads")?.parse().ok()).unwrap_or_default()
    }

    /// One more function of that name is there, or one less; which one, nothing tells.
    pub(super) fn count_overload(&mut self, function: &Object, more: isize) {
        let Some(State { facts: Some(mut facts), .. }) = self.look(function) else { return };
        let count = self.overloads(function).saturating_add_signed(more);
        facts.set("overloads", (count > 0).then(|| count.to_string().into()));
        self.touch(function);
        self.now.insert(function.clone(), State { facts: Some(facts), sure: false });
    }

    /// Whether an index is the only one that serves a foreign key, which MySQL then does not let go.
    pub(super) fn is_needed(&self, index: &Object) -> bool {
        if !matches!(self.engine, EngineKind::MySql | EngineKind::MariaDb) {
            return false;
        }
        let facts =
            |object: &Object| self.look(object).filter(|state| state.sure).and_then(|state| state.facts);
        let Some(first) = facts(index).and_then(|facts| facts.columns.first().cloned()) else { return false };
        let (mut keys, mut others) = (0, 0);
        for object in self.keys_of(&index.table).iter().filter(|object| *object != index) {
            let Some(facts) = facts(object).filter(|facts| facts.columns.first() == Some(&first)) else {
                continue;
            };
            match (object.part, facts.get("kind")) {
                (Part::Constraint, Some("foreign key")) => keys += 1,
                (Part::Index, _) | (Part::Constraint, Some("primary key" | "unique")) => others += 1,
                _ => {}
            }
        }
        keys > 0 && others == 0
    }
}

/// The arguments of a function, at the beginning of its definition.
fn arguments(definition: &str) -> &str {
    let mut open = 0;
    let end = definition.char_indices().find(|(_, letter)| {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open == 0
    });
    end.map_or(definition, |(end, _)| &definition[..end])
}
