//! Before against after: catalogs and rows. Pure.

use std::collections::{BTreeMap, BTreeSet};

use mrt_report::{AttributeChange, Evidence, FindingKind, RowChange};

use crate::database::catalog::{COLUMN_ORDER, Catalog, MEMBER, ObjectKey, ObjectKind, PASSWORD, TableName};
use crate::database::rows::{Contents, Rows};
use crate::seed::{Batch, RowKind, Seeded};

/// What is said of a row that no seed of this cell has written.
pub(crate) const EARLIER: &str = "written by an earlier revision";
/// The name of a row that the revision has written into a table without a key.
pub(crate) const UNNAMED: &str = "new row";

/// A difference that was seen in one trial, before it is known on which rows it hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) kind: FindingKind,
    pub(crate) object: String,
    /// Leaves a `pass` a pass.
    pub(crate) note: bool,
    pub(crate) message: String,
    pub(crate) evidence: Evidence,
    /// The seeded rows that show it; empty when the schema alone does.
    pub(crate) rows: BTreeSet<(Batch, RowKind)>,
    /// It is about rows B, which a rollback may lose at the price of a warning.
    pub(crate) about_b: bool,
}

impl Difference {
    /// A difference of the schema that no attribute shows.
    pub(crate) fn of_schema(object: String, message: String, error: Option<String>) -> Self {
        Self {
            kind: FindingKind::SchemaNotRestored,
            object,
            note: false,
            message,
            evidence: Evidence { error, ..Evidence::default() },
            rows: BTreeSet::new(),
            about_b: false,
        }
    }
}

/// Which of two readings of the catalog is being compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// S0 with S0'.
    Rollback,
    /// S1 with S1'.
    Again,
}

/// Compares two catalogs object by object. Objects whose owner differs as a whole are not listed one by one.
pub(crate) fn catalogs(before: &Catalog, after: &Catalog, comparison: Comparison) -> Vec<Difference> {
    let mut found = Vec::new();
    let keys: BTreeSet<&ObjectKey> = before.objects.keys().chain(after.objects.keys()).collect();
    let missing = owners(before, after);
    let extra = owners(after, before);
    for key in keys {
        let owner_differs =
            key.owner.as_ref().is_some_and(|owner| missing.contains(owner) || extra.contains(owner));
        if owner_differs || goes_with_its_member(key, before, after, &missing, &extra) {
            continue;
        }
        let name = format!("{} {}", key.kind, key.path);
        let (was, is) = (before.objects.get(key), after.objects.get(key));
        let mut changes: Vec<AttributeChange> = Vec::new();
        let attributes: BTreeSet<&str> =
            was.into_iter().chain(is).flat_map(|attributes| attributes.keys().copied()).collect();
        for attribute in attributes {
            let pick = |side: Option<&BTreeMap<&'static str, String>>| {
                side.and_then(|attributes| attributes.get(attribute)).cloned()
            };
            let (old, new) = (pick(was), pick(is));
            // A password that a revision makes up is another one each time.
            let made_up = comparison == Comparison::Again
                && key.kind == ObjectKind::ServerWide
                && attribute == PASSWORD
                && old.is_some() == new.is_some();
            let order_kept = attribute == COLUMN_ORDER
                && old.as_deref().zip(new.as_deref()).is_some_and(|(old, new)| same_order(old, new));
            if old != new && !made_up && !order_kept {
                changes.push(AttributeChange {
                    object: name.clone(),
                    attribute: attribute.to_owned(),
                    before: old,
                    after: new,
                });
            }
        }
        let presence = match (was, is) {
            (Some(_), None) => Presence::Missing,
            (None, Some(_)) => Presence::Extra,
            _ if changes.is_empty() => continue,
            _ => Presence::Changed,
        };
        if presence != Presence::Changed && changes.is_empty() {
            changes.push(AttributeChange {
                object: name.clone(),
                attribute: "exists".to_owned(),
                before: was.map(|_| "yes".to_owned()),
                after: is.map(|_| "yes".to_owned()),
            });
        }
        let order_alone =
            presence == Presence::Changed && changes.iter().all(|change| change.attribute == COLUMN_ORDER);
        let (kind, message) = sentence(comparison, presence, key, &changes, order_alone);
        found.push(Difference {
            kind,
            object: key.path.clone(),
            note: order_alone || role_left_behind(comparison, presence, key),
            message,
            evidence: Evidence { catalog: changes, ..Evidence::default() },
            rows: BTreeSet::new(),
            about_b: false,
        });
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Missing,
    Extra,
    Changed,
}

