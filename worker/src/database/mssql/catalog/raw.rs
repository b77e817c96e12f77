//! What was read, before it becomes the two views of the catalog.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Fields, Texts};
use super::keys::{Check, ForeignKey, Index};
use super::types::Declared;
use crate::database::catalog::TableName;

/// The number by which the server knows an object. It is another one in each copy, and leaves this module nowhere.
pub(super) type Id = i64;

/// Everything of one database.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// Its own name, which says nothing of what is in it.
    pub(super) database: String,
    pub(super) notes: super::notes::Notes,
    pub(super) tables: BTreeMap<Id, Table>,
    pub(super) columns: BTreeMap<Id, Vec<Column>>,
    /// Without the row of a table that has no clustered index, which is in `heaps`.
    pub(super) indexes: BTreeMap<Id, Vec<Index>>,
    pub(super) heaps: BTreeMap<Id, Index>,
    pub(super) foreign_keys: BTreeMap<Id, Vec<ForeignKey>>,
    pub(super) checks: BTreeMap<Id, Vec<Check>>,
    pub(super) modules: BTreeMap<Id, Module>,
    pub(super) types: Vec<Type>,
}

/// A name in a schema; the default one is not said.
pub(super) fn named(schema: Option<String>, name: String) -> TableName {
    TableName { schema: schema.filter(|schema| schema != DEFAULT_SCHEMA), name }
}

const DEFAULT_SCHEMA: &str = "dbo";

/// A name that may be missing as a whole.
fn path(fields: &mut Fields) -> Option<String> {
    let (schema, name) = (fields.option(), fields.option());
    name.map(|name| named(schema, name).to_string())
}

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) id: Id,
    pub(super) name: TableName,
    /// Where it is not the schema's.
    pub(super) owner: Option<String>,
    pub(super) lock_escalation: Option<String>,
    pub(super) memory_optimized: bool,
    pub(super) durability: Option<String>,
    pub(super) versioned: bool,
    /// The table that keeps the history, where its name is somebody's choice.
    pub(super) history: Option<String>,
    pub(super) retention: Option<String>,
    /// The columns between which a row was in force.
    pub(super) period: Option<(String, String)>,
    pub(super) node: bool,
    pub(super) edge: bool,
    pub(super) file_table: bool,
    pub(super) external: bool,
    pub(super) captured: bool,
    pub(super) large_values_out_of_row: bool,
    pub(super) text_in_row: i64,
    pub(super) lock_on_bulk_load: bool,
    pub(super) ansi_nulls: bool,
    /// Where large values are, if not in the default filegroup.
    pub(super) large_values: Option<String>,
    pub(super) filestream: Option<String>,
    /// Change tracking, and whether it knows which columns changed.
    pub(super) tracked: Option<bool>,
    pub(super) ledger: Option<String>,
    pub(super) ledger_view: Option<String>,
}

impl Table {
    pub(super) fn read(row: Texts) -> Self {
        let mut f = Fields::new(row);
        let id = f.number();
        let (schema, name, owner) = (f.option(), f.text(), f.option());
        let lock_escalation = f.word().filter(|word| word != "table");
        let (memory_optimized, durability) = (f.flag(), f.word());
        let versioned = f.number() == 2;
        let history = path(&mut f);
        let (length, unit) = (f.number(), f.word());
        let (start, end) = (f.option(), f.option());
        let mut table = Self {
            id,
            name: named(schema, name),
            owner,
            lock_escalation,
            memory_optimized,
            durability: durability.filter(|_| memory_optimized),
            versioned,
            history: history.filter(|name| !is_invented_history(name)),
            retention: unit
                .filter(|unit| versioned && unit != "infinite")
                .map(|unit| format!("{length} {unit}")),
            period: start.zip(end),
            node: f.flag(),
            edge: f.flag(),
            file_table: f.flag(),
            external: f.flag(),
            captured: f.flag(),
            large_values_out_of_row: f.flag(),
            text_in_row: f.number(),
            lock_on_bulk_load: f.flag(),
            ansi_nulls: f.flag(),
            large_values: None,
            filestream: None,
            tracked: None,
            ledger: None,
            ledger_view: None,
        };
        let (large_values, is_default) = (f.option(), f.flag());
        table.large_values = large_values.filter(|_| !is_default);
        table.filestream = f.option();
        let (tracked, columns) = (f.option(), f.flag());
        table.tracked = tracked.map(|_| columns);
        table.ledger = f.word().filter(|word| word != "non ledger table");
        table.ledger_view = path(&mut f);
        table
    }
}

