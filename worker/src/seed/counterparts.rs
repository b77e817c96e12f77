//! The other side of a table where it is not, or not only, the table of its name.
//!
//! A table is renamed, copied into another one, cut out of a partitioned table or put into one. Its rows come from a
//! table of another name, or go there, and have to meet the constraints of that one as well.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use crate::database::catalog::{Catalog, Check, ForeignKey, Table, TableName};

use super::plan::column;
use super::{Batch, Request};

/// Tables by the names that they have on this side, with what the rows meet elsewhere: only what both have in common.
pub(super) fn counterparts(request: &Request<'_>) -> BTreeMap<TableName, Table> {
    let mut found = elsewhere(request);
    found.extend(copied(request));
    found
}

/// Those whose name only this side knows.
fn elsewhere(request: &Request<'_>) -> BTreeMap<TableName, Table> {
    let Request { here, there, .. } = *request;
    let alone = here.tables.iter().filter(|(name, _)| !there.tables.contains_key(*name));
    let found = alone.filter_map(|(name, table)| {
        let seen = partition(there, name).or_else(|| {
            let (other, origin) = alike(request, table)?;
            Some((other, origin, cut_out(origin, here)))
        });
        let (other, origin, check) = seen?;
        Some((name.clone(), in_common((name, table), (other, origin), check, here)))
    });
    found.collect()
}

/// Those that stay, with what tables ask for that the revision makes, since it may fill these from them. How often a
/// row can be there is left out: a copy may take each only once.
fn copied(request: &Request<'_>) -> BTreeMap<TableName, Table> {
    let Request { here, there, .. } = *request;
    let (before, after) = match request.batch {
        Batch::A => (here, there),
        Batch::B => (there, here),
    };
    let mut found = BTreeMap::new();
    let made: Vec<(&TableName, &Table)> =
        after.tables.iter().filter(|(name, _)| !before.tables.contains_key(*name)).collect();
    for (name, table) in &here.tables {
        let Some(same) = there.tables.get(name) else { continue };
        let mut merged = same.clone();
        for (other, copy) in &made {
            if !is_alike(copy, table) {
                continue;
            }
            let copy = in_common((name, table), (other, copy), None, here);
            merged.foreign_keys.extend(copy.foreign_keys.into_iter().filter_map(|mut key| {
                // Among the copies of its rows a row of this table is itself.
                if key.parent == **other {
                    key.parent = name.clone();
                }
                (key.parent != *name || key.columns != key.parent_columns).then_some(key)
            }));
            merged.checks.extend(copy.checks);
        }
        if merged != *same {
            found.insert(name.clone(), merged);
        }
    }
    found
}

/// The partitioned table that has this one as a partition, and what that demands.
fn partition<'a>(there: &'a Catalog, name: &TableName) -> Option<(&'a TableName, &'a Table, Option<Check>)> {
    there.tables.iter().find_map(|(root, table)| {
        let partition = table.partitions.iter().find(|partition| partition.name == *name)?;
        Some((root, table, partition.takes.clone()))
    })
}

/// The table whose rows these may have been or may become, going by their columns.
fn alike<'a>(request: &Request<'a>, table: &Table) -> Option<(&'a TableName, &'a Table)> {
    let Request { here, there, .. } = *request;
    // Before the upgrade only a table that it makes can take the rows of one that goes. After it, the rows of a table
    // that it has made may be those of any older one.
    let candidates =
        there.tables.iter().filter(|(name, _)| request.batch == Batch::B || !here.tables.contains_key(*name));
    let ranked = candidates.filter_map(|(name, other)| {
        let gone = !here.tables.contains_key(name);
        let rank = (gone, in_both(table, other), std::cmp::Reverse(other.columns.len()));
        is_alike(table, other).then_some((rank, (name, other)))
    });
    // Of equals the first by name.
    ranked.rev().max_by_key(|(rank, _)| *rank).map(|(_, found)| found)
}

/// The first table can be a copy of the second: half of its columns are there. A single one, an `id`, says nothing.
fn is_alike(copy: &Table, original: &Table) -> bool {
    let shared = in_both(copy, original);
    shared >= 2 && shared * 2 >= copy.columns.len()
}

