//! Django's migrations: read as text, put in order, and told as the same operations as Alembic's.
//!
//! ```text
//! a file -> written (a list of actions) -> graph (their order) -> replay (with the state before: operations, up and down)
//! ```
//!
//! A migration of Django says only what changes. What an operation comes to, and what its reverse is, hangs on the models as
//! earlier migrations have left them, so that actions become operations when the project is gone through in order.

mod app;
mod both;
mod code;
mod field;
mod files;
mod graph;
mod replay;
mod schema;
mod state;
pub(crate) mod suite;
mod written;

pub use field::Default as FieldDefault;
pub use files::{DiscoveryError, find};
pub use suite::operations;

use std::ops::Range;

/// What a migration of Django says beside what it does to the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Django {
    /// The file's name, without `.py`.
    pub name: String,
    /// It runs in one transaction, where the engine has them for DDL.
    pub atomic: bool,
    /// It stands for others (`replaces`).
    pub replaces: bool,
    /// Migrations beside it that its name says it stands for, though it does not.
    pub stands_beside: Vec<String>,
    /// 1-based line of `class Migration`.
    pub line: u32,
    /// What its operations say beside.
    pub steps: Vec<Step>,
}

/// One operation as Django has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// 1-based line.
    pub line: u32,
    /// What it comes to, among the operations of the upgrade.
    pub upgrade: Range<usize>,
    /// What is to be known of it.
    pub what: What,
}

/// What is to be known of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// `AddField` of something that has a column.
    AddField {
        /// Values stand once.
        unique: bool,
        /// Older rows are given a value, or need none.
        fills: bool,
        /// What they are given.
        default: FieldDefault,
        /// NULL is allowed.
        nullable: bool,
    },
    /// `AddIndex`, or another operation that builds one.
    AddIndex,
    /// `RenameModel`, and the tables of many-to-many fields that it renames along.
    RenameModel {
        /// The old name.
        from: String,
        /// The new one.
        to: String,
        /// Such tables.
        tables: Vec<String>,
    },
    /// `RunPython`.
    RunPython(Python),
    /// `RunSQL`.
    RunSql {
        /// There is a `reverse_sql`.
        reversible: bool,
    },
    /// Anything else.
    Other,
}

/// What is known of a `RunPython`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The function.
    pub name: String,
    /// There is a `reverse_code`.
    pub reversible: bool,
    /// It does nothing (`RunPython.noop`).
    pub empty: bool,
    /// Models that it imports and asks for rows, and the line where it does.
    pub imported: Vec<(String, u32)>,
    /// Tables into which it writes rows with foreign keys, as far as its text tells.
    pub writes: Vec<String>,
}
