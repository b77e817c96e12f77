//! How engines put together what a catalog is compared by.

use std::collections::BTreeMap;

use super::catalog::{Attributes, ObjectKey, ObjectKind};

/// All objects, as they are collected.
pub(in crate::database) type Objects = BTreeMap<ObjectKey, Attributes>;

/// Adds an object. Two objects that play one role (two unnamed unique constraints on one column) are counted.
pub(in crate::database) fn add(objects: &mut Objects, key: ObjectKey, attributes: Attributes) {
    let mut count = 1;
    let mut numbered = key.clone();
    while objects.contains_key(&numbered) {
        count += 1;
        numbered.path = format!("{} {count}", key.path);
    }
    objects.insert(numbered, attributes);
}

/// Attributes, built one by one; what is absent or off is left out.
#[derive(Default)]
pub(in crate::database) struct Builder(Attributes);

impl Builder {
    pub(in crate::database) fn some(mut self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name, value.into());
        }
        self
    }

    pub(in crate::database) fn text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.some(name, Some(value))
    }

    pub(in crate::database) fn flag(self, name: &'static str, value: bool) -> Self {
        self.some(name, value.then_some("yes"))
    }

    pub(in crate::database) fn list(self, name: &'static str, value: Option<&Vec<String>>) -> Self {
        self.some(name, value.map(|v| v.join(", ")))
    }

    pub(in crate::database) fn done(self) -> Attributes {
        self.0
    }
}

pub(in crate::database) fn key(kind: ObjectKind, owner: Option<String>, path: String) -> ObjectKey {
    ObjectKey { owner, kind, path }
}