fn in_both(table: &Table, other: &Table) -> usize {
    table.columns.iter().filter(|column| shared(&column.name, table, other)).count()
}

/// Both have a column of that name, and of the same kind.
fn shared(name: &str, table: &Table, other: &Table) -> bool {
    match (column(table, name), column(other, name)) {
        (Some(mine), Some(theirs)) => discriminant(&mine.ty.family) == discriminant(&theirs.ty.family),
        _ => false,
    }
}

/// What partitions that are no longer there demanded: a table that looks like all of them is one of those.
fn cut_out(origin: &Table, here: &Catalog) -> Option<Check> {
    let still: BTreeSet<&TableName> =
        here.tables.values().flat_map(|table| &table.partitions).map(|partition| &partition.name).collect();
    let gone = origin.partitions.iter().filter(|partition| !still.contains(&partition.name));
    let takes: Vec<&Check> = gone.map(|partition| partition.takes.as_ref()).collect::<Option<_>>()?;
    let condition: Vec<String> = takes.iter().map(|check| format!("({})", check.condition)).collect();
    let columns: BTreeSet<String> = takes.iter().flat_map(|check| check.columns.iter().cloned()).collect();
    let check =
        Check { name: None, condition: condition.join(" OR "), columns: columns.into_iter().collect() };
    (!takes.is_empty()).then_some(check)
}