/// The server's own names for tables that keep a history have the other table's number in them.
fn is_invented_history(path: &str) -> bool {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.starts_with("MSSQL_TemporalHistoryFor_") || name.starts_with("MSSQL_LedgerHistoryFor_")
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) declared: Declared,
    pub(super) collation: Option<String>,
    pub(super) nullable: bool,
    pub(super) ansi_padded: bool,
    pub(super) row_guid: bool,
    pub(super) filestream: bool,
    pub(super) sparse: bool,
    pub(super) column_set: bool,
    /// What the server writes into it by itself, of periods and ledgers.
    pub(super) generated_always: Option<String>,
    pub(super) hidden: bool,
    /// A column that the server adds to tables of graphs.
    pub(super) graph: bool,
    pub(super) mask: Option<String>,
    pub(super) encryption: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) default: Option<Default_>,
    pub(super) bound_default: Option<String>,
    pub(super) bound_rule: Option<String>,
    pub(super) computed: Option<String>,
    pub(super) persisted: bool,
}

/// A default, which is a constraint with a name.
#[derive(Debug)]
pub(super) struct Default_ {
    pub(super) id: Id,
    /// A name that somebody chose.
    pub(super) name: Option<String>,
    pub(super) definition: String,
}

impl Column {
    pub(super) fn read(row: Texts) -> (Id, Self) {
        let mut f = Fields::new(row);
        let object = f.number();
        let (number, name) = (f.number(), f.text());
        let mut declared = Declared::read(&mut f);
        let (collation, nullable) = (f.option(), f.flag());
        let (ansi_padded, row_guid, filestream, sparse) = (f.flag(), f.flag(), f.flag(), f.flag());
        let column_set = f.flag();
        let is_document = f.flag();
        declared.xml = path(&mut f).map(|collection| (is_document, collection));
        let (generated, words) = (f.number(), f.word());
        let hidden = f.flag();
        let graph = f.option().is_some();
        let mask = f.option();
        let encryption = [f.word(), f.option(), f.option()].into_iter().collect::<Option<Vec<_>>>();
        let (seed, increment, not_for_replication) = (f.option(), f.option(), f.flag());
        let identity = seed.zip(increment).map(|(seed, increment)| {
            let replication = if not_for_replication { " not for replication" } else { "" };
            format!("from {seed} by {increment}{replication}")
        });
        let (id, default, invented, definition) = (f.option(), f.option(), f.flag(), f.option());
        let id = id.and_then(|id| id.parse().ok());
        let default = id.zip(definition).map(|(id, definition)| Default_ {
            id,
            name: default.filter(|_| !invented),
            definition,
        });
        let (bound_default, bound_rule) = (path(&mut f), path(&mut f));
        let column = Self {
            number,
            name: if graph { without_graph_number(&name) } else { name },
            declared,
            collation,
            nullable,
            ansi_padded,
            row_guid,
            filestream,
            sparse,
            column_set,
            generated_always: words.filter(|_| generated != 0),
            hidden,
            graph,
            mask,
            encryption: encryption.map(|words| words.join(" ")),
            identity,
            default,
            bound_default,
            bound_rule,
            computed: f.option(),
            persisted: f.flag(),
        };
        (object, column)
    }
}

