//! Rows, table by table.

use std::collections::{BTreeMap, BTreeSet};

use mrt_report::{Evidence, FindingKind, RowChange};

use super::{Difference, EARLIER, UNNAMED};
use crate::check::evidence;
use crate::database::catalog::{Catalog, TableName};
use crate::database::rows::{Contents, Rows};
use crate::seed::{Batch, RowKind, Seeded};

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
                        .is_some_and(|i| evidence::plain(value) == self.was.rows[row][i])
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
                Some((batch, kind)) => evidence::row_kind(batch, kind),
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
