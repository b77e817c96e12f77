//! Which tables get rows, how many, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::catalog::{Catalog, Column, Family, ForeignKey, Table, TableName, Unique};

use super::model::EDGES;
use super::{Batch, Request};

/// The most ordinary rows that a table gets so that others can refer to them.
const SUPPORT_LIMIT: usize = 32;

/// When a foreign key's columns get their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// The parent's rows are there.
    Before,
    /// The parent is the same table.
    Itself,
    /// NULL at first, set when all tables have their rows.
    Afterwards,
    /// Parent and child are inserted in one transaction, and checked at its end.
    Together,
    /// NULL for good: a row that is there only to be referred to.
    Never,
}

/// A foreign key as seeding follows it.
#[derive(Debug, Clone)]
pub(super) struct Link<'a> {
    pub(super) key: &'a ForeignKey,
    /// Some column of it may be NULL here.
    pub(super) nullable: bool,
    /// Some column of it may be NULL on both sides.
    pub(super) optional: bool,
    pub(super) timing: Timing,
}

/// A table that gets rows.
#[derive(Debug, Clone)]
pub(super) struct TablePlan<'a> {
    pub(super) name: &'a TableName,
    pub(super) table: &'a Table,
    /// The table on the other side of the revision, whatever its name is there.
    pub(super) other: Option<&'a Table>,
    pub(super) links: Vec<Link<'a>>,
    /// Named by the request; else it only supports others.
    pub(super) requested: bool,
    /// Its rows may be at their edges: it is requested, and no mere backup of another table.
    pub(super) edges: bool,
    /// How many ordinary rows.
    pub(super) ordinary: usize,
}

impl<'a> TablePlan<'a> {
    pub(super) fn other_column(&self, name: &str) -> Option<&'a Column> {
        self.other.and_then(|table| column(table, name))
    }
}

/// Tables in the order of insertion; tables of one stage need each other and go in together.
pub(super) fn plan<'a>(
    request: &Request<'a>,
    counterparts: &'a BTreeMap<TableName, Table>,
) -> Vec<Vec<TablePlan<'a>>> {
    let mut tables: BTreeMap<&TableName, TablePlan<'a>> = BTreeMap::new();
    let mut queue: Vec<&TableName> = request.tables.iter().collect();
    while let Some(name) = queue.pop() {
        let Some((name, table)) = request.here.tables.get_key_value(name) else { continue };
        if tables.contains_key(name) {
            continue;
        }
        let requested = request.tables.contains(name);
        let other = counterparts.get(name).or_else(|| request.there.tables.get(name));
        let mut links = links(request.here, name, table, other);
        for link in &mut links {
            let read = |column: &String| table.checks.iter().any(|check| check.columns.contains(column));
            if !requested && link.optional && !link.key.columns.iter().any(read) {
                link.timing = Timing::Never;
            } else if link.timing != Timing::Itself {
                queue.push(&link.key.parent);
            }
        }
        let ordinary = match request.batch {
            Batch::A => 3,
            Batch::B => 2,
        };
        let made = !request.there.tables.contains_key(name);
        let edges = requested && !(made && is_backup(table, counterparts.get(name)));
        tables.insert(name, TablePlan { name, table, other, links, requested, edges, ordinary });
    }
    let mut stages = order(tables);
    count(&mut stages);
    stages
}

/// What a revision makes by CREATE TABLE .. AS SELECT, to take rows back from: it has no constraints of its own, and
/// no application writes to it, least of all what the table that it copies would refuse.
fn is_backup(table: &Table, original: Option<&Table>) -> bool {
    // MySQL keeps NOT NULL, with a default that nobody has asked for.
    let kept = |column: &Column| {
        let of_original =
            |original: &Table| original.columns.iter().any(|it| it.name == column.name && !it.nullable);
        table.columns.len() == 1 || original.is_some_and(of_original)
    };
    let bare =
        table.columns.iter().all(|column| (column.nullable && column.default.is_none()) || kept(column));
    let free = table.primary_key.is_empty()
        && table.uniques.is_empty()
        && table.foreign_keys.is_empty()
        && table.checks.is_empty();
    // A single column remembers the keys of rows.
    let remembers =
        table.columns.len() == 1 || original.is_some_and(|original| !original.primary_key.is_empty());
    bare && free && remembers
}

/// Foreign keys of both sides, as far as parent and columns exist here.
fn links<'a>(
    here: &'a Catalog,
    name: &TableName,
    table: &'a Table,
    other: Option<&'a Table>,
) -> Vec<Link<'a>> {
    let mut links: Vec<Link<'a>> = Vec::new();
    for key in table.foreign_keys.iter().chain(other.iter().flat_map(|other| &other.foreign_keys)) {
        let parent = here.tables.get(&key.parent);
        let known =
            parent.is_some_and(|parent| key.parent_columns.iter().all(|name| column(parent, name).is_some()));
        let columns: Option<Vec<&Column>> = key.columns.iter().map(|name| column(table, name)).collect();
        let Some(columns) = columns.filter(|columns| known && columns.iter().all(|column| !column.generated))
        else {
            continue;
        };
        let same = |link: &Link<'_>| {
            link.key.columns == key.columns
                && link.key.parent == key.parent
                && link.key.parent_columns == key.parent_columns
        };
        if links.iter().any(same) {
            continue;
        }
        let there = |name: &str| other.and_then(|other| column(other, name));
        links.push(Link {
            key,
            nullable: columns.iter().any(|column| column.nullable),
            optional: columns
                .iter()
                .any(|column| column.nullable && there(&column.name).is_none_or(|there| there.nullable)),
            timing: if key.parent == *name { Timing::Itself } else { Timing::Before },
        });
    }
    links
}

