//! What a migration does, in one form, whether it is written as a call of Alembic or as SQL.
//!
//! Names are as the migration writes them, with their schema (`audit.log`). What only running the migration tells is `None`,
//! or makes the whole operation [`Kind::Opaque`].

mod display;

use std::collections::BTreeMap;

use crate::undo::Object;

/// One step of `upgrade` or `downgrade`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// What is done.
    pub kind: Kind,
    /// 1-based line of the call.
    pub line: u32,
    /// Whether it happens hangs on something that cannot be known.
    pub conditional: bool,
    /// How it is written.
    pub written: Written,
    /// Outside of the migration's transaction (`autocommit_block`, or behind a COMMIT of its own).
    pub autocommit: bool,
    /// A batch that is told what the table is (`copy_from=`, `table_args=`), and does not look for itself.
    pub restated: bool,
    /// What it says besides.
    pub said: Said,
}

/// What an operation says besides what it does. A statement of SQL that does several things says it with the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Names in SQL that stand alone and without quotes, where the name of a table, a column or the like must stand.
    pub bare: Vec<String>,
    /// Texts of SQL in quotes.
    pub texts: Vec<String>,
    /// An index that has a condition for other engines, and none for this one.
    pub partial_elsewhere: bool,
    /// Names that SQLAlchemy shortens where they are too long (`op.f`).
    pub fitted: Vec<String>,
    /// `ALTER TABLE IF EXISTS`: nothing is done where there is no such table.
    pub if_table_exists: bool,
}

/// A statement that is refused inside of a transaction, and stands in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its first words.
    pub what: String,
    /// 1-based line.
    pub line: u32,
}

/// How an operation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// `op.drop_column(…)`.
    Call,
    /// A call inside of `op.batch_alter_table(…)`, which may rebuild the table.
    Batch,
    /// SQL for `op.execute`.
    Sql,
    /// SQL for a connection.
    Connection,
    /// An operation of Django, whose reverse Django knows.
    Django,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the words of SQL")]
pub enum Kind {
    /// A table is made. `complete`: nothing of it is unknown.
    CreateTable {
        table: String,
        columns: Vec<Column>,
        constraints: Vec<Constraint>,
        indexes: Vec<Index>,
        from_query: Option<String>,
        partition_of: Option<String>,
        exists_ok: bool,
        complete: bool,
    },
    /// A table is dropped.
    DropTable { table: String, cascade: bool, missing_ok: bool },
    /// A table gets another name.
    RenameTable { from: String, to: String },
    /// A column is added.
    AddColumn { table: String, column: Column, exists_ok: bool },
    /// A column is dropped.
    DropColumn { table: String, column: String, missing_ok: bool },
    /// A column is changed.
    AlterColumn { table: String, column: String, change: Change },
    /// An index is made.
    CreateIndex { table: String, index: Index, concurrently: bool, exists_ok: bool },
    /// An index is dropped.
    DropIndex { name: String, table: Option<String>, concurrently: bool, missing_ok: bool },
    /// A constraint is made. `validated` is false for PostgreSQL's NOT VALID.
    CreateConstraint { table: String, constraint: Constraint, validated: bool },
    /// A constraint is dropped. Alembic refuses one without a name.
    DropConstraint { table: String, name: Option<String>, kind: Option<ConstraintKind>, missing_ok: bool },
    /// Another object is made. `definition` is compared, `replaces` is OR REPLACE.
    Create {
        object: ObjectKind,
        name: String,
        table: Option<String>,
        definition: Option<String>,
        replaces: bool,
        exists_ok: bool,
    },
    /// Another object is dropped.
    Drop { object: ObjectKind, name: String, table: Option<String>, missing_ok: bool, cascade: bool },
    /// Another object gets another name.
    Rename { object: ObjectKind, from: String, to: String, table: Option<String> },
    /// Another object is changed.
    Alter { object: ObjectKind, name: String, what: String },
    /// Something else is said of an object: how it is stored, whether it is switched on.
    Set { object: Object, options: Options },
    /// An enum type gets a label more.
    AddEnumValue { name: String, value: String },
    /// Rows are added: `sources` are the tables that they come from, `words` what the query mentions.
    /// `lenient`: rows that are there already, or are refused, are passed over.
    Insert { table: String, columns: Vec<String>, sources: Vec<String>, bulk: bool, lenient: bool },
    /// Values are changed. `columns` are written, `reads` is every word of what they are set to, `values` is what each becomes.
    Update {
        table: String,
        columns: Vec<String>,
        reads: Vec<String>,
        values: Vec<(String, Assigned)>,
        whole: bool,
    },
    /// Rows are removed.
    Delete { table: String, whole: bool },
    /// All rows are removed.
    Truncate { table: String },
    /// SQL whose meaning is not known here.
    Raw { sql: String },
    /// Python whose meaning is not known here.
    Opaque { what: String },
    /// The step ends with an exception.
    Raise,
}

/// What a column is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// The same for every row; `None` is NULL.
    Literal(Option<String>),
    /// Its own value, and a number: no value stays what it was.
    Arithmetic,
    /// What another column has, or its negation.
    Column(String),
    /// Something else.
    Other,
}

