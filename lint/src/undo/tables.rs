//! Tables as a whole: dropped, renamed, made anew, with all that goes with them.

use std::sync::Arc;

use super::object::NONE;
use super::trial::Trial;
use super::{Facts, Object, Part, State};
use crate::operation::{Kind, ObjectKind};

impl Trial<'_> {
    pub(super) fn drop_table(&mut self, table: &str, missing_ok: bool) {
        let table = table.to_lowercase();
        for object in self.of_table(&table) {
            if object.part != Part::Table {
                self.put(&object, None);
            }
        }
        self.remove(&Object::table(&table), missing_ok);
        for object in self.hanging_on(&table) {
            self.put(&object, None);
        }
        for partition in self.partitions_of(&table) {
            self.drop_table(&partition, true);
        }
    }

    /// Triggers, policies and sequences that go with a table.
    fn hanging_on(&self, table: &str) -> Vec<Object> {
        let hangs = |object: &Object| {
            let kind = matches!(
                object.part,
                Part::Other(
                    ObjectKind::Trigger
                        | ObjectKind::Policy
                        | ObjectKind::Sequence
                        | ObjectKind::Grant
                        | ObjectKind::Rule
                        | ObjectKind::Statistics
                )
            );
            let facts = || self.look(object).and_then(|state| state.facts);
            kind && facts().is_some_and(|facts| facts.get("table") == Some(table))
        };
        self.others(hangs)
    }

    /// Sequences that go with a column.
    pub(super) fn owned_by(&self, column: &str) -> Vec<Object> {
        self.others(|object| {
            let facts = || self.look(object).and_then(|state| state.facts);
            object.part == Part::Other(ObjectKind::Sequence)
                && facts().is_some_and(|facts| facts.get("owner") == Some(column))
        })
    }

    fn partitions_of(&self, table: &str) -> Vec<String> {
        let now = self
            .now
            .iter()
            .chain(self.base.partitions_of(table).filter(|(object, _)| !self.now.contains_key(*object)));
        let is_partition =
            |state: &State| state.facts.as_ref().is_some_and(|facts| facts.get("parent") == Some(table));
        now.filter(|(object, state)| object.part == Part::Table && is_partition(state))
            .map(|(object, _)| object.table.clone())
            .collect()
    }

    /// On SQLite a batch makes the table anew, without what SQLAlchemy does not see: triggers, and indexes on expressions.
    pub(super) fn rebuild(&mut self, kind: &Kind) {
        let table = match kind {
            Kind::DropColumn { table, .. }
            | Kind::AlterColumn { table, .. }
            | Kind::CreateConstraint { table, .. }
            | Kind::DropConstraint { table, .. } => table.to_lowercase(),
            _ => return,
        };
        self.check_views(&table, None);
        let is_trigger = |object: &Object| object.part == Part::Other(ObjectKind::Trigger);
        let mut gone: Vec<Object> = self.hanging_on(&table).into_iter().filter(is_trigger).collect();
        gone.extend(self.of_table(&table).into_iter().filter(|object| {
            let facts = self.look(object).and_then(|state| state.facts);
            object.part == Part::Index
                && facts.is_some_and(|facts| facts.columns.iter().any(|column| column.contains('(')))
        }));
        for object in gone {
            self.put(&object, None);
        }
        for object in self.of_table(&table) {
            let Some(facts) = self.look(&object).and_then(|state| state.facts) else { continue };
            let lost: &[&str] = match object.part {
                Part::Column => &["collation", "autoincrement"],
                Part::Constraint if facts.get("place") == Some("column") => &["on delete", "on update"],
                Part::Constraint => &["on conflict"],
                _ => &[],
            };
            let is_said =
                |attribute: &&&'static str| facts.get(attribute).is_some_and(|value| value != "none");
            let lost: Vec<_> =
                lost.iter().filter(is_said).map(|attribute| (*attribute, Some(NONE))).collect();
            if !lost.is_empty() {
                self.change(&object, lost);
            }
            let columns = facts.get("columns").filter(|columns| columns.contains(" desc"));
            if object.part == Part::Index
                && let Some(columns) = columns
            {
                self.change(&object, vec![("columns", Some(columns.replace(" desc", "").into()))]);
            }
            // One without a name may belong to a type, and is not made again.
            if object.part == Part::Constraint
                && facts.get("kind") == Some("check")
                && object.name.contains('(')
            {
                self.put(&object, None);
            }
        }
    }

    pub(super) fn rename_table(&mut self, from: &str, to: &str) {
        let spelled = to.to_owned();
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let target = Object::table(&to);
        match self.look(&target) {
            None => self.assume(&target, None),
            Some(state) if state.facts.is_some() && state.sure => {
                let facts = state.facts.unwrap_or_default();
                self.make(&target, facts, false);
            }
            Some(_) => {}
        }
        let source = Object::table(&from);
        if self.look(&source).is_none() {
            let original = Facts { original: true, ..Facts::default() };
            self.assume(&source, Some(original.clone()));
            self.put(&source, Some(original));
        }
        if self.look(&source).and_then(|state| state.facts).is_some_and(|facts| !facts.complete) {
            self.forget_parts(&to, &source);
        }
        let moved: Vec<(Object, State)> = self
            .of_table(&from)
            .into_iter()
            .filter_map(|object| self.look(&object).map(|state| (object, state)))
            .collect();
        for (object, state) in moved {
            let mut new = object.clone();
            new.table.clone_from(&to);
            self.put(&object, None);
            let mut facts = state.facts;
            if let Some(facts) = facts.as_mut().filter(|_| self.base.is_stale(&object)) {
                facts.complete = false;
            }
            if object.part == Part::Table
                && let Some(facts) = facts.as_mut().filter(|facts| facts.get("spelling").is_some())
            {
                facts.set("spelling", Some(spelled.clone().into()));
            }
            self.put(&new, facts);
        }
        for object in self.hanging_on(&from) {
            self.change(&object, vec![("table", Some(to.clone().into()))]);
        }
        let origin = self.renamed.remove(&from).unwrap_or_else(|| from.clone());
        if origin == to {
            self.renamed.remove(&to);
        } else {
            self.renamed.insert(to, origin);
        }
    }

    /// Keys and indexes know their columns by the new name.
    pub(super) fn rename_in_parts(&mut self, table: &str, from: &str, to: &str) {
        for object in self.keys_of(table) {
            let Some(State { facts: Some(mut facts), sure }) = self.look(&object) else { continue };
            if facts.columns.iter().any(|column| column == from) {
                for column in Arc::make_mut(&mut facts.columns).iter_mut().filter(|column| *column == from) {
                    to.clone_into(column);
                }
                // Behind a name may stand a length or a direction.
                let renamed = |part: &str| {
                    let words = part.split(' ').map(|word| if word == from { to } else { word });
                    words.collect::<Vec<_>>().join(" ")
                };
                let said = facts.get("columns").map(|said| said.split(", ").map(renamed).collect::<Vec<_>>());
                facts.set("columns", said.map(|parts| parts.join(", ").into()));
                self.now.insert(object, State { facts: Some(facts), sure });
            }
        }
    }
}