/// Parents first. A cycle is opened at a foreign key that may be NULL for a while; one that cannot be opened
/// becomes a stage of several tables.
fn order<'a>(mut tables: BTreeMap<&'a TableName, TablePlan<'a>>) -> Vec<Vec<TablePlan<'a>>> {
    let mut stages = Vec::new();
    while !tables.is_empty() {
        let ready: Vec<&TableName> = tables
            .values()
            .filter(|table| parents(table, &tables).next().is_none())
            .map(|table| table.name)
            .collect();
        if !ready.is_empty() {
            stages.extend(ready.into_iter().filter_map(|name| tables.remove(name)).map(|table| vec![table]));
            continue;
        }
        if let Some((name, at)) = opening(&tables) {
            if let Some(link) = tables.get_mut(name).and_then(|table| table.links.get_mut(at)) {
                link.timing = Timing::Afterwards;
            }
            continue;
        }
        // Of the sets that are closed under "needs", the smallest is one cycle.
        let closed =
            tables.keys().map(|name| reach(name, &tables)).min_by_key(BTreeSet::len).unwrap_or_default();
        let mut stage: Vec<_> = closed.iter().filter_map(|name| tables.remove(name)).collect();
        for link in stage.iter_mut().flat_map(|table| &mut table.links) {
            if link.timing == Timing::Before && closed.contains(&link.key.parent) {
                link.timing = Timing::Together;
            }
        }
        if stage.is_empty() {
            break;
        }
        stages.push(stage);
    }
    stages
}

/// The tables that have to be filled before this one, of those that are left.
fn parents<'t, 'a>(
    table: &'t TablePlan<'a>,
    left: &'t BTreeMap<&'a TableName, TablePlan<'a>>,
) -> impl Iterator<Item = &'a TableName> + 't {
    table
        .links
        .iter()
        .filter(|link| link.timing == Timing::Before)
        .filter_map(|link| left.get_key_value(&link.key.parent).map(|(name, _)| *name))
}

/// Everything that has to be filled before a table.
fn reach<'a>(from: &TableName, left: &BTreeMap<&'a TableName, TablePlan<'a>>) -> BTreeSet<&'a TableName> {
    let mut seen = BTreeSet::new();
    let mut queue: Vec<&TablePlan<'a>> = left.get(from).into_iter().collect();
    while let Some(table) = queue.pop() {
        for parent in parents(table, left) {
            if seen.insert(parent) {
                queue.extend(left.get(parent));
            }
        }
    }
    seen
}

/// A foreign key on a cycle that may be NULL at first.
fn opening<'a>(left: &BTreeMap<&'a TableName, TablePlan<'a>>) -> Option<(&'a TableName, usize)> {
    left.values().find_map(|table| {
        // Closing the cycle later needs a key by which the row is found.
        let found = !table.table.primary_key.is_empty();
        let at = table.links.iter().position(|link| {
            found
                && link.nullable
                && link.timing == Timing::Before
                && left.contains_key(&link.key.parent)
                && (reach(&link.key.parent, left).contains(table.name))
        });
        at.map(|at| (table.name, at))
    })
}

/// How many ordinary rows each table needs, so that its children find enough parents. Whichever edge rows are asked
/// for, the ordinary rows are the same.
fn count(stages: &mut [Vec<TablePlan<'_>>]) {
    let mut needed: BTreeMap<TableName, usize> = BTreeMap::new();
    for table in stages.iter_mut().rev().flatten() {
        // Two at least, so that a row that moves to another parent is seen.
        let least = if table.requested { table.ordinary } else { 2 };
        table.ordinary = needed.get(table.name).copied().unwrap_or(0).clamp(least, SUPPORT_LIMIT);
        let labels = table.table.columns.iter().map(|column| match &column.ty.family {
            Family::Enum(labels) => labels.len().min(SUPPORT_LIMIT),
            _ => 0,
        });
        let edges = if table.edges { EDGES.len() + labels.max().unwrap_or(0) } else { 0 };
        for link in table.links.iter().filter(|link| !matches!(link.timing, Timing::Never | Timing::Itself)) {
            let demand = demand(table, link, table.ordinary + edges);
            let entry = needed.entry(link.key.parent.clone()).or_insert(0);
            *entry = (*entry).max(demand);
        }
    }
}

/// How many different parents the rows of a child need.
fn demand(table: &TablePlan<'_>, link: &Link<'_>, rows: usize) -> usize {
    let sets = [Some(table.table), table.other].into_iter().flatten().flat_map(unique_columns);
    let mut demand = 1;
    for set in sets {
        if !set.iter().any(|column| link.key.columns.contains(column)) {
            continue;
        }
        // How many foreign keys make up the whole set; if something else is in it, that can be different.
        let sharing =
            table.links.iter().filter(|link| set.iter().any(|column| link.key.columns.contains(column)));
        let covered: BTreeSet<&String> = sharing.clone().flat_map(|link| &link.key.columns).collect();
        if set.iter().all(|column| covered.contains(column)) {
            let sharing = u32::try_from(sharing.count()).unwrap_or(1).max(1);
            let enough = (1..=rows).find(|parents| parents.saturating_pow(sharing) >= rows).unwrap_or(rows);
            demand = demand.max(enough);
        }
    }
    demand
}

/// Sets of columns in which no two rows agree.
pub(super) fn unique_columns(table: &Table) -> impl Iterator<Item = &Vec<String>> {
    let primary = Some(&table.primary_key).filter(|key| !key.is_empty());
    primary
        .into_iter()
        .chain(table.uniques.iter().filter(|unique| unique.plain).map(|Unique { columns, .. }| columns))
}

/// A column by its name.
pub(super) fn column<'a>(table: &'a Table, name: &str) -> Option<&'a Column> {
    table.columns.iter().find(|column| column.name == name)
}
