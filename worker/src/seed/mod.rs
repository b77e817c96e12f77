//! Seeding: rows that make a loss visible.
//!
//! Pure planning over the typed catalog, plus questions to the database where only it can answer (does a row meet
//! this CHECK?). Deterministic: a value derives from (suite, revision, table, column, row).

mod combinations;
mod compat;
mod compose;
mod conditions;
mod counterparts;
mod cycles;
mod edges;
mod groups;
mod hints;
mod insert;
mod keys;
mod model;
mod numbers;
mod patterns;
mod plan;
mod probe;
mod values;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{Contents, NewRow};
use crate::database::{DatabaseError, Dialect, Session};

/// Puts rows into the tables of a request, parents first, and moves counters past their keys.
///
/// What the database refuses is tried again with other values; a table that holds no row in the end is reported with
/// the database's own words. An error means that the database cannot be asked, never that it refused a row.
pub async fn seed(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
    request: &Request<'_>,
) -> Result<Seeded, DatabaseError> {
    let counterparts = counterparts::counterparts(request);
    let stages = plan::plan(request, &counterparts);
    let mut filling = insert::Filling::new(dialect, request);
    for stage in &stages {
        match stage.as_slice() {
            [table] => filling.table(session, table).await?,
            tables => filling.together(session, tables).await?,
        }
    }
    for table in stages.iter().flatten() {
        filling.close_cycles(session, table).await?;
    }
    filling.finish(session).await
}

/// What makes an edge row an edge row. The order is the order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edge {
    /// NULL in each nullable column.
    Nulls,
    /// The longest text, the largest number, the latest date, full precision.
    Largest,
    /// Negative and the smallest numbers, the earliest dates.
    Smallest,
    /// Non-ASCII text, four-byte characters among it.
    NonAscii,
    /// Blanks at both ends.
    Blanks,
    /// Both letter cases.
    LetterCase,
    /// The characters `_ - . , / @ '` and percent, backslash, quotes.
    Punctuation,
    /// Empty text, zero, false.
    Empty,
    /// The same values as an ordinary row in every column that need not be unique.
    Duplicate,
    /// What must be unique differs from an ordinary row's in letter case or blanks alone.
    Twin,
    /// A further label of an enum or IN list, another branch of a condition, another partition; counted.
    Label(u16),
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nulls => f.write_str("NULL in nullable columns"),
            Self::Largest => f.write_str("longest text and largest numbers"),
            Self::Smallest => f.write_str("negative and smallest numbers"),
            Self::NonAscii => f.write_str("non-ASCII text"),
            Self::Blanks => f.write_str("blanks at both ends"),
            Self::LetterCase => f.write_str("both letter cases"),
            Self::Punctuation => f.write_str("punctuation"),
            Self::Empty => f.write_str("empty text and zero"),
            Self::Duplicate => f.write_str("duplicates in columns that are not unique"),
            Self::Twin => {
                f.write_str("a unique text that differs from another in letter case or blanks alone")
            }
            Self::Label(n) => write!(f, "further label {n}"),
        }
    }
}

/// Which row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// An ordinary row, counted from 0.
    Ordinary(u16),
    /// An edge row.
    Edge(Edge),
    /// A row of the user's own.
    Own,
}

/// Rows written before the upgrade, or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Batch {
    /// Rows A, at S0.
    A,
    /// Rows B, at S1.
    B,
}

/// What to seed.
pub struct Request<'a> {
    /// Suite, for values.
    pub suite: &'a str,
    /// Revision, for values.
    pub revision: &'a str,
    /// Rows A or rows B.
    pub batch: Batch,
    /// The catalog of the database as it is now (S0 for A, S1 for B).
    pub here: &'a Catalog,
    /// The catalog on the other side of the revision (S1 for A, S0 for B), whose constraints and casts ordinary
    /// rows satisfy too.
    pub there: &'a Catalog,
    /// The tables to fill; parents that they need are added by the seeder, with just enough rows.
    pub tables: &'a BTreeSet<TableName>,
    /// Which edge rows to write; ordinary rows are always written.
    pub edges: EdgeSet,
    /// Contents whose keys and unique values must be avoided: what is in the database now, and what the
    /// revision itself writes.
    pub avoid: &'a [&'a Contents],
    /// What plausible words free text consists of; see [`Vocabulary`].
    pub vocabulary: Vocabulary,
}

/// Which edge rows to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeSet {
    /// All.
    All,
    /// None.
    None,
    /// Only these.
    Only(BTreeSet<Edge>),
}

/// What free text of ordinary rows looks like where neither type, constraints nor the column's name say.
/// A migration that parses text meets text that it can parse in one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Vocabulary {
    /// Words, guided by the column's name.
    #[default]
    Words,
    /// Decimal digits.
    Digits,
    /// A JSON object.
    Json,
    /// An ISO 8601 date and time.
    DateTime,
    /// A UUID.
    Uuid,
}

/// A row that is in the database now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeededRow {
    /// What was written.
    pub row: NewRow,
    /// Which row it is.
    pub kind: RowKind,
    /// Its canonical primary key as it will be read back, when it is known.
    pub key: Option<Vec<Option<String>>>,
}

/// What came of seeding.
#[derive(Debug, Clone, Default)]
pub struct Seeded {
    /// Rows that are in, in the order of insertion.
    pub rows: Vec<SeededRow>,
    /// Tables of the request that hold no row now, with the database's own words.
    pub not_seeded: BTreeMap<TableName, String>,
}
