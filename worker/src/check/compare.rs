//! Before against after: catalogs and rows. Pure.

mod catalogs;
mod rows;

use std::collections::BTreeSet;

use mrt_report::{Evidence, FindingKind};

use crate::seed::{Batch, RowKind};

pub(crate) use catalogs::{Comparison, catalogs, excuse_served_keys};
pub(crate) use rows::{RowContext, contents};

/// What is said of a row that no seed of this cell has written.
pub(crate) const EARLIER: &str = "written by an earlier revision";
/// The name of a row that the revision has written into a table without a key.
pub(crate) const UNNAMED: &str = "new row";

/// A difference that was seen in one trial, before it is known on which rows it hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) kind: FindingKind,
    pub(crate) object: String,
    /// Leaves a `pass` a pass.
    pub(crate) note: bool,
    pub(crate) message: String,
    pub(crate) evidence: Evidence,
    /// The seeded rows that show it; empty when the schema alone does.
    pub(crate) rows: BTreeSet<(Batch, RowKind)>,
    /// It is about rows B, which a rollback may lose at the price of a warning.
    pub(crate) about_b: bool,
}

impl Difference {
    /// A difference of the schema that no attribute shows.
    pub(crate) fn of_schema(object: String, message: String, error: Option<String>) -> Self {
        Self {
            kind: FindingKind::SchemaNotRestored,
            object,
            note: false,
            message,
            evidence: Evidence { error, ..Evidence::default() },
            rows: BTreeSet::new(),
            about_b: false,
        }
    }
}

#[cfg(test)]
mod tests;
