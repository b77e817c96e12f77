//! What was read of indexes and constraints.

use super::fields::{Fields, Texts};
use super::raw::{Id, named};
use crate::database::catalog::TableName;

/// An index, and what is behind a primary key or unique constraint.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) number: i64,
    pub(super) name: String,
    /// 0 for rows without order.
    pub(super) sort: i64,
    pub(super) ty: String,
    pub(super) unique: bool,
    pub(super) primary: bool,
    pub(super) constraint: bool,
    pub(super) ignore_dup_key: bool,
    pub(super) fill_factor: i64,
    pub(super) padded: bool,
    pub(super) disabled: bool,
    pub(super) hypothetical: bool,
    pub(super) row_locks: bool,
    pub(super) page_locks: bool,
    pub(super) filter: Option<String>,
    pub(super) compression_delay: Option<String>,
    pub(super) silent_duplicates: bool,
    pub(super) for_sequential_keys: bool,
    /// The constraint that it is behind.
    pub(super) key: Option<Id>,
    /// The constraint's name is nobody's choice.
    pub(super) invented: bool,
    /// Where it is, unless in the default filegroup; whether that is a scheme of partitions.
    pub(super) space: Option<String>,
    pub(super) partitioned: bool,
    pub(super) no_recompute: bool,
    pub(super) incremental: bool,
    pub(super) buckets: Option<String>,
    pub(super) columns: Vec<IndexColumn>,
    /// How partitions are compressed.
    pub(super) compression: Vec<String>,
    /// What indexes of special kinds have beside their columns.
    pub(super) details: Vec<String>,
}

/// A column of an index.
#[derive(Debug)]
pub(super) struct IndexColumn {
    pub(super) column: i64,
    /// Its place among the keys, from 1 on.
    pub(super) key: i64,
    /// Its place among those that the partitions are by, from 1 on.
    pub(super) partition: i64,
    pub(super) descending: bool,
    pub(super) included: bool,
    /// Its place among those by which a columnstore is ordered, from 1 on.
    pub(super) order: i64,
}

impl Index {
    pub(super) fn read(row: Texts) -> (Id, Self) {
        let mut f = Fields::new(row);
        let object = f.number();
        let mut index = Self {
            number: f.number(),
            name: f.text(),
            sort: f.number(),
            ty: f.word().unwrap_or_default(),
            unique: f.flag(),
            primary: f.flag(),
            constraint: f.flag(),
            ignore_dup_key: f.flag(),
            fill_factor: f.number(),
            padded: f.flag(),
            disabled: f.flag(),
            hypothetical: f.flag(),
            row_locks: f.flag(),
            page_locks: f.flag(),
            filter: f.option(),
            compression_delay: f.option().filter(|minutes| minutes != "0"),
            silent_duplicates: f.flag(),
            for_sequential_keys: f.flag(),
            key: f.option().and_then(|id| id.parse().ok()),
            invented: f.flag(),
            ..Self::default()
        };
        // The server makes one for each table of a graph, and gives it a number for a name.
        index.invented |= index.name.starts_with("GRAPH_UNIQUE_INDEX_");
        let (space, sort, is_default) = (f.option(), f.text(), f.flag());
        index.partitioned = sort.trim_end() == "PS";
        index.space = space.filter(|_| !is_default || index.partitioned);
        (index.no_recompute, index.incremental, index.buckets) = (f.flag(), f.flag(), f.option());
        (object, index)
    }

    /// The keys, in their order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &IndexColumn> {
        self.columns.iter().filter(|column| column.key > 0)
    }
}

/// A column of an index, with the index that it is of.
pub(super) fn index_column(row: Texts) -> ((Id, i64), IndexColumn) {
    let mut f = Fields::new(row);
    let index = (f.number(), f.number());
    let column = IndexColumn {
        column: f.number(),
        key: f.number(),
        partition: f.number(),
        descending: f.flag(),
        included: f.flag(),
        order: f.number(),
    };
    (index, column)
}

/// A foreign key.
#[derive(Debug)]
pub(super) struct ForeignKey {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) invented: bool,
    pub(super) parent: TableName,
    pub(super) disabled: bool,
    pub(super) not_for_replication: bool,
    pub(super) untrusted: bool,
    pub(super) on_delete: Option<String>,
    pub(super) on_update: Option<String>,
    /// Columns, with the referenced ones.
    pub(super) columns: Vec<(String, String)>,
}

impl ForeignKey {
    pub(super) fn read(row: Texts) -> (Id, Self) {
        let mut f = Fields::new(row);
        let (id, table) = (f.number(), f.number());
        let (name, invented) = (f.text(), f.flag());
        let (_, schema, parent) = (f.number(), f.option(), f.text());
        let key = Self {
            id,
            name,
            invented,
            parent: named(schema, parent),
            disabled: f.flag(),
            not_for_replication: f.flag(),
            untrusted: f.flag(),
            on_delete: f.word().filter(|word| word != "no action"),
            on_update: f.word().filter(|word| word != "no action"),
            columns: Vec::new(),
        };
        (table, key)
    }
}

/// A check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) invented: bool,
    pub(super) definition: String,
    pub(super) disabled: bool,
    pub(super) not_for_replication: bool,
    pub(super) untrusted: bool,
}

impl Check {
    pub(super) fn read(row: Texts) -> (Id, Self) {
        let mut f = Fields::new(row);
        let (id, table) = (f.number(), f.number());
        let check = Self {
            id,
            name: f.text(),
            invented: f.flag(),
            definition: f.text(),
            disabled: f.flag(),
            not_for_replication: f.flag(),
            untrusted: f.flag(),
        };
        (table, check)
    }
}
