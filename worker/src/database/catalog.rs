//! The catalog of a database: what a rollback can lose.
//!
//! Two views of the same facts. [`Catalog::objects`] is for comparing: flat, every attribute a normalised
//! string, so that one comparison serves every engine. [`Catalog::tables`] is for seeding: typed.

use std::collections::BTreeMap;
use std::fmt;

/// Everything that was read from one database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// All objects with all attributes, normalised.
    pub objects: BTreeMap<ObjectKey, Attributes>,
    /// Tables as seeding sees them, bookkeeping (`alembic_version`) included and marked by nothing:
    /// who asks, leaves it out.
    pub tables: BTreeMap<TableName, Table>,
    /// Views, functions and triggers with the text that tells what they read and write.
    pub code: Vec<Code>,
}

/// Attribute name to normalised value. An absent attribute differs from every value.
pub type Attributes = BTreeMap<&'static str, String>;

/// The attribute that holds the order of a table's columns; a difference in it is a note.
pub const COLUMN_ORDER: &str = "column order";

/// The attribute of an index that the server may have made by itself for a foreign key that is there: it has that key's
/// columns and nothing more, and its name is no choice of anybody's. It stays behind when the key is dropped, and correct
/// migrations leave it behind. The index is the same one with this attribute and without it.
pub const SERVED_KEY: &str = "serves a foreign key";

/// The attribute with the user who defined a view, routine, trigger or event.
pub const DEFINER: &str = "definer";

/// The attribute of a role that tells its passwords apart; one that a revision makes up differs each time.
pub const PASSWORD: &str = "password";

/// The attribute of a membership with the path of the role that is the member.
pub const MEMBER: &str = "member";

/// Identifies an object across two readings of a catalog.
///
/// `path` ends in the object's name, or, where the server invented that name, in its role:
/// `users.unique(email)`. So a name that a person chose is part of the schema and one that nobody chose is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The path of the object that it belongs to (a table's, for a column), if any. When the owner is missing
    /// as a whole, its parts are not reported one by one.
    pub owner: Option<String>,
    /// What it is.
    pub kind: ObjectKind,
    /// Schema-qualified unless in the default schema: `users`, `users.phone`, `audit.log.ix_log_at`, `mood`.
    pub path: String,
}

/// Kinds of schema objects, over all engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are SQL's own")]
pub enum ObjectKind {
    Database,
    Schema,
    Extension,
    Type,
    Domain,
    Collation,
    Sequence,
    Table,
    Column,
    PrimaryKey,
    Unique,
    ForeignKey,
    Check,
    Exclusion,
    Index,
    Statistics,
    View,
    MaterializedView,
    Trigger,
    Rule,
    Policy,
    Function,
    Procedure,
    Package,
    PackageBody,
    Library,
    Aggregate,
    Operator,
    Cast,
    Publication,
    EventTrigger,
    Event,
    ForeignServer,
    DefaultPrivilege,
    /// What all databases of a server share, a role; its path begins with the noun (`role reader`).
    ServerWide,
    Other,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Database => "database",
            Self::Schema => "schema",
            Self::Extension => "extension",
            Self::Type => "type",
            Self::Domain => "domain",
            Self::Collation => "collation",
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Column => "column",
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique constraint",
            Self::ForeignKey => "foreign key",
            Self::Check => "check constraint",
            Self::Exclusion => "exclusion constraint",
            Self::Index => "index",
            Self::Statistics => "statistics",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Package => "package",
            Self::PackageBody => "package body",
            Self::Library => "library",
            Self::Aggregate => "aggregate",
            Self::Operator => "operator",
            Self::Cast => "cast",
            Self::Publication => "publication",
            Self::EventTrigger => "event trigger",
            Self::Event => "event",
            Self::ForeignServer => "foreign server",
            Self::DefaultPrivilege => "default privilege",
            Self::ServerWide => "server-wide",
            Self::Other => "object",
        })
    }
}

/// A table's name; `schema` is `None` in the default schema (`public`, `main`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// Schema, unless the default one.
    pub schema: Option<String>,
    /// Name, as stored.
    pub name: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A base table (a partitioned parent counts, its partitions do not; neither do views).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in key order; empty when there is none.
    pub primary_key: Vec<String>,
    /// Unique constraints and unique indexes, the primary key left out.
    pub uniques: Vec<Unique>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Conditions that every row meets: CHECK constraints, and what a partitioned table demands of a row.
    pub checks: Vec<Check>,
    /// Constraints that compare rows with each other by operators (PostgreSQL EXCLUDE): columns involved.
    pub exclusions: Vec<Vec<String>>,
    /// The partitions that hold the rows of a partitioned table.
    pub partitions: Vec<Partition>,
}

