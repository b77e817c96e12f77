//! Suites x revisions x targets, and which rows fold.

use std::collections::BTreeMap;

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
#[derive(Debug, Clone, Copy)]
pub(crate) enum Block<'s, 'a> {
    /// Several that pass wherever they were tried: one line stands for them.
    Fold(&'s [Row<'a>]),
    /// Rows that are shown one by one.
    Rows(&'s [Row<'a>]),
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
    /// Runs of rows that pass, and what stands between them. A single row takes as much room as the line that would stand for it,
    /// and says more.
    pub(crate) fn blocks(&self) -> Vec<Block<'_, 'a>> {
        let mut blocks = Vec::new();
        let mut rest = self.rows.as_slice();
        while !rest.is_empty() {
            let passing = rest.iter().take_while(|row| row.passes()).count();
            if passing > 1 {
                let (fold, behind) = rest.split_at(passing);
                blocks.push(Block::Fold(fold));
                rest = behind;
                continue;
            }
            // Up to the next two rows that pass.
            let shown = (1..rest.len())
                .find(|&at| rest[at].passes() && rest.get(at + 1).is_some_and(Row::passes))
                .unwrap_or(rest.len());
            let (rows, behind) = rest.split_at(shown);
            blocks.push(Block::Rows(rows));
            rest = behind;
        }
        blocks
    }

    /// What a line says that stands for rows.
    pub(crate) fn folded(&self, rows: &[Row<'a>]) -> String {
        let revisions = count(rows.len(), "revision");
        if self.targets.len() == 1 {
            format!("{revisions} pass")
        } else if rows.iter().all(|row| row.cells().count() == self.targets.len()) {
            format!("{revisions} pass on every target")
        } else {
            format!("{revisions} pass on every target that has them")
        }
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
    use crate::Digest;

    fn shown(verdicts: &[Verdict]) -> String {
        let cell = |(n, verdict): (usize, &Verdict)| {
            Cell::untried("shop", "sqlite", &format!("r{n}"), "", *verdict, String::new())
        };
        let report = Report::new(verdicts.iter().enumerate().map(cell).collect());
        let digest = Digest::new(&report);
        let block = |block: &Block| match block {
            Block::Fold(rows) => format!("fold of {}", rows.len()),
            Block::Rows(rows) => format!("{} rows", rows.len()),
        };
        digest.suites[0].blocks().iter().map(block).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn runs_of_rows_that_pass_fold() {
        use Verdict::{Fail, Pass};
        assert_eq!(shown(&[Pass, Pass, Pass]), "fold of 3");
        assert_eq!(shown(&[Pass, Fail, Pass, Pass]), "2 rows, fold of 2");
        assert_eq!(shown(&[Pass, Pass, Fail, Pass, Fail]), "fold of 2, 3 rows");
        assert_eq!(shown(&[Fail, Pass]), "2 rows");
    }
}