/// What the other table says about columns that both have. Where the table has foreign keys of its own, those hold.
fn in_common(
    (name, table): (&TableName, &Table),
    (other, origin): (&TableName, &Table),
    check: Option<Check>,
    here: &Catalog,
) -> Table {
    let all = |names: &[String]| !names.is_empty() && names.iter().all(|name| shared(name, table, origin));
    let own = |column: &String| table.foreign_keys.iter().any(|key| key.columns.contains(column));
    let keys = origin.foreign_keys.iter().filter(|key| all(&key.columns) && !key.columns.iter().any(own));
    let renamed = |key: &ForeignKey| key.parent == *other && !here.tables.contains_key(other);
    // That some partition takes a row says little once it is known which one.
    let by_partition = |found: &&Check| check.is_none() || found.name.is_some();
    Table {
        columns: origin
            .columns
            .iter()
            .filter(|column| shared(&column.name, table, origin))
            .cloned()
            .collect(),
        primary_key: if all(&origin.primary_key) { origin.primary_key.clone() } else { Vec::new() },
        uniques: origin.uniques.iter().filter(|unique| all(&unique.columns)).cloned().collect(),
        foreign_keys: keys
            .map(|key| ForeignKey {
                parent: if renamed(key) { name.clone() } else { key.parent.clone() },
                ..key.clone()
            })
            .collect(),
        checks: origin
            .checks
            .iter()
            .filter(by_partition)
            .chain(&check)
            .filter(|check| all(&check.columns))
            .cloned()
            .collect(),
        exclusions: origin.exclusions.iter().filter(|columns| all(columns)).cloned().collect(),
        partitions: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::database::catalog::{Column, ColumnType, Family, Partition};
    use crate::seed::{EdgeSet, Vocabulary};

    fn name(text: &str) -> TableName {
        TableName { schema: None, name: text.to_owned() }
    }

    fn table(columns: &[&str]) -> Table {
        let column = |name: &&str| Column {
            name: (*name).to_owned(),
            ty: ColumnType {
                family: Family::Integer { min: 0, max: 9 },
                native: String::new(),
                domain_checks: Vec::new(),
            },
            nullable: true,
            default: None,
            generated: false,
            counter: false,
            identity_always: false,
        };
        Table {
            columns: columns.iter().map(column).collect(),
            primary_key: vec![columns[0].to_owned()],
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: columns.iter().map(|column| check(column)).collect(),
            exclusions: Vec::new(),
            partitions: Vec::new(),
        }
    }

    fn check(column: &str) -> Check {
        Check {
            name: Some(column.to_owned()),
            condition: format!("{column} > 1"),
            columns: vec![column.to_owned()],
        }
    }

    fn key(column: &str, parent: &str) -> ForeignKey {
        ForeignKey {
            name: None,
            columns: vec![column.to_owned()],
            parent: name(parent),
            parent_columns: vec!["id".to_owned()],
            acts_on_delete: false,
            deferrable: false,
        }
    }

    fn catalog(tables: &[(&str, Table)]) -> Catalog {
        let tables = tables.iter().map(|(text, table)| (name(text), table.clone())).collect();
        Catalog { tables, ..Catalog::default() }
    }

    fn found(batch: Batch, here: &Catalog, there: &Catalog) -> BTreeMap<TableName, Table> {
        counterparts(&Request {
            suite: "s",
            revision: "r",
            batch,
            here,
            there,
            tables: &BTreeSet::new(),
            edges: EdgeSet::All,
            avoid: &[],
            vocabulary: Vocabulary::Words,
        })
    }

    #[test]
    fn a_copy_has_the_conditions_of_the_columns_that_it_copies() {
        let mut orders = table(&["id", "state", "customer"]);
        orders.foreign_keys = vec![key("customer", "customers")];
        let before = catalog(&[("orders", orders), ("customers", table(&["id", "title"]))]);
        let mut after = before.clone();
        after.tables.insert(name("kept"), table(&["state", "id"]));
        after.tables.insert(name("unlike"), table(&["id", "colour"]));
        let found = found(Batch::B, &after, &before);
        let kept = &found[&name("kept")];
        assert_eq!(kept.columns.len(), 2);
        assert_eq!(kept.primary_key, ["id"]);
        assert_eq!(kept.checks, [check("id"), check("state")]);
        assert!(kept.foreign_keys.is_empty(), "of a column that is not copied");
        assert!(!found.contains_key(&name("unlike")), "a single common column says nothing");
    }

    #[test]
    fn what_is_copied_meets_the_conditions_of_the_copy() {
        let before = catalog(&[("members", table(&["id", "team"])), ("teams", table(&["id", "motto"]))]);
        let mut after = before.clone();
        let mut history = table(&["id", "team", "action"]);
        history.foreign_keys = vec![key("team", "teams")];
        after.tables.insert(name("history"), history);
        for (batch, here, there) in [(Batch::A, &before, &after), (Batch::B, &after, &before)] {
            let found = found(batch, here, there);
            assert_eq!(found[&name("members")].foreign_keys, [key("team", "teams")]);
            assert!(!found.contains_key(&name("teams")));
        }
    }

    #[test]
    fn a_renamed_table_is_itself() {
        let mut nodes = table(&["id", "parent"]);
        nodes.foreign_keys = vec![key("parent", "nodes")];
        let before = catalog(&[("nodes", nodes.clone()), ("alike", table(&["id", "parent"]))]);
        nodes.foreign_keys.clear();
        let after = catalog(&[("items", nodes), ("alike", table(&["id", "parent"]))]);
        assert_eq!(found(Batch::B, &after, &before)[&name("items")].foreign_keys, [key("parent", "items")]);
        // On the way up too; but a table that stays is nothing that rows of one that goes are put into.
        assert!(found(Batch::A, &before, &after).contains_key(&name("nodes")));
        let gone = catalog(&[("alike", table(&["id", "parent"]))]);
        assert!(found(Batch::A, &before, &gone).is_empty());
    }

    #[test]
    fn a_table_that_was_or_becomes_a_partition_meets_its_bounds() {
        let takes = Some(Check { name: None, ..check("at") });
        let mut events = table(&["id", "at"]);
        events.partitions = vec![
            Partition { name: name("events_1"), takes: takes.clone() },
            Partition { name: name("events_2"), takes: Some(Check { name: None, ..check("id") }) },
        ];
        let partitioned = catalog(&[("events", events.clone())]);
        events.partitions.remove(0);
        for apart in ["events_1", "cold"] {
            let alone = catalog(&[("events", events.clone()), (apart, table(&["id", "at"]))]);
            let found = found(Batch::B, &alone, &partitioned);
            let bounds = found[&name(apart)].checks.iter().find(|check| check.name.is_none()).unwrap();
            assert_eq!(bounds.columns, ["at"], "{apart}");
        }
    }
}
