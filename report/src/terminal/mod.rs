//! The report for people: a matrix, then everything that is wrong, in full.
//!
//! Nobody should have to run anything again to understand a failing cell: what was found, where, on which rows it
//! hangs and what the database said stand here.

mod evidence;
mod findings;
mod matrix;
mod page;
mod rest;
mod texts;

use std::collections::BTreeMap;

use crate::{Cell, Finding, Report, Severity};

use page::{Page, Paint};

/// How the terminal report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours, by ANSI escapes.
    pub color: bool,
    /// Columns to fill; less than 60 is taken as 60.
    pub width: usize,
    /// A row for every revision; otherwise runs of revisions that pass everywhere are folded into one line.
    pub all: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100, all: false }
    }
}

/// The report as text.
pub fn terminal(report: &Report, style: &Style) -> String {
    let mut page = Page::new(style);
    let suites = suites(report);
    for suite in &suites {
        matrix::matrix(&mut page, suite, style.all);
    }
    findings::section(&mut page, "findings", &suites, |f| f.severity > Severity::Note);
    findings::section(&mut page, "notes", &suites, |f| f.severity == Severity::Note);
    texts::section(&mut page, &suites, style.all);
    rest::not_seeded(&mut page, report);
    rest::reasons(&mut page, report);
    rest::accepted(&mut page, &suites);
    rest::kept(&mut page, report);
    rest::summary(&mut page, report, &suites);
    page.finish()
}

/// One line about one finding, for progress output: `data-lost customers.phone: …`.
pub fn headline(finding: &Finding) -> String {
    crate::printable(&format!("{} {}: {}", finding.kind, finding.object, finding.message)).into_owned()
}

/// What JUnit shows of one finding: the same words, without colours.
pub(crate) fn finding_text(finding: &Finding) -> String {
    let mut page = Page::new(&Style::default());
    page.wrapped(0, &finding.message, Paint::Plain);
    evidence::location(&mut page, 0, finding);
    evidence::details(&mut page, 0, finding);
    page.finish()
}

/// The cells of one suite, as rows and columns.
pub(crate) struct Suite<'a> {
    name: &'a str,
    targets: Vec<&'a str>,
    rows: Vec<Row<'a>>,
}

/// One revision on every target that has it.
pub(crate) struct Row<'a> {
    id: &'a str,
    /// The id as it is shown: cut where that leaves it unique.
    short: String,
    title: &'a str,
    cells: BTreeMap<&'a str, &'a Cell>,
}

impl<'a> Row<'a> {
    /// The row's cells in the order of the suite's targets.
    fn cells<'s>(&'s self, suite: &'s Suite<'a>) -> impl Iterator<Item = &'a Cell> + 's {
        suite.targets.iter().filter_map(|target| self.cells.get(target).copied())
    }
}

/// Longest id that is shown whole; Alembic's own have twelve characters.
const SHORT: usize = 12;

fn suites(report: &Report) -> Vec<Suite<'_>> {
    let mut suites: Vec<Suite<'_>> = Vec::new();
    for cell in &report.cells {
        let at = suites.iter().position(|s| s.name == cell.suite).unwrap_or_else(|| {
            suites.push(Suite { name: &cell.suite, targets: Vec::new(), rows: Vec::new() });
            suites.len() - 1
        });
        let suite = &mut suites[at];
        if !suite.targets.contains(&cell.target.as_str()) {
            suite.targets.push(&cell.target);
        }
        // Cells of one revision follow each other, so the search is short.
        let row = suite.rows.iter().rposition(|r| r.id == cell.revision).unwrap_or_else(|| {
            suite.rows.push(Row {
                id: &cell.revision,
                short: String::new(),
                title: &cell.title,
                cells: BTreeMap::new(),
            });
            suite.rows.len() - 1
        });
        suite.rows[row].cells.insert(&cell.target, cell);
    }
    for suite in &mut suites {
        let mut starts: BTreeMap<String, u32> = BTreeMap::new();
        for row in &suite.rows {
            *starts.entry(start(row.id)).or_default() += 1;
        }
        for row in &mut suite.rows {
            let short = start(row.id);
            row.short = crate::printable(if starts[&short] == 1 { &short } else { row.id }).into_owned();
        }
    }
    suites
}

fn start(id: &str) -> String {
    id.chars().take(SHORT).collect()
}
