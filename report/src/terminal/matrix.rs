//! Revisions x targets.

use crate::digest::{Block, Row, Suite};
use crate::text::{pad, truncate, width};
use crate::{Verdict, printable};

use super::page::{Page, Paint, symbol};

/// Below this a title says nothing.
const TITLE_MIN: usize = 16;
/// `✗ blocked`.
const VERDICT: usize = 9;

pub(super) fn matrix(page: &mut Page, suite: &Suite<'_>, all: bool) {
    let layout = Layout::new(page, suite);
    page.gap();
    let mut head =
        page.paint(&pad(&truncate(&printable(suite.name), layout.left()), layout.left()), Paint::Bold);
    for (target, columns) in suite.targets.iter().zip(&layout.targets) {
        head.push_str("  ");
        head.push_str(&page.paint(&pad(&printable(target), *columns), Paint::Bold));
    }
    page.line(0, &head);

    for block in suite.blocks() {
        match block {
            Block::Fold(rows) if !all => {
                let sign = page.paint(&symbol(Verdict::Pass).to_string(), Paint::Good);
                page.line(2, &format!("{sign} {}", page.paint(&suite.folded(rows), Paint::Dim)));
            }
            Block::Fold(rows) | Block::Rows(rows) => {
                rows.iter().for_each(|of| row(page, &layout, of));
            }
        }
    }
}

fn row(page: &mut Page, layout: &Layout, row: &Row<'_>) {
    let title = truncate(&printable(row.title), layout.title);
    let mut line = format!("{}  {}", pad(&row.short, layout.id), pad(&title, layout.title));
    for (cell, columns) in row.columns.iter().zip(&layout.targets) {
        line.push_str("  ");
        match cell {
            Some(cell) => {
                let text = pad(&format!("{} {}", symbol(cell.verdict), cell.verdict), *columns);
                line.push_str(&page.paint(&text, Paint::of(cell.verdict)));
            }
            None => line.push_str(&" ".repeat(*columns)),
        }
    }
    page.line(2, &line);
}

/// Columns of the matrix.
struct Layout {
    id: usize,
    title: usize,
    targets: Vec<usize>,
}

impl Layout {
    fn new(page: &Page, suite: &Suite<'_>) -> Self {
        let targets: Vec<usize> =
            suite.targets.iter().map(|target| width(&printable(target)).max(VERDICT)).collect();
        let id = suite.rows.iter().map(|row| width(&row.short)).max().unwrap_or(0);
        let longest = suite.rows.iter().map(|row| width(&printable(row.title))).max().unwrap_or(0);
        let taken = 2 + id + 2 + targets.iter().map(|columns| columns + 2).sum::<usize>();
        let title = longest.min(page.width().saturating_sub(taken).max(TITLE_MIN));
        Self { id, title, targets }
    }

    /// Columns before the first target.
    fn left(&self) -> usize {
        2 + self.id + 2 + self.title
    }
}
