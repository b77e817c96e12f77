//! Changes of a schema with their reverse.

use mrt_chain::settings::EngineKind;

use super::FieldDefault;
use super::field::Field;
use crate::operation::{
    self, Change, Column, Constraint, ConstraintKind, ConstraintRule, Index, Kind, ObjectKind, Setting,
};

/// What a step does and undoes.
#[derive(Debug, Default)]
pub(super) struct Both {
    pub(super) up: Vec<Kind>,
    pub(super) down: Vec<Kind>,
}

impl Both {
    pub(super) fn one(up: Kind, down: Kind) -> Self {
        Self { up: vec![up], down: vec![down] }
    }

    pub(super) fn and(mut self, mut other: Self) -> Self {
        self.up.append(&mut other.up);
        // What was done last is undone first.
        other.down.append(&mut self.down);
        self.down = other.down;
        self
    }

    /// The other way round.
    pub(super) fn turned(self) -> Self {
        Self { up: self.down, down: self.up }
    }
}

/// Tables that are made.
pub(super) fn made(tables: Vec<Kind>, unmanaged: bool) -> Both {
    let tables = if unmanaged { Vec::new() } else { tables };
    let make = |create: Kind| {
        let drop = match &create {
            Kind::CreateTable { table, .. } => drop_table(table),
            other => other.clone(),
        };
        Both::one(create, drop)
    };
    tables.into_iter().map(make).fold(Both::default(), Both::and)
}

pub(super) fn drop_table(table: &str) -> Kind {
    Kind::DropTable { table: table.to_owned(), cascade: false, missing_ok: false }
}

/// A table of which nothing is known.
pub(super) fn create_unknown(table: &str) -> Kind {
    Kind::CreateTable {
        table: table.to_owned(),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        from_query: None,
        partition_of: None,
        exists_ok: false,
        complete: false,
    }
}

pub(super) fn rename_table(from: &str, to: &str) -> Both {
    let rename = |from: &str, to: &str| Kind::RenameTable { from: from.to_owned(), to: to.to_owned() };
    Both::one(rename(from, to), rename(to, from))
}

pub(super) fn rename_column(table: &str, from: &str, to: &str) -> Both {
    let rename = |from: &str, to: &str| Kind::AlterColumn {
        table: table.to_owned(),
        column: from.to_owned(),
        change: Change { name: Some(to.to_owned()), ..Change::default() },
    };
    Both::one(rename(from, to), rename(to, from))
}

pub(super) fn rename_index(table: &str, from: &str, to: &str) -> Kind {
    Kind::Rename {
        object: ObjectKind::Index,
        from: from.to_owned(),
        to: to.to_owned(),
        table: Some(table.to_owned()),
    }
}

pub(super) fn unique_over(table: &str, columns: Vec<String>) -> Both {
    let constraint = Constraint {
        options: operation::Options::new(),
        name: None,
        rule: ConstraintRule::Unique,
        columns,
        deferred: String::new(),
    };
    constraint_as(table, constraint, true)
}

pub(super) fn constraint_as(table: &str, constraint: Constraint, validated: bool) -> Both {
    let kind = constraint.rule.kind();
    // One without a name is found by its role.
    let role = || format!("{}({})", kind.as_str(), constraint.columns.join(", "));
    let drop = Kind::DropConstraint {
        table: table.to_owned(),
        name: Some(constraint.name.clone().unwrap_or_else(role)),
        kind: Some(kind).filter(|kind| *kind != ConstraintKind::PrimaryKey),
        missing_ok: false,
    };
    Both::one(Kind::CreateConstraint { table: table.to_owned(), constraint, validated }, drop)
}

pub(super) fn index_over(table: &str, columns: Vec<String>) -> Both {
    let index = Index {
        options: operation::Options::new(),
        name: None,
        columns: Some(columns),
        unique: Some(false),
        predicate: Setting::None,
    };
    index_as(table, index, false)
}

pub(super) fn index_as(table: &str, index: Index, concurrently: bool) -> Both {
    let role =
        || format!("index({})", index.columns.as_ref().map_or(String::new(), |columns| columns.join(", ")));
    let drop = Kind::DropIndex {
        name: index.name.clone().unwrap_or_else(role),
        table: Some(table.to_owned()),
        concurrently,
        missing_ok: false,
    };
    Both::one(Kind::CreateIndex { table: table.to_owned(), index, concurrently, exists_ok: false }, drop)
}

/// What becomes of a column; `None` where the database sees nothing of it.
pub(super) fn change(old: &Field, old_column: &Column, new: &Field, new_column: &Column) -> Option<Change> {
    let ty = match (&old_column.ty, &new_column.ty) {
        (Some(old), Some(new)) if old != new => Some(Some(new.clone())),
        _ => None,
    };
    let nullable = match (old.null, new.null) {
        (Some(old), Some(new)) if old != new => Some(new),
        _ => None,
    };
    (ty.is_some() || nullable.is_some()).then(|| Change {
        ty,
        nullable,
        existing_type: old_column.ty.clone(),
        existing_nullable: old.null,
        // Django writes the default into rows that have NULL; an empty text that it takes for one it does not.
        fills: nullable == Some(false) && new.default != FieldDefault::None,
        ..Change::default()
    })
}

/// On MySQL a unique constraint is a unique index.
pub(super) fn on_engine(kind: Kind, engine: EngineKind) -> Kind {
    let has_constraints = !matches!(engine, EngineKind::MySql | EngineKind::MariaDb);
    match kind {
        kind if has_constraints => kind,
        Kind::CreateConstraint { table, constraint, .. } if constraint.rule == ConstraintRule::Unique => {
            let role = || format!("unique({})", constraint.columns.join(", "));
            let index = Index {
                options: operation::Options::new(),
                name: Some(constraint.name.clone().unwrap_or_else(role)),
                columns: Some(constraint.columns),
                unique: Some(true),
                predicate: Setting::None,
            };
            Kind::CreateIndex { table, index, concurrently: false, exists_ok: false }
        }
        Kind::DropConstraint { table, name: Some(name), kind: Some(ConstraintKind::Unique), missing_ok } => {
            Kind::DropIndex { name, table: Some(table), concurrently: false, missing_ok }
        }
        kind => kind,
    }
}
