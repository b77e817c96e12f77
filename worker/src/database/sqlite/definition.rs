//! What `CREATE` statements say, as `ddl` reads it.

use super::token::Token;

/// What `CREATE TABLE` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TableText {
    pub(super) columns: Vec<ColumnText>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) strict: bool,
    pub(super) without_rowid: bool,
}

/// What a column's own definition says and no pragma does.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ColumnText {
    pub(super) name: String,
    pub(super) not_null: bool,
    /// The conflict clause of NOT NULL.
    pub(super) on_conflict: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) generated: Option<Generated>,
    /// Names that were given to what has no name in SQLite: `not null`, `default`, `collate`, `generated`.
    pub(super) names: Vec<(&'static str, String)>,
}

/// How a column is computed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Generated {
    pub(super) expression: Vec<Token>,
    pub(super) stored: bool,
}

/// A constraint of a table, wherever it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Constraint {
    pub(super) name: Option<String>,
    pub(super) on_conflict: Option<String>,
    pub(super) body: Body,
}

/// What a constraint demands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    PrimaryKey {
        terms: Vec<Term>,
        autoincrement: bool,
        /// Written as a column's `PRIMARY KEY DESC`, which makes no rowid alias.
        column_desc: bool,
    },
    Unique {
        terms: Vec<Term>,
    },
    Check {
        condition: Vec<Token>,
    },
    ForeignKey(Reference),
}

/// A foreign key's two sides.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) columns: Vec<String>,
    pub(super) parent: String,
    /// Empty where the statement leaves it to the parent's primary key.
    pub(super) parent_columns: Vec<String>,
    pub(super) on_delete: Option<String>,
    pub(super) on_update: Option<String>,
    pub(super) matching: Option<String>,
    pub(super) deferrable: bool,
    pub(super) initially_deferred: bool,
}

/// What `CREATE INDEX` says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexText {
    pub(super) unique: bool,
    pub(super) terms: Vec<Term>,
    pub(super) predicate: Option<Vec<Token>>,
}

/// One part of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// A column's name, or an expression.
    pub(super) expression: Vec<Token>,
    pub(super) collation: Option<String>,
    pub(super) desc: bool,
}

impl Term {
    pub(super) fn column(name: &str) -> Self {
        Self { expression: vec![Token::Name(name.to_owned())], collation: None, desc: false }
    }

    /// The name, where the term is nothing but one.
    pub(super) fn name(&self) -> Option<&str> {
        match self.expression.as_slice() {
            [one] => one.as_name(),
            _ => None,
        }
    }
}