/// Whether the columns of both sides stand in the same order. Those of one side alone are findings of their own.
fn same_order(before: &str, after: &str) -> bool {
    let common = |of: &str, other: &str| -> Vec<String> {
        let others: BTreeSet<&str> = other.split(", ").collect();
        of.split(", ").filter(|name| others.contains(name)).map(str::to_owned).collect()
    };
    common(before, after) == common(after, before)
}

/// Paths of objects that are in `here` and not in `there`, and take what belongs to them along.
fn owners(here: &Catalog, there: &Catalog) -> BTreeSet<String> {
    here.objects.keys().filter(|key| !there.objects.contains_key(key)).map(|key| key.path.clone()).collect()
}

/// A membership belongs to two roles, and goes with either.
fn goes_with_its_member(
    key: &ObjectKey,
    before: &Catalog,
    after: &Catalog,
    missing: &BTreeSet<String>,
    extra: &BTreeSet<String>,
) -> bool {
    key.kind == ObjectKind::ServerWide
        && [before, after]
            .iter()
            .filter_map(|catalog| catalog.objects.get(key)?.get(MEMBER))
            .any(|member| missing.contains(member) || extra.contains(member))
}

/// Leaving a role behind can be right, since other databases may use it. Whether the upgrade copes with that is seen
/// when it runs again.
fn role_left_behind(comparison: Comparison, presence: Presence, key: &ObjectKey) -> bool {
    comparison == Comparison::Rollback
        && presence == Presence::Extra
        && key.kind == ObjectKind::ServerWide
        && key.owner.is_none()
}

fn sentence(
    comparison: Comparison,
    presence: Presence,
    key: &ObjectKey,
    changes: &[AttributeChange],
    order_alone: bool,
) -> (FindingKind, String) {
    let object = format!("{} {}", key.kind, key.path);
    let listed = changes.iter().map(|change| change.attribute.as_str()).collect::<Vec<_>>().join(", ");
    match (comparison, presence) {
        (Comparison::Rollback, _) if order_alone => (
            FindingKind::SchemaNotRestored,
            format!(
                "the columns of {object} come back in another order; code that relies on the order would notice"
            ),
        ),
        (Comparison::Rollback, Presence::Missing) => (
            FindingKind::SchemaNotRestored,
            format!("{object} is gone after the downgrade; recreate it there"),
        ),
        (Comparison::Rollback, Presence::Extra) if role_left_behind(comparison, presence, key) => (
            FindingKind::SchemaLeftBehind,
            format!(
                "{object} is still there after the downgrade; other databases of the server may use it, so that can be meant"
            ),
        ),
        (Comparison::Rollback, Presence::Extra) => (
            FindingKind::SchemaLeftBehind,
            format!("{object} is still there after the downgrade; drop it there"),
        ),
        (Comparison::Rollback, Presence::Changed) => (
            FindingKind::SchemaNotRestored,
            format!("{object} comes back with another {listed}; restore it as it was in the downgrade"),
        ),
        (Comparison::Again, _) if order_alone => (
            FindingKind::ReupgradeDiffers,
            format!("the columns of {object} stand in another order after the second upgrade"),
        ),
        (Comparison::Again, Presence::Missing) => (
            FindingKind::ReupgradeDiffers,
            format!(
                "{object} is missing after the second upgrade; the downgrade leaves something that the upgrade trips over"
            ),
        ),
        (Comparison::Again, Presence::Extra) => (
            FindingKind::ReupgradeDiffers,
            format!("{object} is there only after the second upgrade; the downgrade leaves it behind"),
        ),
        (Comparison::Again, Presence::Changed) => (
            FindingKind::ReupgradeDiffers,
            format!("{object} has another {listed} after the second upgrade than after the first"),
        ),
    }
}