/// `$node_id_6C4D…` is `$node_id`: the digits are made up.
fn without_graph_number(name: &str) -> String {
    match name.rsplit_once('_') {
        Some((stem, digits)) if digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            stem.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// A view, procedure, function or trigger, or a default or rule that is an object of its own.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) id: Id,
    pub(super) name: TableName,
    /// The server's letters: `V`, `P`, `FN`, `IF`, `TF`, `TR`, `D`, `R`.
    pub(super) sort: String,
    /// The table or view of a trigger; 0 where there is none.
    pub(super) parent: Id,
    pub(super) owner: Option<String>,
    /// `None` where it was encrypted.
    pub(super) definition: Option<String>,
    pub(super) ansi_nulls: bool,
    pub(super) quoted_identifiers: bool,
    pub(super) schema_bound: bool,
    pub(super) disabled: bool,
    pub(super) not_for_replication: bool,
    /// `insert first`, `delete last`.
    pub(super) order: Vec<String>,
}

impl Module {
    pub(super) fn read(row: Texts) -> Self {
        let mut f = Fields::new(row);
        let id = f.number();
        let (schema, name) = (f.option(), f.text());
        Self {
            id,
            name: named(schema, name),
            sort: f.text(),
            parent: f.number(),
            owner: f.option(),
            definition: f.option(),
            ansi_nulls: f.flag(),
            quoted_identifiers: f.flag(),
            schema_bound: f.flag(),
            disabled: f.flag(),
            not_for_replication: f.flag(),
            order: Vec::new(),
        }
    }
}

/// A type of users.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) id: Id,
    pub(super) name: TableName,
    pub(super) owner: Option<String>,
    /// What it stands for.
    pub(super) base: Declared,
    pub(super) nullable: bool,
    pub(super) is_table: bool,
    /// The object with its columns, where it is a table's.
    pub(super) table: Id,
    pub(super) memory_optimized: bool,
    pub(super) bound_default: Option<String>,
    pub(super) bound_rule: Option<String>,
    /// The class that it is, in an assembly.
    pub(super) class: Option<String>,
}

impl Type {
    pub(super) fn read(row: Texts) -> Self {
        let mut f = Fields::new(row);
        let id = f.number();
        let (schema, name, owner) = (f.option(), f.text(), f.option());
        let base = Declared::builtin(f.text(), f.number(), f.number(), f.number());
        let (nullable, is_table, is_class) = (f.flag(), f.flag(), f.flag());
        let (table, memory_optimized) = (f.number(), f.flag());
        let (bound_default, bound_rule) = (path(&mut f), path(&mut f));
        let class = f.option().zip(f.option()).filter(|_| is_class);
        Self {
            id,
            name: named(schema, name),
            owner,
            base,
            nullable,
            is_table,
            table,
            memory_optimized,
            bound_default,
            bound_rule,
            class: class.map(|(assembly, class)| format!("{assembly}.{class}")),
        }
    }
}

/// Sorts of indexes that have more to tell than their columns: XML, spatial, JSON, vector.
const SPECIAL: &[i64] = &[3, 4, 8, 9];

impl Raw {
    /// Leaves out what belongs to nothing that was read: to a table that keeps the history of another one.
    pub(super) fn keep_own(&mut self) {
        let objects: BTreeSet<Id> = self.columns.keys().chain(self.indexes.keys()).copied().collect();
        let foreign: Vec<Id> = objects.into_iter().filter(|object| self.path(*object).is_none()).collect();
        for object in foreign {
            self.columns.remove(&object);
            self.indexes.remove(&object);
        }
    }

    pub(super) fn has_special_indexes(&self) -> bool {
        self.indexes.values().flatten().any(|index| SPECIAL.contains(&index.sort))
    }

    /// Takes the answer to what is asked about special indexes.
    pub(super) fn take_index_details(&mut self, rows: Vec<Texts>) {
        for mut f in rows.into_iter().map(Fields::new) {
            let (object, number) = (f.number(), f.number());
            let indexes = self.indexes.get_mut(&object).into_iter().flatten();
            let text = f.text().split_whitespace().collect::<Vec<_>>().join(" ");
            indexes.filter(|index| index.number == number).for_each(|index| index.details.push(text.clone()));
        }
        self.indexes.values_mut().flatten().for_each(|index| index.details.sort_unstable());
    }

    /// What columns, indexes and constraints belong to: a table, a view, or a table type.
    pub(super) fn path(&self, object: Id) -> Option<String> {
        let table = self.tables.get(&object).map(|table| &table.name);
        let view = self.modules.get(&object).filter(|module| module.sort == "V").map(|module| &module.name);
        let ty = self.types.iter().find(|ty| ty.is_table && ty.table == object).map(|ty| &ty.name);
        table.or(view).or(ty).map(ToString::to_string)
    }

    pub(super) fn columns_of(&self, object: Id) -> &[Column] {
        self.columns.get(&object).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn column_name(&self, object: Id, number: i64) -> &str {
        let column = self.columns_of(object).iter().find(|column| column.number == number);
        column.map_or("?", |column| column.name.as_str())
    }
}
