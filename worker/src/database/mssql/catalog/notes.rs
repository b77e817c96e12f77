//! What can hang on anything: privileges, and extended properties with the comment among them.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Fields, Texts};
use super::raw::Id;
use crate::database::objects::Builder;

/// The server's numbers for the kinds of things.
pub(super) mod class {
    pub(in super::super) const DATABASE: i64 = 0;
    pub(in super::super) const OBJECT: i64 = 1;
    pub(in super::super) const PARAMETER: i64 = 2;
    pub(in super::super) const SCHEMA: i64 = 3;
    pub(in super::super) const PRINCIPAL: i64 = 4;
    pub(in super::super) const ASSEMBLY: i64 = 5;
    pub(in super::super) const TYPE: i64 = 6;
    pub(in super::super) const INDEX: i64 = 7;
    pub(in super::super) const TABLE_TYPE_COLUMN: i64 = 8;
    pub(in super::super) const XML_COLLECTION: i64 = 10;
    pub(in super::super) const MESSAGE_TYPE: i64 = 15;
    pub(in super::super) const CONTRACT: i64 = 16;
    pub(in super::super) const SERVICE: i64 = 17;
    pub(in super::super) const REMOTE_BINDING: i64 = 18;
    pub(in super::super) const ROUTE: i64 = 19;
    pub(in super::super) const DATA_SPACE: i64 = 20;
    pub(in super::super) const PARTITION_FUNCTION: i64 = 21;
    pub(in super::super) const FULLTEXT_CATALOG: i64 = 23;
    pub(in super::super) const SYMMETRIC_KEY: i64 = 24;
    pub(in super::super) const CERTIFICATE: i64 = 25;
    pub(in super::super) const ASYMMETRIC_KEY: i64 = 26;
    pub(in super::super) const PLAN_GUIDE: i64 = 27;
    pub(in super::super) const STOPLIST: i64 = 29;
    pub(in super::super) const SEARCH_PROPERTY_LIST: i64 = 31;
    pub(in super::super) const CREDENTIAL: i64 = 32;
    /// Nothing hangs on it.
    pub(in super::super) const NONE: i64 = -1;
}

/// The extended property that tools show as a comment, SQLAlchemy among them.
const COMMENT: &str = "MS_Description";

/// A thing: its class, the object and the part of it (a column, a parameter, an index).
type Key = (i64, Id, i64);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Notes {
    comments: BTreeMap<Key, String>,
    properties: BTreeMap<Key, Vec<String>>,
    privileges: BTreeMap<Key, BTreeSet<String>>,
    parameters: BTreeMap<(Id, i64), String>,
}

impl Notes {
    pub(super) fn read(properties: Vec<Texts>, permissions: Vec<Texts>, parameters: Vec<Texts>) -> Self {
        let mut notes = Self::default();
        for mut f in properties.into_iter().map(Fields::new) {
            let key = (f.number(), f.number(), f.number());
            let (name, value, ty) = (f.text(), f.text(), f.text());
            if name == COMMENT && ty.ends_with("char") {
                notes.comments.insert(key, value);
            } else {
                let ty = if ty.ends_with("char") { String::new() } else { format!("{ty} ") };
                notes.properties.entry(key).or_default().push(format!("{name} = {ty}{value}"));
            }
        }
        for mut f in permissions.into_iter().map(Fields::new) {
            let key = (f.number(), f.number(), f.number());
            let state = f.text();
            let (privilege, to, by) = (f.text().to_lowercase(), f.text(), f.text());
            let denied = if state == "D" { "deny " } else { "" };
            let grantable = if state == "W" { " with grant option" } else { "" };
            let by = if by == "dbo" { String::new() } else { format!(" by {by}") };
            // REVOKE is told of a column that is left out of what was granted on the table.
            let denied = if state == "R" { "not " } else { denied };
            let told = format!("{denied}{privilege} to {to}{grantable}{by}");
            notes.privileges.entry(key).or_default().insert(told);
        }
        for mut f in parameters.into_iter().map(Fields::new) {
            notes.parameters.insert((f.number(), f.number()), f.text());
        }
        notes
    }

    /// Adds what hangs on a thing.
    pub(super) fn on(&self, builder: Builder, class: i64, object: Id, part: i64) -> Builder {
        let key = (class, object, part);
        let privileges = self.privileges.get(&key).map(|all| all.iter().cloned().collect::<Vec<_>>());
        builder
            .list("privileges", privileges.as_ref())
            .some("comment", self.comments.get(&key).map(String::as_str))
            .list("properties", self.properties.get(&key))
    }

    /// What hangs on the parameters of a procedure or function.
    pub(super) fn on_parameters(&self, object: Id) -> Option<String> {
        let range = (object, 0)..=(object, i64::MAX);
        let mut told = Vec::new();
        for ((_, number), name) in self.parameters.range(range) {
            let key = (class::PARAMETER, object, *number);
            told.extend(self.comments.get(&key).map(|comment| format!("{name}: {comment}")));
            told.extend(self.properties.get(&key).into_iter().flatten().map(|it| format!("{name}: {it}")));
        }
        (!told.is_empty()).then(|| told.join(", "))
    }

    /// The comment and the properties of a constraint, whose own attributes they are not.
    pub(super) fn text(&self, class: i64, object: Id) -> Option<String> {
        let key = (class, object, 0);
        let comment = self.comments.get(&key).into_iter();
        let told: Vec<&str> =
            comment.chain(self.properties.get(&key).into_iter().flatten()).map(String::as_str).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }
}