/// What comparing rows needs to know besides the rows.
pub(crate) struct RowContext<'a> {
    /// S0: rows in a table that is not in it are that table's finding.
    pub(crate) original: &'a Catalog,
    /// S0'.
    pub(crate) restored: &'a Catalog,
    /// S1: a column that is not in it was dropped by the upgrade, so its values are gone for good.
    pub(crate) between: &'a Catalog,
    pub(crate) rows_a: &'a Seeded,
    pub(crate) rows_b: &'a Seeded,
    /// Tables that are not compared: Alembic's own.
    pub(crate) bookkeeping: &'a (dyn Fn(&TableName) -> bool + Sync),
}

/// Compares R0 with R0': every row that was there must be there and say the same.
pub(crate) fn contents(before: &Contents, after: &Contents, context: &RowContext<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    let empty = Rows::default();
    let tables: BTreeSet<&TableName> = before.tables.keys().chain(after.tables.keys()).collect();
    for table in tables {
        if (context.bookkeeping)(table) || !context.original.tables.contains_key(table) {
            continue;
        }
        let was = before.tables.get(table).unwrap_or(&empty);
        let is = after.tables.get(table).unwrap_or(&empty);
        let comparison = TableComparison::new(table, was, is, context);
        if context.restored.tables.contains_key(table) {
            found.extend(comparison.differences());
        } else {
            let nowhere: Vec<_> = (0..was.rows.len()).map(|row| (row, None)).collect();
            found.extend(comparison.lost(&nowhere));
        }
    }
    found
}

struct TableComparison<'a> {
    table: &'a TableName,
    was: &'a Rows,
    is: &'a Rows,
    /// Columns of both sides: name, index before, index after.
    columns: Vec<(&'a str, usize, usize)>,
    context: &'a RowContext<'a>,
}

impl<'a> TableComparison<'a> {
    fn new(table: &'a TableName, was: &'a Rows, is: &'a Rows, context: &'a RowContext<'a>) -> Self {
        let columns = was
            .columns
            .iter()
            .enumerate()
            .filter_map(|(i, name)| {
                is.columns.iter().position(|other| other == name).map(|j| (name.as_str(), i, j))
            })
            .collect();
        Self { table, was, is, columns, context }
    }

    fn differences(&self) -> Vec<Difference> {
        let pairs = self.pairs();
        let mut found = Vec::new();
        found.extend(self.lost(&pairs));
        found.extend(self.changed(&pairs));
        found.extend(self.surplus(&pairs));
        found
    }

    /// Matches rows before with rows after: by primary key where there is one on both sides, else equal rows
    /// first and then whatever is most alike.
    fn pairs(&self) -> Vec<(usize, Option<usize>)> {
        let key_of = |rows: &Rows, row: usize, other: &Rows| -> Option<Vec<Option<String>>> {
            let same_key = !rows.key.is_empty()
                && rows
                    .key
                    .iter()
                    .map(|&i| &rows.columns[i])
                    .eq(other.key.iter().map(|&i| &other.columns[i]));
            same_key.then(|| rows.key.iter().map(|&i| rows.rows[row][i].clone()).collect())
        };
        let mut by_key: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
        for row in 0..self.is.rows.len() {
            if let Some(key) = key_of(self.is, row, self.was) {
                by_key.insert(key, row);
            }
        }
        if !by_key.is_empty() {
            return (0..self.was.rows.len())
                .map(|row| (row, key_of(self.was, row, self.is).and_then(|key| by_key.get(&key).copied())))
                .collect();
        }
        self.pairs_without_key()
    }

    fn pairs_without_key(&self) -> Vec<(usize, Option<usize>)> {
        let mut free: BTreeSet<usize> = (0..self.is.rows.len()).collect();
        let mut pairs: Vec<(usize, Option<usize>)> = Vec::new();
        let mut waiting = Vec::new();
        for row in 0..self.was.rows.len() {
            let equal = free.iter().copied().find(|&other| self.unequal(row, other).next().is_none());
            match equal {
                Some(other) => {
                    free.remove(&other);
                    pairs.push((row, Some(other)));
                }
                None => waiting.push(row),
            }
        }
        // Rows B are not partners: what is left over beyond their number may be a changed row A.
        let spare = free.len().saturating_sub(self.written_b());
        for (nth, row) in waiting.into_iter().enumerate() {
            let nearest = free.iter().copied().min_by_key(|&other| (self.unequal(row, other).count(), other));
            let other = nearest.filter(|_| nth < spare);
            if let Some(other) = other {
                free.remove(&other);
            }
            pairs.push((row, other));
        }
        pairs.sort_unstable();
        pairs
    }

