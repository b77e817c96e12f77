//! What was read, before it becomes the two views of the catalog.

use std::collections::BTreeMap;

use super::table::TableText;
use crate::database::catalog::Attributes;

/// Everything of one database.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// The database's own attributes.
    pub(super) database: Attributes,
    /// The collation that goes without saying, by character set.
    pub(super) collations: BTreeMap<String, String>,
    pub(super) tables: BTreeMap<String, TableText>,
    /// How rows are stored in effect, by table.
    pub(super) row_formats: BTreeMap<String, String>,
    pub(super) views: Vec<View>,
    /// MariaDB's, by name.
    pub(super) sequences: BTreeMap<String, Attributes>,
    pub(super) routines: Vec<Routine>,
    /// MySQL's libraries of code in other languages, by name.
    pub(super) libraries: BTreeMap<String, Attributes>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) events: Vec<Event>,
    /// What the server itself cannot read (a table of an engine that is not there), and its words.
    pub(super) unreadable: BTreeMap<String, String>,
}

/// A view.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) name: String,
    /// What sort of view it is, beside an ordinary one.
    pub(super) sort: Option<String>,
    /// The names that it gives to its columns, where they stand apart from the definition.
    pub(super) columns: Option<String>,
    pub(super) algorithm: String,
    pub(super) definer: String,
    pub(super) security: String,
    pub(super) check_option: Option<String>,
    /// For people, and as SQL.
    pub(super) definition: String,
    pub(super) sql: String,
}

/// A function or procedure, or a package of MariaDB.
#[derive(Debug, Default)]
pub(super) struct Routine {
    /// FUNCTION, PROCEDURE, PACKAGE, PACKAGE BODY.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) parameters: String,
    pub(super) returns: Option<String>,
    pub(super) aggregate: bool,
    pub(super) body: String,
    pub(super) language: Option<String>,
    /// Libraries that it uses.
    pub(super) libraries: Option<String>,
    pub(super) deterministic: bool,
    pub(super) data_access: String,
    pub(super) security: String,
    pub(super) sql_mode: String,
    pub(super) comment: Option<String>,
    pub(super) definer: String,
    /// What its texts are compared by where nothing else is said.
    pub(super) database_collation: String,
}

/// A trigger.
#[derive(Debug, Default)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) table: String,
    /// `INSERT`, `UPDATE`, `DELETE`.
    pub(super) event: String,
    /// `BEFORE`, `AFTER`.
    pub(super) timing: String,
    /// Its place among those of the same table, event and time.
    pub(super) order: u64,
    pub(super) body: String,
    pub(super) sql_mode: String,
    pub(super) definer: String,
    pub(super) database_collation: String,
}

/// An event: what the server does by the clock.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) schedule: String,
    /// From when on, where that is not the moment at which it was made.
    pub(super) starts: Option<String>,
    pub(super) ends: Option<String>,
    pub(super) time_zone: String,
    pub(super) status: String,
    pub(super) on_completion: String,
    pub(super) body: String,
    pub(super) sql_mode: String,
    pub(super) comment: Option<String>,
    pub(super) definer: String,
    pub(super) database_collation: String,
}