/// A column as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Option<Type>,
    /// Whether NULL is allowed.
    pub nullable: Option<bool>,
    /// What the server fills in.
    pub default: Setting,
    /// Part of the primary key.
    pub primary_key: bool,
    /// A unique constraint of its own, without a name.
    pub unique: bool,
    /// An index of its own.
    pub index: bool,
    /// Foreign keys that are written at the column.
    pub foreign_keys: Vec<Constraint>,
    /// Computed by the server.
    pub generated: Option<String>,
    /// An identity, a serial or an automatic key: the server fills it in.
    pub automatic: bool,
    /// What is said of it.
    pub comment: Setting,
    /// `default=` of SQLAlchemy, which fills in no older row.
    pub client_default: bool,
    /// What else is said of it.
    pub options: Options,
}

/// A type, spelled in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// `VARCHAR(20)`.
    pub text: String,
    /// The name of the enum type, where the server has named ones.
    pub enum_name: Option<String>,
    /// SQLAlchemy makes that type along with the table.
    pub makes_enum: bool,
    /// A collation of its own is said.
    pub collated: bool,
}

/// What else is said of something, by words that are compared as they are: `collation`, `included columns`.
pub type Options = BTreeMap<&'static str, Setting>;

/// Something that may be absent, present, or not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Setting {
    /// There is none.
    #[default]
    None,
    /// It is this one.
    Is(String),
    /// Something that only running the migration tells.
    Unknown,
}

/// A change of a column; `None` is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The new type; `Some(None)` is one that is not known.
    pub ty: Option<Option<Type>>,
    /// The new nullability.
    pub nullable: Option<bool>,
    /// The new default.
    pub default: Option<Setting>,
    /// The new name.
    pub name: Option<String>,
    /// The type that the author says it has had.
    pub existing_type: Option<Type>,
    /// A type is said, new or existing, known here or not.
    pub typed: bool,
    /// The nullability that the author says it has had.
    pub existing_nullable: Option<bool>,
    /// The default that the author says it has had.
    pub existing_default: Option<Setting>,
    /// The new comment.
    pub comment: Option<Setting>,
    /// The whole column is said anew (MySQL's MODIFY): what is not said is gone.
    pub restated: bool,
    /// The USING expression.
    pub using: Option<String>,
    /// Rows that have NULL get a value before it is forbidden.
    pub fills: bool,
    /// What else is said of it.
    pub options: Options,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name; `None` is the server's choice.
    pub name: Option<String>,
    /// Columns and expressions; `None` where one is not known.
    pub columns: Option<Vec<String>>,
    /// Whether values stand once.
    pub unique: Option<bool>,
    /// The condition of a partial index.
    pub predicate: Setting,
    /// What else is said of it.
    pub options: Options,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// Its name; `None` is the server's choice.
    pub name: Option<String>,
    /// What it demands.
    pub rule: ConstraintRule,
    /// Its columns; empty where they are not known.
    pub columns: Vec<String>,
    /// When it is looked after: `deferrable`, `deferrable initially deferred`; empty is at once.
    pub deferred: String,
    /// What else is said of it.
    pub options: Options,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the words of SQL")]
pub enum ConstraintRule {
    /// PRIMARY KEY
    PrimaryKey,
    /// UNIQUE
    Unique,
    /// CHECK
    Check { condition: Option<String> },
    /// FOREIGN KEY
    ForeignKey { table: Option<String>, columns: Vec<String>, on_delete: Setting, on_update: Setting },
    /// Something of PostgreSQL's own.
    Exclude,
}

/// The kinds of constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConstraintKind {
    /// PRIMARY KEY
    PrimaryKey,
    /// UNIQUE
    Unique,
    /// CHECK
    Check,
    /// FOREIGN KEY
    ForeignKey,
    /// EXCLUDE
    Exclude,
}

/// Objects beside tables and what belongs to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the words of SQL")]
pub enum ObjectKind {
    Index,
    View,
    Trigger,
    Function,
    Procedure,
    Type,
    Sequence,
    Schema,
    Extension,
    Policy,
    Role,
    Grant,
    Comment,
    Rule,
    Statistics,
    Event,
    Package,
    Constraint,
    Database,
}

impl ConstraintRule {
    /// Its kind.
    pub fn kind(&self) -> ConstraintKind {
        match self {
            Self::PrimaryKey => ConstraintKind::PrimaryKey,
            Self::Unique => ConstraintKind::Unique,
            Self::Check { .. } => ConstraintKind::Check,
            Self::ForeignKey { .. } => ConstraintKind::ForeignKey,
            Self::Exclude => ConstraintKind::Exclude,
        }
    }
}

impl Kind {
    /// Whether rows are written and the schema is not.
    pub fn is_data(&self) -> bool {
        matches!(
            self,
            Self::Insert { .. } | Self::Update { .. } | Self::Delete { .. } | Self::Truncate { .. }
        )
    }

    /// Whether anything may be behind it.
    pub fn is_opaque(&self) -> bool {
        matches!(self, Self::Raw { .. } | Self::Opaque { .. })
    }

    /// The table that is there before the step.
    pub fn old_table(&self) -> Option<&str> {
        match self {
            Self::DropTable { table, .. }
            | Self::RenameTable { from: table, .. }
            | Self::AddColumn { table, .. }
            | Self::DropColumn { table, .. }
            | Self::AlterColumn { table, .. }
            | Self::CreateIndex { table, .. }
            | Self::CreateConstraint { table, .. }
            | Self::DropConstraint { table, .. } => Some(table),
            kind => kind.writes(),
        }
    }

    /// The table whose rows are written.
    pub fn writes(&self) -> Option<&str> {
        match self {
            Self::Insert { table, .. }
            | Self::Update { table, .. }
            | Self::Delete { table, .. }
            | Self::Truncate { table } => Some(table),
            _ => None,
        }
    }
}
