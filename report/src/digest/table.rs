//! Suites x revisions x targets, and which rows fold.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::text::{count, printable};
use crate::{Cell, Report, Verdict};

/// The cells of one suite, as rows and columns.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    pub(crate) name: &'a str,
    pub(crate) targets: Vec<&'a str>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// One revision on every target that has it.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) id: &'a str,
    /// The id as it is shown: cut where that leaves it unique.
    pub(crate) short: String,
    pub(crate) title: &'a str,
    /// In the order of the suite's targets.
    pub(crate) columns: Vec<Option<&'a Cell>>,
}

/// Rows that are shown together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block<T> {
    /// Several that pass wherever they were tried: one line stands for them.
    Fold(T),
    /// Rows that are shown one by one.
    Rows(T),
}

/// Runs of rows that pass, and what stands between them. A single row takes as much room as the line that would stand for it,
/// and says more.
pub(crate) fn blocks(passes: &[bool]) -> Vec<Block<Range<usize>>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < passes.len() {
        let rest = &passes[at..];
        let passing = rest.iter().take_while(|passes| **passes).count();
        let (block, rows) = match passing {
            // Up to the next two rows that pass.
            0 | 1 => {
                let next = rest.windows(2).skip(1).position(|two| two == [true, true]).map(|n| n + 1);
                let rows = next.unwrap_or(rest.len());
                (Block::Rows(at..at + rows), rows)
            }
            _ => (Block::Fold(at..at + passing), passing),
        };
        blocks.push(block);
        at += rows;
    }
    blocks
}

/// What a line says that stands for so many rows, which may not be on every one of so many targets.
pub(crate) fn folded(rows: usize, targets: usize, everywhere: bool) -> String {
    let revisions = count(rows, "revision");
    match (targets, everywhere) {
        (1, _) => format!("{revisions} pass"),
        (_, true) => format!("{revisions} pass on every target"),
        (_, false) => format!("{revisions} pass on every target that has them"),
    }
}

impl<'a> Row<'a> {
    /// The row's cells in the order of the suite's targets.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &'a Cell> {
        self.columns.iter().copied().flatten()
    }

    fn passes(&self) -> bool {
        self.cells().all(|cell| cell.verdict == Verdict::Pass)
    }
}

impl<'a> Suite<'a> {
    /// Its rows, folded.
    pub(crate) fn blocks(&self) -> Vec<Block<&[Row<'a>]>> {
        let passes: Vec<bool> = self.rows.iter().map(Row::passes).collect();
        let block = |block| match block {
            Block::Fold(rows) => Block::Fold(&self.rows[rows]),
            Block::Rows(rows) => Block::Rows(&self.rows[rows]),
        };
        blocks(&passes).into_iter().map(block).collect()
    }

    /// What a line says that stands for rows.
    pub(crate) fn folded(&self, rows: &[Row<'a>]) -> String {
        let targets = self.targets.len();
        folded(rows.len(), targets, rows.iter().all(|row| row.cells().count() == targets))
    }

    /// Where something shows: `on sqlite`, `on all 3 targets`.
    pub(crate) fn on(&self, shown: &[&str]) -> String {
        if shown.len() == self.targets.len() && shown.len() > 2 {
            format!("on all {}", count(shown.len(), "target"))
        } else {
            printable(&format!("on {}", shown.join(", "))).into_owned()
        }
    }
}

/// Longest id that is shown whole; Alembic's own have twelve characters.
const SHORT: usize = 12;

pub(super) fn suites(report: &Report) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    let mut at: BTreeMap<&str, usize> = BTreeMap::new();
    let mut columns: Vec<BTreeMap<&str, usize>> = Vec::new();
    let mut rows: Vec<BTreeMap<&str, usize>> = Vec::new();
    for cell in &report.cells {
        let n = *at.entry(&cell.suite).or_insert_with(|| {
            suites.push(Suite { name: &cell.suite, targets: Vec::new(), rows: Vec::new() });
            columns.push(BTreeMap::new());
            rows.push(BTreeMap::new());
            suites.len() - 1
        });
        let suite = &mut suites[n];
        let column = *columns[n].entry(&cell.target).or_insert_with(|| {
            suite.targets.push(&cell.target);
            suite.targets.len() - 1
        });
        let row = *rows[n].entry(&cell.revision).or_insert_with(|| {
            suite.rows.push(Row {
                id: &cell.revision,
                short: String::new(),
                title: &cell.title,
                columns: Vec::new(),
            });
            suite.rows.len() - 1
        });
        let cells = &mut suite.rows[row].columns;
        cells.resize(cells.len().max(column + 1), None);
        cells[column] = Some(cell);
    }
    for suite in &mut suites {
        let columns = suite.targets.len();
        let mut starts: BTreeMap<&str, u32> = BTreeMap::new();
        for row in &suite.rows {
            *starts.entry(start(row.id)).or_default() += 1;
        }
        for row in &mut suite.rows {
            let short = start(row.id);
            row.short = printable(if starts[short] == 1 { short } else { row.id }).into_owned();
            row.columns.resize(columns, None);
        }
    }
    suites
}

fn start(id: &str) -> &str {
    id.char_indices().nth(SHORT).map_or(id, |(end, _)| &id[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(passes: &[bool]) -> String {
        let block = |block: &Block<Range<usize>>| match block {
            Block::Fold(rows) => format!("fold of {}", rows.len()),
            Block::Rows(rows) => format!("{} rows", rows.len()),
        };
        blocks(passes).iter().map(block).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn runs_of_rows_that_pass_fold() {
        const PASS: bool = true;
        const FAIL: bool = false;
        assert_eq!(shown(&[PASS, PASS, PASS]), "fold of 3");
        assert_eq!(shown(&[PASS, FAIL, PASS, PASS]), "2 rows, fold of 2");
        assert_eq!(shown(&[PASS, PASS, FAIL, PASS, FAIL]), "fold of 2, 3 rows");
        assert_eq!(shown(&[FAIL, PASS]), "2 rows");
        assert_eq!(shown(&[PASS, FAIL, FAIL, PASS, PASS, FAIL]), "3 rows, fold of 2, 1 rows");
        assert_eq!(shown(&[]), "");
    }
}