    fn unequal(&self, row: usize, other: usize) -> impl Iterator<Item = &(&'a str, usize, usize)> {
        self.columns.iter().filter(move |(_, i, j)| self.was.rows[row][*i] != self.is.rows[other][*j])
    }

    fn written_b(&self) -> usize {
        self.context.rows_b.rows.iter().filter(|seeded| seeded.row.table == *self.table).count()
    }

    fn kind_of(&self, row: usize) -> Option<(Batch, RowKind)> {
        let key: Vec<Option<String>> = self.was.key.iter().map(|&i| self.was.rows[row][i].clone()).collect();
        if !key.is_empty() {
            return of_key(self.context.rows_a, self.table, &key).map(|kind| (Batch::A, kind));
        }
        // Without a key: the seeded row of which most texts reappear.
        self.context
            .rows_a
            .rows
            .iter()
            .filter(|seeded| seeded.row.table == *self.table)
            .max_by_key(|seeded| {
                let alike = seeded.row.values.iter().filter(|(name, value)| {
                    self.was
                        .columns
                        .iter()
                        .position(|column| column == name)
                        .is_some_and(|i| super::evidence::plain(value) == self.was.rows[row][i])
                });
                alike.count()
            })
            .map(|seeded| (Batch::A, seeded.kind))
    }

    fn lost(&self, pairs: &[(usize, Option<usize>)]) -> Option<Difference> {
        let lost: Vec<usize> =
            pairs.iter().filter(|(_, other)| other.is_none()).map(|(row, _)| *row).collect();
        if lost.is_empty() {
            return None;
        }
        let rows = lost.iter().filter_map(|&row| self.kind_of(row)).collect();
        let changes =
            lost.iter().map(|&row| RowChange { before: Some(row_text(self.was, row)), ..self.change(row) });
        Some(self.difference(
            FindingKind::RowsLost,
            self.table.to_string(),
            format!(
                "{} of {} rows of {} are gone after upgrade and downgrade; keep them, or copy them aside in the upgrade and back in the downgrade",
                lost.len(),
                self.was.rows.len(),
                self.table
            ),
            changes.collect(),
            rows,
        ))
    }

    fn changed(&self, pairs: &[(usize, Option<usize>)]) -> Vec<Difference> {
        let mut found = Vec::new();
        for &(name, i, j) in &self.columns {
            let mut changes = Vec::new();
            let mut rows = BTreeSet::new();
            let mut lost = false;
            for &(row, other) in pairs {
                let Some(other) = other else { continue };
                let (old, new) = (&self.was.rows[row][i], &self.is.rows[other][j]);
                if old == new {
                    continue;
                }
                lost |= old.is_some() && new.as_ref().is_none_or(String::is_empty);
                rows.extend(self.kind_of(row));
                changes.push(RowChange {
                    column: Some(name.to_owned()),
                    before: old.clone(),
                    after: new.clone(),
                    ..self.change(row)
                });
            }
            if changes.is_empty() {
                continue;
            }
            let object = format!("{}.{name}", self.table);
            let dropped = !self
                .context
                .between
                .tables
                .get(self.table)
                .is_some_and(|table| table.columns.iter().any(|column| column.name == name));
            let (kind, message) = if lost || dropped {
                (
                    FindingKind::DataLost,
                    format!(
                        "the values of {object} are gone after upgrade and downgrade ({} of {} rows); keep them somewhere in the upgrade and put them back in the downgrade",
                        changes.len(),
                        self.was.rows.len()
                    ),
                )
            } else {
                (
                    FindingKind::DataChanged,
                    format!(
                        "values of {object} differ after upgrade and downgrade ({} of {} rows); make the change reversible, or keep the old values for the downgrade",
                        changes.len(),
                        self.was.rows.len()
                    ),
                )
            };
            found.push(self.difference(kind, object, message, changes, rows));
        }
        found
    }

