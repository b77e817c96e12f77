//! Seeding as a whole: over random schemas, and over nasty ones in real databases.
#![allow(clippy::unwrap_used)]

mod chains;
mod ledger;
mod random;
mod real;
mod requests;
mod sides;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Batch, Edge, EdgeSet, Request, RowKind, Seeded, Vocabulary, seed};
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{Contents, Rows, Value};
use ledger::{Ledger, Plain};

fn all_tables(catalog: &Catalog) -> BTreeSet<TableName> {
    catalog.tables.keys().cloned().collect()
}

fn run(
    ledger: &mut Ledger,
    batch: Batch,
    here: &Catalog,
    there: &Catalog,
    tables: &BTreeSet<TableName>,
    edges: EdgeSet,
    avoid: &[&Contents],
) -> Seeded {
    let request = Request {
        suite: "suite",
        revision: "abc",
        batch,
        here,
        there,
        tables,
        edges,
        avoid,
        vocabulary: Vocabulary::Words,
    };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(seed(ledger, &Plain, &request))
        .unwrap()
}

/// The rows as an engine would show them.
fn contents(seeded: &Seeded, catalog: &Catalog) -> Contents {
    let mut contents = Contents::default();
    for row in &seeded.rows {
        let columns: Vec<String> =
            catalog.tables[&row.row.table].columns.iter().map(|c| c.name.clone()).collect();
        let cells = columns.iter().map(|column| {
            let value =
                row.row.values.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone());
            value.filter(|value| *value != Value::Null).map(|value| super::values::spell(&value))
        });
        let cells = cells.collect();
        let rows = contents
            .tables
            .entry(row.row.table.clone())
            .or_insert_with(|| Rows { columns, ..Rows::default() });
        rows.rows.push(cells);
    }
    contents
}

fn value<'a>(row: &'a super::SeededRow, column: &str) -> Option<&'a Value> {
    row.row.values.iter().find(|(name, _)| name == column).map(|(_, value)| value)
}

/// The different values of a column, as text; NULL is empty.
fn texts(seeded: &Seeded, table: &str, column: &str) -> BTreeSet<String> {
    let rows = seeded.rows.iter().filter(|row| row.row.table.name == table);
    rows.filter_map(|row| value(row, column)).map(super::values::spell).collect()
}

