//! The seeding view: tables with the families of their columns' types.

use std::collections::BTreeMap;

use super::column::ColumnText;
use super::expression::Expression;
use super::key::{KeyKind, KeyText, Over};
use super::objects::kind_of;
use super::raw::Raw;
use super::table::TableText;
use super::{ranges, types};
use crate::database::catalog::{Check, Code, Column, ForeignKey, ObjectKind, Table, TableName, Unique};

/// All base tables.
pub(super) fn tables(raw: &Raw) -> BTreeMap<TableName, Table> {
    raw.tables.iter().map(|(name, table)| (own(name), self::table(raw, name, table))).collect()
}

fn own(name: &str) -> TableName {
    TableName { schema: None, name: name.to_owned() }
}

fn table(raw: &Raw, name: &str, table: &TableText) -> Table {
    let keys = |kind| table.keys.iter().filter(move |key| key.kind == kind);
    let columns = |key: &KeyText| key.parts.iter().filter_map(|p| p.column()).map(str::to_owned).collect();
    let (demanded, partitions) =
        table.partitioning.as_ref().map(|p| ranges::read(name, p)).unwrap_or_default();
    let mut checks: Vec<Check> = table
        .checks
        .iter()
        .filter(|check| check.enforced)
        .map(|check| Check {
            name: check.name.clone(),
            condition: check.condition.sql.clone(),
            columns: read_by(&check.condition, table),
        })
        .collect();
    // MariaDB adds to a period that it ends after it begins.
    checks.extend(table.periods.iter().filter_map(|(name, ends)| {
        let [start, end] = ends.as_slice() else { return None };
        (!name.eq_ignore_ascii_case("SYSTEM_TIME")).then(|| Check {
            name: Some(name.clone()),
            condition: format!("{} < {}", quoted(start), quoted(end)),
            columns: ends.clone(),
        })
    }));
    checks.extend(demanded);
    Table {
        columns: table.columns.iter().map(|column| self::column(raw, table, column)).collect(),
        primary_key: keys(KeyKind::Primary)
            .next()
            .map(|key| overlaps(key, table).unwrap_or_else(|| columns(key)))
            .unwrap_or_default(),
        uniques: keys(KeyKind::Unique)
            .filter(|k| k.without_overlaps.is_none())
            .map(|k| unique(k, table))
            .collect(),
        foreign_keys: table
            .foreign_keys
            .iter()
            .map(|key| ForeignKey {
                name: key.name.clone(),
                columns: key.columns.clone(),
                parent: TableName { schema: key.database.clone(), name: key.parent.clone() },
                parent_columns: key.parent_columns.clone(),
                acts_on_delete: key.on_delete.is_some(),
                deferrable: false,
            })
            .collect(),
        checks,
        exclusions: table.keys.iter().filter_map(|key| overlaps(key, table)).collect(),
        partitions,
    }
}

fn column(raw: &Raw, table: &TableText, column: &ColumnText) -> Column {
    let collation = raw.column_collation(table, column);
    let draws = column.default.as_deref().is_some_and(|d| d.to_ascii_lowercase().starts_with("nextval("));
    Column {
        name: column.name.clone(),
        ty: types::column_type(column, collation.as_deref()),
        nullable: !column.not_null && !is_in_primary_key(table, column),
        default: column.default.clone(),
        generated: column.generated.is_some(),
        counter: column.auto_increment || draws,
        identity_always: false,
    }
}

fn is_in_primary_key(table: &TableText, column: &ColumnText) -> bool {
    let key = table.keys.iter().find(|key| key.kind == KeyKind::Primary);
    key.is_some_and(|key| key.parts.iter().any(|part| part.column() == Some(&column.name)))
}

fn unique(key: &KeyText, table: &TableText) -> Unique {
    let mut columns: Vec<String> = Vec::new();
    for part in &key.parts {
        let read = match &part.over {
            Over::Column(name) => vec![name.clone()],
            Over::Expression(expression) => read_by(expression, table),
        };
        for name in read {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    Unique { name: key.name.clone(), columns, plain: key.plain_columns().is_some(), nulls_equal: false }
}

/// The columns of a key that says that periods do not overlap.
fn overlaps(key: &KeyText, table: &TableText) -> Option<Vec<String>> {
    let period = key.without_overlaps.as_ref()?;
    let ends = table.periods.iter().find(|(name, _)| name == period).map(|(_, ends)| ends.clone());
    let own = key.parts.iter().filter_map(|part| part.column()).map(str::to_owned);
    Some(own.chain(ends.unwrap_or_default()).collect())
}

/// The columns that an expression reads.
fn read_by(expression: &Expression, table: &TableText) -> Vec<String> {
    let column = |name: &String| table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name));
    expression.names.iter().filter_map(column).map(|column| column.name.clone()).collect()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Views, routines, triggers and events.
pub(super) fn code(raw: &Raw) -> Vec<Code> {
    let views = raw.views.iter().map(|view| Code {
        kind: ObjectKind::View,
        name: view.name.clone(),
        table: None,
        body: view.sql.clone(),
    });
    let routines = raw.routines.iter().map(|routine| Code {
        kind: kind_of(routine),
        name: routine.name.clone(),
        table: None,
        body: routine.body.clone(),
    });
    let triggers = raw.triggers.iter().map(|trigger| Code {
        kind: ObjectKind::Trigger,
        name: trigger.name.clone(),
        table: Some(own(&trigger.table)),
        body: trigger.body.clone(),
    });
    let events = raw.events.iter().map(|event| Code {
        kind: ObjectKind::Event,
        name: event.name.clone(),
        table: None,
        body: event.body.clone(),
    });
    let mut code: Vec<Code> = views.chain(routines).chain(triggers).chain(events).collect();
    code.sort_by(|a, b| (a.kind, &a.name, &a.table, &a.body).cmp(&(b.kind, &b.name, &b.table, &b.body)));
    code
}