    /// Rows that are neither rows A nor rows B: the revision wrote them. And rows B that are gone.
    fn surplus(&self, pairs: &[(usize, Option<usize>)]) -> Option<Difference> {
        let matched: BTreeSet<usize> = pairs.iter().filter_map(|(_, other)| *other).collect();
        let others: Vec<usize> = (0..self.is.rows.len()).filter(|row| !matched.contains(row)).collect();
        let written = self.written_b();
        if others.len() < written {
            let rows = self
                .context
                .rows_b
                .rows
                .iter()
                .filter(|seeded| seeded.row.table == *self.table)
                .map(|seeded| (Batch::B, seeded.kind))
                .collect();
            let mut difference = self.difference(
                FindingKind::RowsLost,
                self.table.to_string(),
                format!(
                    "{} of {} rows written to {} after the upgrade are gone after the downgrade; a rollback would lose what users wrote in between",
                    written - others.len(),
                    written,
                    self.table
                ),
                Vec::new(),
                rows,
            );
            difference.about_b = true;
            return Some(difference);
        }
        let mut left: Vec<usize> = others.into_iter().filter(|&row| !self.is_b(row)).collect();
        if left.len() + self.known_b() <= written || left.is_empty() {
            return None;
        }
        left.truncate(self.is.rows.len());
        let changes = left
            .iter()
            .map(|&row| RowChange {
                table: self.table.to_string(),
                row: if self.is.key.is_empty() { UNNAMED.to_owned() } else { row_name(self.is, row) },
                seed: "written by the revision".to_owned(),
                column: None,
                before: None,
                after: Some(row_text(self.is, row)),
            })
            .collect();
        Some(self.difference(
            FindingKind::RowsLeftBehind,
            self.table.to_string(),
            format!(
                "{} rows that the revision wrote into {} are there after the downgrade and were not before; delete them there",
                left.len(),
                self.table
            ),
            changes,
            BTreeSet::new(),
        ))
    }

    fn is_b(&self, row: usize) -> bool {
        let key: Vec<Option<String>> = self.is.key.iter().map(|&i| self.is.rows[row][i].clone()).collect();
        !key.is_empty() && of_key(self.context.rows_b, self.table, &key).is_some()
    }

    /// Rows B whose keys are known and found; the others are only counted.
    fn known_b(&self) -> usize {
        (0..self.is.rows.len()).filter(|&row| self.is_b(row)).count()
    }

    fn change(&self, row: usize) -> RowChange {
        RowChange {
            table: self.table.to_string(),
            row: row_name(self.was, row),
            seed: match self.kind_of(row) {
                Some((batch, kind)) => super::evidence::row_kind(batch, kind),
                None => EARLIER.to_owned(),
            },
            column: None,
            before: None,
            after: None,
        }
    }

    fn difference(
        &self,
        kind: FindingKind,
        object: String,
        message: String,
        changes: Vec<RowChange>,
        rows: BTreeSet<(Batch, RowKind)>,
    ) -> Difference {
        Difference {
            kind,
            object,
            note: false,
            message,
            evidence: Evidence { rows: changes, ..Evidence::default() },
            rows,
            about_b: false,
        }
    }
}

fn of_key(seeded: &Seeded, table: &TableName, key: &[Option<String>]) -> Option<RowKind> {
    seeded
        .rows
        .iter()
        .find(|row| row.row.table == *table && row.key.as_deref() == Some(key))
        .map(|row| row.kind)
}

fn row_name(rows: &Rows, row: usize) -> String {
    if rows.key.is_empty() {
        return format!("row {}", row + 1);
    }
    let parts = rows
        .key
        .iter()
        .map(|&i| format!("{}={}", rows.columns[i], rows.rows[row][i].as_deref().unwrap_or("NULL")));
    parts.collect::<Vec<_>>().join(", ")
}

fn row_text(rows: &Rows, row: usize) -> String {
    let cells = rows.columns.iter().zip(&rows.rows[row]);
    cells
        .map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("NULL")))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
