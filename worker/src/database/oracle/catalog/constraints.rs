//! The comparing view: constraints.

use super::indexes;
use super::raw::Raw;
use super::tables_rows::{ColumnRow, ConstraintRow};
use super::text::{normal_of, shown};
use crate::database::catalog::{Attributes, ObjectKind};
use crate::database::objects::{Builder, Objects, add, key};

/// Collects the constraints of tables and views. Those of materialized views are the server's own.
pub(super) fn collect(raw: &Raw, objects: &mut Objects) {
    for constraint in &raw.constraints {
        let table = &constraint.table;
        if super::names::is_part_of_another(table) || raw.is_mview(table) || is_column_rule(raw, constraint) {
            continue;
        }
        let Some((kind, role)) = role(raw, constraint) else { continue };
        // A person's choice is part of the schema, a number of the server's is not.
        let last = if is_named(constraint) { constraint.name.clone() } else { role };
        let path = format!("{table}.{last}");
        add(objects, key(kind, Some(table.clone()), path), attributes(raw, constraint));
    }
}

fn role(raw: &Raw, constraint: &ConstraintRow) -> Option<(ObjectKind, String)> {
    let columns = raw.columns_of(&raw.owner, &constraint.name).join(", ");
    Some(match constraint.kind.as_str() {
        "P" => (ObjectKind::PrimaryKey, "primary key".to_owned()),
        "U" => (ObjectKind::Unique, format!("unique({columns})")),
        "R" => (ObjectKind::ForeignKey, format!("foreign key({columns})")),
        "C" => (ObjectKind::Check, format!("check({})", condition(raw, constraint))),
        // READ ONLY and WITH CHECK OPTION are said of the view.
        "O" | "V" => return None,
        "S" => (ObjectKind::Other, format!("supplemental log({columns})")),
        other => (ObjectKind::Other, format!("constraint {other}({columns})")),
    })
}

/// Whether a person has chosen the name.
pub(in crate::database::oracle) fn is_named(constraint: &ConstraintRow) -> bool {
    constraint.generated != "GENERATED NAME"
}

/// A check's condition in one spelling.
pub(super) fn condition(raw: &Raw, constraint: &ConstraintRow) -> String {
    normal_of(&constraint.condition, &raw.owner, &constraint.table)
}

fn attributes(raw: &Raw, constraint: &ConstraintRow) -> Attributes {
    let columns = raw.columns_of(&raw.owner, &constraint.name).join(", ");
    let is_check = constraint.kind == "C";
    let parent = (constraint.kind == "R").then(|| {
        let (owner, name) = (constraint.parent_owner.as_str(), constraint.parent_constraint.as_str());
        let table = raw.table_of(owner, name).unwrap_or(name);
        format!("{}({})", raw.qualified(owner, table), raw.columns_of(owner, name).join(", "))
    });
    let on_delete = Some(constraint.delete_rule.to_ascii_lowercase())
        .filter(|rule| !rule.is_empty() && rule != "no action");
    Builder::default()
        .some("columns", (!is_check).then_some(columns))
        .some("condition", is_check.then(|| condition(raw, constraint)))
        .some("references", parent)
        .some("on delete", on_delete)
        .some("state", state(constraint))
        .some("index", indexes::of_constraint(raw, constraint))
        .done()
}

/// How a constraint is enforced, where that is not: at once, always, over all rows.
pub(in crate::database::oracle) fn state(constraint: &ConstraintRow) -> Option<String> {
    let said = [
        (constraint.status == "DISABLED", "disabled"),
        // Nobody validates what is disabled, unless told to keep what was.
        (constraint.status == "DISABLED" && constraint.validated == "VALIDATED", "validated"),
        (constraint.status != "DISABLED" && constraint.validated == "NOT VALIDATED", "not validated"),
        (constraint.deferrable == "DEFERRABLE", "deferrable"),
        (constraint.deferred == "DEFERRED", "initially deferred"),
        (constraint.rely == "RELY", "rely"),
        (constraint.precheck == "PRECHECK", "precheck"),
    ];
    let said: Vec<&str> = said.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// Whether a constraint is what the server makes of a column's NOT NULL.
pub(in crate::database::oracle) fn is_column_rule(raw: &Raw, constraint: &ConstraintRow) -> bool {
    constraint.kind == "C" && rule_column(raw, constraint).is_some_and(|column| column.nullable == "N")
}

/// The column that a constraint says is not null, and says nothing else.
pub(in crate::database::oracle) fn rule_column<'r>(
    raw: &'r Raw,
    constraint: &ConstraintRow,
) -> Option<&'r ColumnRow> {
    let quoted = constraint.condition.strip_suffix(" IS NOT NULL")?;
    let name = quoted.strip_prefix('"')?.strip_suffix('"')?;
    raw.columns.iter().find(|column| column.table == constraint.table && column.name == name)
}

/// Whether a column takes no NULL by a rule of its own; a primary key's columns take none in any case.
pub(super) fn not_null(raw: &Raw, column: &ColumnRow) -> Option<String> {
    if column.nullable != "N" {
        return None;
    }
    let own = raw.constraints.iter().filter(|it| it.kind == "C" && it.table == column.table);
    let wanted = format!("\"{}\" IS NOT NULL", column.name);
    let Some(rule) = own.clone().find(|it| it.condition == wanted) else {
        let in_key = raw.constraints.iter().filter(|it| it.kind == "P" && it.table == column.table);
        let mut keys = in_key.flat_map(|it| raw.columns_of(&raw.owner, &it.name));
        return (!keys.any(|name| name == column.name)).then(|| "yes".to_owned());
    };
    let named = is_named(rule).then(|| format!("constraint {}", shown(&rule.name)));
    let said: Vec<String> = named.into_iter().chain(state(rule)).collect();
    Some(if said.is_empty() { "yes".to_owned() } else { said.join(", ") })
}
