//! Rows: as we write them and as we read them back.

use std::collections::BTreeMap;

use super::catalog::TableName;

/// A value to be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// A decimal or floating point number, spelt as SQL spells it (`-1.50`, `1e308`).
    Number(String),
    /// Text, and every type that is written as a quoted literal (dates, UUIDs, JSON, enums, arrays, …).
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row to be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// Where.
    pub table: TableName,
    /// Column names and values; columns left out get their defaults.
    pub values: Vec<(String, Value)>,
    /// The table's primary key columns.
    pub primary_key: Vec<String>,
    /// Some value is for an identity column that is declared ALWAYS.
    pub overrides_identity: bool,
}

/// Why the server refused a row, in its own words, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The server's message.
    pub message: String,
    /// What sort of refusal.
    pub reason: Reason,
    /// The constraint's name, if the server names one.
    pub constraint: Option<String>,
    /// Columns that the server names.
    pub columns: Vec<String>,
}

/// Sorts of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A CHECK, domain or partition condition.
    Check,
    /// A unique or primary key.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// NOT NULL.
    NotNull,
    /// An exclusion constraint.
    Exclusion,
    /// The value does not fit the type (too long, out of range, malformed).
    Value,
    /// Anything else: a trigger that raises, a permission.
    Other,
}

/// Canonical contents: what was read of the tables that hold rows. Tables without rows are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Rows by table.
    pub tables: BTreeMap<TableName, Rows>,
}

/// The rows of one table, in a stable order (by primary key, else by all columns).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Column names, in the table's order.
    pub columns: Vec<String>,
    /// Indexes into `columns` of the primary key; empty when there is none.
    pub key: Vec<usize>,
    /// Canonical values, one per column; `None` is NULL. Equal values have equal texts, others do not.
    pub rows: Vec<Vec<Option<String>>>,
}