/// A hundred cases; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        config
    } else {
        ProptestConfig { cases: 100, ..config }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_table_is_seeded_without_a_single_refusal(catalog in random::catalog()) {
        let mut ledger = Ledger::new(&catalog);
        let seeded = run(&mut ledger, Batch::A, &catalog, &catalog, &all_tables(&catalog), EdgeSet::All, &[]);
        prop_assert_eq!(&seeded.not_seeded, &BTreeMap::new());
        prop_assert_eq!(&ledger.refusals, &Vec::<String>::new());
        ledger.assert_whole();
    }

    #[test]
    fn ordinary_rows_have_values_everywhere(catalog in random::catalog()) {
        let mut ledger = Ledger::new(&catalog);
        let seeded = run(&mut ledger, Batch::A, &catalog, &catalog, &all_tables(&catalog), EdgeSet::All, &[]);
        for row in seeded.rows.iter().filter(|row| matches!(row.kind, RowKind::Ordinary(_))) {
            let table = &catalog.tables[&row.row.table];
            for column in &table.columns {
                let itself = table.foreign_keys.iter().any(|key| key.parent == row.row.table && key.columns.contains(&column.name));
                let value = value(row, &column.name);
                prop_assert!(
                    itself || value.is_some_and(|value| *value != Value::Null),
                    "{}.{} of {:?}: {:?}", row.row.table, column.name, row.kind, value
                );
            }
        }
    }

    #[test]
    fn the_nulls_row_is_null_where_it_may_be(catalog in random::catalog()) {
        let mut ledger = Ledger::new(&catalog);
        let seeded = run(&mut ledger, Batch::A, &catalog, &catalog, &all_tables(&catalog), EdgeSet::All, &[]);
        for (name, table) in &catalog.tables {
            let row = seeded.rows.iter().find(|row| row.row.table == *name && row.kind == RowKind::Edge(Edge::Nulls));
            let may = |name: &String| !table.primary_key.contains(name);
            let nullable: Vec<_> = table.columns.iter().filter(|c| c.nullable && may(&c.name)).collect();
            prop_assert_eq!(row.is_some(), !nullable.is_empty());
            for column in nullable {
                prop_assert_eq!(row.and_then(|row| value(row, &column.name)), Some(&Value::Null));
            }
        }
    }

    #[test]
    fn the_same_request_gives_the_same_rows(catalog in random::catalog()) {
        let tables = all_tables(&catalog);
        let one = run(&mut Ledger::new(&catalog), Batch::A, &catalog, &catalog, &tables, EdgeSet::All, &[]);
        let two = run(&mut Ledger::new(&catalog), Batch::A, &catalog, &catalog, &tables, EdgeSet::All, &[]);
        prop_assert_eq!(one.rows, two.rows);
    }

    #[test]
    fn a_single_edge_gives_the_ordinary_rows_and_that_edge(catalog in random::catalog(), at in 0_usize..9) {
        let edge = [Edge::Nulls, Edge::Largest, Edge::Smallest, Edge::NonAscii, Edge::Blanks, Edge::LetterCase,
            Edge::Punctuation, Edge::Empty, Edge::Duplicate][at];
        let tables = all_tables(&catalog);
        let none = run(&mut Ledger::new(&catalog), Batch::A, &catalog, &catalog, &tables, EdgeSet::None, &[]);
        prop_assert!(none.rows.iter().all(|row| matches!(row.kind, RowKind::Ordinary(_))));
        let only = run(&mut Ledger::new(&catalog), Batch::A, &catalog, &catalog, &tables, EdgeSet::Only([edge].into()), &[]);
        let ordinary: Vec<_> = only.rows.iter().filter(|row| matches!(row.kind, RowKind::Ordinary(_))).cloned().collect();
        prop_assert_eq!(ordinary, none.rows);
        prop_assert!(only.rows.iter().all(|row| matches!(row.kind, RowKind::Ordinary(_)) || row.kind == RowKind::Edge(edge)));
    }

    #[test]
    fn rows_b_go_in_beside_rows_a(catalog in random::catalog()) {
        let tables = all_tables(&catalog);
        let mut ledger = Ledger::new(&catalog);
        let a = run(&mut ledger, Batch::A, &catalog, &catalog, &tables, EdgeSet::All, &[]);
        let before = contents(&a, &catalog);
        let b = run(&mut ledger, Batch::B, &catalog, &catalog, &tables, EdgeSet::All, &[&before]);
        prop_assert_eq!(&b.not_seeded, &BTreeMap::new());
        prop_assert_eq!(&ledger.refusals, &Vec::<String>::new());
        ledger.assert_whole();
        let keys = |seeded: &Seeded| -> BTreeSet<_> {
            seeded.rows.iter().filter_map(|row| Some((row.row.table.clone(), row.key.clone()?))).collect()
        };
        prop_assert!(keys(&a).is_disjoint(&keys(&b)));
    }

    #[test]
    fn parents_that_nobody_asked_for_get_a_few_rows(catalog in random::catalog(), at in 0_usize..6) {
        let name = catalog.tables.keys().nth(at % catalog.tables.len()).unwrap().clone();
        let tables = BTreeSet::from([name.clone()]);
        let mut ledger = Ledger::new(&catalog);
        let seeded = run(&mut ledger, Batch::A, &catalog, &catalog, &tables, EdgeSet::All, &[]);
        prop_assert_eq!(&seeded.not_seeded, &BTreeMap::new());
        prop_assert_eq!(&ledger.refusals, &Vec::<String>::new());
        ledger.assert_whole();
        for row in seeded.rows.iter().filter(|row| row.row.table != name) {
            prop_assert!(matches!(row.kind, RowKind::Ordinary(_)));
        }
    }
}
