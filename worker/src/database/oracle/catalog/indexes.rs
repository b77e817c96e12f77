//! The comparing view: indexes.

use super::names::{is_invented, is_part_of_another};
use super::raw::Raw;
use super::tables::{said_of, unusual};
use super::tables_rows::{ConstraintRow, IndexColumnRow, IndexRow};
use super::text::{Kind, normal_of, shown, tokens};
use crate::database::catalog::{Attributes, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects the indexes that are there for themselves. One that the server has made for a constraint goes by the
/// constraint's name and with it.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    for index in own(raw) {
        let role = if is_invented(&index.name) {
            format!("index({})", over(raw, index))
        } else {
            index.name.clone()
        };
        let path = format!("{}.{role}", index.table);
        let attributes = attributes(raw, index);
        add(objects, key(ObjectKind::Index, Some(index.table.clone()), path), attributes);
    }
}

/// The indexes that are no part of a constraint or of the server's own doings.
pub(in crate::database::oracle) fn own(raw: &Raw) -> impl Iterator<Item = &IndexRow> {
    raw.indexes.iter().filter(|index| {
        let is_part = is_part_of_another(&index.name) || is_part_of_another(&index.table);
        !is_part && constraint_of(raw, index).is_none()
    })
}

/// The constraint whose name an index has, and for which it was made.
pub(in crate::database::oracle) fn constraint_of<'r>(
    raw: &'r Raw,
    index: &IndexRow,
) -> Option<&'r ConstraintRow> {
    raw.constraints.iter().find(|it| {
        matches!(it.kind.as_str(), "P" | "U")
            && it.table == index.table
            && it.index_name == index.name
            && (it.name == index.name || is_invented(&index.name))
    })
}

/// What is said of the index that enforces a constraint: its name if it has one of its own, or what is unusual about it.
pub(super) fn of_constraint(raw: &Raw, constraint: &ConstraintRow) -> Option<String> {
    if constraint.index_name.is_empty() || is_part_of_another(&constraint.index_name) {
        return None;
    }
    // A name that a constraint once had stays with its index.
    if constraint.index_name != constraint.name && !is_invented(&constraint.index_name) {
        return Some(constraint.index_name.clone());
    }
    let index = raw.indexes.iter().find(|index| index.name == constraint.index_name)?;
    let mut said = unusual_attributes(raw, index).done();
    // What is deferred cannot be enforced by a unique one.
    if index.uniqueness != "UNIQUE" {
        said.insert("unique", "no".to_owned());
    }
    let said: Vec<String> = said.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn attributes(raw: &Raw, index: &IndexRow) -> Attributes {
    said_of(raw, &index.name, unusual_attributes(raw, index))
        .flag("unique", index.uniqueness == "UNIQUE")
        .text("columns", over(raw, index))
        .done()
}

/// All attributes but those that every index has.
pub(in crate::database::oracle) fn unusual_attributes(raw: &Raw, index: &IndexRow) -> Builder {
    let kind = index.kind.strip_prefix("FUNCTION-BASED ").unwrap_or(&index.kind);
    let (base, reversed) = kind.split_once("/REV").map_or((kind, false), |(base, _)| (base, true));
    let compressed = match index.compression.as_str() {
        "ENABLED" => Some(format!("prefix of {}", index.prefix_length)),
        other => unusual(other, &["DISABLED", "NONE"]),
    };
    let domain = (!index.type_name.is_empty()).then(|| {
        let name = raw.qualified(&index.type_owner, &index.type_name);
        if index.parameters.is_empty() { name } else { format!("{name}({})", index.parameters) }
    });
    let default = raw.users.first().map(|user| user.default_tablespace.as_str()).unwrap_or_default();
    let tablespace = Some(index.tablespace.clone()).filter(|name| !name.is_empty() && name != default);
    let of_temporary = raw.tables.iter().any(|table| table.name == index.table && table.temporary == "Y");
    Builder::default()
        .some("owner", Some(index.owner.clone()).filter(|owner| *owner != raw.owner))
        .some("type", unusual(base, &["NORMAL", "IOT - NESTED", "DOMAIN"]))
        .flag("reverse", reversed)
        .some("compressed", compressed)
        .some("tablespace", tablespace.filter(|_| !of_temporary))
        .flag("without logging", index.logging == "NO" && !of_temporary)
        .some("parallel", unusual(&index.degree, &["1", "0"]))
        .flag("unusable", index.status == "UNUSABLE")
        .flag("function disabled", index.funcidx_status == "DISABLED")
        .flag("join", index.join_index == "YES")
        .flag("invisible", index.visibility == "INVISIBLE")
        .flag("partial", index.indexing == "PARTIAL")
        .some("domain", domain)
        .some("partitioned", super::partitions::of_index(raw, &index.name))
}

/// What an index is over, in its order.
pub(super) fn over(raw: &Raw, index: &IndexRow) -> String {
    let parts = parts(raw, index).into_iter().map(|part| {
        let descending = if part.descending { " desc" } else { "" };
        match part.over {
            Over::Column(name) => format!("{}{descending}", shown(&name)),
            Over::Expression(text) => format!("{}{descending}", normal_of(&text, &raw.owner, &index.table)),
        }
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// A part of an index.
pub(in crate::database::oracle) struct Part {
    pub(in crate::database::oracle) over: Over,
    pub(in crate::database::oracle) descending: bool,
}

/// What it is over.
pub(in crate::database::oracle) enum Over {
    Column(String),
    /// As the server prints it.
    Expression(String),
}

/// The parts of an index. A column in descending order is kept as an expression that is nothing but its name.
pub(in crate::database::oracle) fn parts(raw: &Raw, index: &IndexRow) -> Vec<Part> {
    let is_own = |row: &&IndexColumnRow| row.owner == index.owner && row.index == index.name;
    let rows = raw.index_columns.iter().filter(is_own);
    rows.map(|row| {
        let expression = raw
            .index_expressions
            .iter()
            .find(|it| it.owner == row.owner && it.index == row.index && it.position == row.position);
        let over = match expression.map(|it| it.expression.trim()) {
            Some(text) => match tokens(text).as_slice() {
                [only] if only.kind == Kind::Name => Over::Column(only.name()),
                _ => Over::Expression(text.to_owned()),
            },
            None => Over::Column(row.column.clone()),
        };
        Part { over, descending: row.descend == "DESC" }
    })
    .collect()
}
