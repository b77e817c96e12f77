//! The seeding view: tables with the families of their columns' types.

use std::collections::BTreeMap;

use super::definition::without_database;
use super::expression::expression;
use super::keys;
use super::objects::kind_of;
use super::raw::{self, Raw};
use crate::database::catalog::{Check, Code, Column, ForeignKey, ObjectKind, Table, TableName, Unique};

/// All tables whose rows are here.
pub(super) fn tables(raw: &Raw) -> BTreeMap<TableName, Table> {
    let own = raw.tables.values().filter(|table| !table.external);
    own.map(|it| (it.name.clone(), table(raw, it))).collect()
}

fn table(raw: &Raw, table: &raw::Table) -> Table {
    let columns: Vec<&raw::Column> = raw.columns_of(table.id).iter().filter(|column| !column.graph).collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let indexes = || raw.indexes.get(&table.id).into_iter().flatten().filter(|index| !index.disabled);
    let keys = |index: &keys::Index| -> Vec<String> {
        index.keys().map(|key| raw.column_name(table.id, key.column).to_owned()).collect()
    };
    let checks = raw.checks.get(&table.id).into_iter().flatten();
    let foreign_keys = raw.foreign_keys.get(&table.id).into_iter().flatten();
    Table {
        columns: columns.iter().map(|it| column(it)).collect(),
        primary_key: indexes().find(|index| index.primary).map(keys).unwrap_or_default(),
        uniques: indexes()
            .filter(|index| index.unique && !index.primary && !index.hypothetical)
            .map(|index| Unique {
                name: index.name.clone(),
                columns: keys(index),
                plain: index.filter.is_none(),
                nulls_equal: true,
            })
            .collect(),
        foreign_keys: foreign_keys
            .map(|key| ForeignKey {
                name: Some(key.name.clone()),
                columns: key.columns.iter().map(|(own, _)| own.clone()).collect(),
                parent: key.parent.clone(),
                parent_columns: key.columns.iter().map(|(_, other)| other.clone()).collect(),
                acts_on_delete: key.on_delete.is_some(),
                deferrable: false,
            })
            .collect(),
        checks: checks
            .filter(|check| !check.disabled)
            .map(|check| Check {
                name: Some(check.name.clone()),
                condition: check.definition.clone(),
                columns: expression(&check.definition, &names).columns,
            })
            .collect(),
        exclusions: Vec::new(),
        // Every partitioned table takes every row, and its partitions have no names.
        partitions: Vec::new(),
    }
}

fn column(column: &raw::Column) -> Column {
    let default = column.default.as_ref().map(|default| default.definition.clone());
    let draws = default.as_deref().is_some_and(|default| default.to_uppercase().contains("NEXT VALUE FOR "));
    Column {
        name: column.name.clone(),
        ty: column.declared.column_type(column.collation.as_deref()),
        nullable: column.nullable,
        default,
        // Nobody writes these: computed ones, those of a period, the version of a row, all sparse ones as one XML.
        generated: column.computed.is_some()
            || column.generated_always.is_some()
            || column.declared.is_row_version()
            || column.column_set,
        counter: column.identity.is_some() || draws,
        identity_always: column.identity.is_some(),
    }
}

/// Views, procedures, functions and triggers.
pub(super) fn code(raw: &Raw) -> Vec<Code> {
    let is_code = |module: &&raw::Module| !matches!(module.sort.as_str(), "D" | "R");
    let mut code: Vec<Code> = raw
        .modules
        .values()
        .filter(is_code)
        .map(|module| {
            let kind = kind_of(module);
            let table = raw.tables.get(&module.parent).map(|table| &table.name);
            let view = raw.modules.get(&module.parent).map(|view| &view.name);
            Code {
                kind,
                name: module.name.name.clone(),
                table: table.or(view).filter(|_| kind == ObjectKind::Trigger).cloned(),
                body: without_database(module.definition.as_deref().unwrap_or_default(), &raw.database),
            }
        })
        .collect();
    code.sort_by(|a, b| (a.kind, &a.name, &a.table, &a.body).cmp(&(b.kind, &b.name, &b.table, &b.body)));
    code
}