/// A column, as seeding sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, as stored.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The default expression, as the server prints it.
    pub default: Option<String>,
    /// Computed by the server from other columns; cannot be written.
    pub generated: bool,
    /// Fed by a counter when left out (identity, serial, rowid alias, AUTO_INCREMENT).
    pub counter: bool,
    /// An identity column declared ALWAYS, which takes an explicit value only on demand.
    pub identity_always: bool,
}

/// A column's type: a family that seeding knows, and the native spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnType {
    /// What kind of values it takes.
    pub family: Family,
    /// The engine's own spelling, usable in a cast: `character varying(50)`, `audit.mood`.
    pub native: String,
    /// Conditions that a domain puts on the value, over the word `VALUE`.
    pub domain_checks: Vec<String>,
}

/// Families of types. Lengths are in characters, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    /// True or false.
    Boolean,
    /// Whole numbers between the two bounds, both allowed.
    Integer {
        /// Smallest.
        min: i128,
        /// Largest.
        max: i128,
    },
    /// Exact decimals; `None` means unbounded.
    Decimal {
        /// All digits.
        precision: Option<u32>,
        /// Digits behind the point.
        scale: Option<i32>,
    },
    /// Binary floating point of 32 or 64 bits.
    Float {
        /// 32 or 64.
        bits: u8,
    },
    /// Text; `max` is its limit.
    Text {
        /// Longest text, in characters; `None` means unbounded.
        max: Option<usize>,
        /// Padded with blanks to `max` (CHAR), so trailing blanks do not count.
        padded: bool,
    },
    /// Bytes; `max` is in bytes.
    Bytes {
        /// Longest value, in bytes; `None` means unbounded.
        max: Option<usize>,
    },
    /// Calendar day.
    Date,
    /// Time of day.
    Time {
        /// With an offset from UTC.
        zoned: bool,
        /// Digits of a second's fraction that are kept.
        digits: u8,
    },
    /// Day and time.
    Timestamp {
        /// Stored as an instant, or with an offset.
        zoned: bool,
        /// Digits of a second's fraction that are kept.
        digits: u8,
    },
    /// A span of time.
    Interval,
    /// A UUID; `hex` when the engine stores 32 digits without dashes in text.
    Uuid {
        /// 32 digits, no dashes.
        hex: bool,
    },
    /// JSON; `binary` when the engine normalises it (jsonb).
    Json {
        /// Normalised when stored.
        binary: bool,
    },
    /// One of these labels, in their order.
    Enum(Vec<String>),
    /// Array of that type, one dimension.
    Array(Box<ColumnType>),
    /// Anything else: [`super::Dialect::samples`] knows values.
    Other,
}

/// A unique constraint or unique index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// Its name.
    pub name: String,
    /// Columns, as far as it is over columns; an expression contributes the columns that it reads.
    pub columns: Vec<String>,
    /// It is over columns only and over all rows: equal NULLs apart, no two rows agree in `columns`.
    pub plain: bool,
    /// Two NULLs count as equal.
    pub nulls_equal: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Referencing columns.
    pub columns: Vec<String>,
    /// Referenced table.
    pub parent: TableName,
    /// Referenced columns, in the order of `columns`.
    pub parent_columns: Vec<String>,
    /// Deleting the parent changes or deletes the child (CASCADE, SET NULL, SET DEFAULT), rather than fails.
    pub acts_on_delete: bool,
    /// Can be checked at the end of a transaction.
    pub deferrable: bool,
}

/// A condition that every row of a table meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The condition, in the engine's SQL, over bare column names.
    pub condition: String,
    /// Columns that it reads.
    pub columns: Vec<String>,
}

/// A partition that holds rows itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its own name, by which statements may call it.
    pub name: TableName,
    /// What it demands of its rows; nothing when it takes all of them (a lone DEFAULT one).
    pub takes: Option<Check>,
}

/// Code that lives in the database, and what it can touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// View, function or trigger.
    pub kind: ObjectKind,
    /// Its name without schema, as a statement would say it.
    pub name: String,
    /// For a trigger: the table that fires it.
    pub table: Option<TableName>,
    /// Its text.
    pub body: String,
}
