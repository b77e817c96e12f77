//! The report for people: a matrix, then everything that is wrong, in full.
//!
//! Nobody should have to run anything again to understand a failing cell: what was found, where, on which rows it
//! hangs and what the database said stand here.

mod changes;
mod evidence;
mod findings;
mod matrix;
mod page;
mod rest;
mod texts;

use crate::{Digest, Finding, Severity};

pub use page::symbol;
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

/// How many revisions are named that share something, unless all are asked for.
const NAMED: usize = 20;

/// The report as text.
pub fn terminal(digest: &Digest<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    let named = if style.all { usize::MAX } else { NAMED };
    for suite in &digest.suites {
        matrix::matrix(&mut page, suite, style.all);
    }
    what_is_found(&mut page, digest);
    texts::section(&mut page, digest, style.all);
    changes::gone(&mut page, digest);
    rest::not_seeded(&mut page, digest, named);
    rest::reasons(&mut page, digest, named);
    rest::retried(&mut page, digest, named);
    rest::accepted(&mut page, digest);
    rest::kept(&mut page, digest);
    rest::summary(&mut page, digest);
    page.finish()
}

/// What is found, in full, and nothing else.
pub fn terminal_findings(digest: &Digest<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    what_is_found(&mut page, digest);
    page.finish()
}

fn what_is_found(page: &mut Page, digest: &Digest<'_>) {
    findings::section(page, "findings", digest, |entry| entry.finding.severity > Severity::Note);
    findings::section(page, "notes", digest, |entry| entry.finding.severity == Severity::Note);
}

/// What is different from the previous report, and nothing else.
pub fn terminal_changes(digest: &Digest<'_>, style: &Style) -> String {
    let mut page = Page::new(style);
    changes::all(&mut page, digest, if style.all { usize::MAX } else { NAMED });
    page.finish()
}

/// One line about one finding, for progress output: `data-lost customers.phone: …`.
pub fn headline(finding: &Finding) -> String {
    crate::printable(&format!("{} {}: {}", finding.kind, finding.object, finding.message)).into_owned()
}

/// What shows one finding, in the same words without colours.
pub(crate) fn finding_text(finding: &Finding) -> String {
    let mut page = Page::new(&Style::default());
    page.wrapped(0, &finding.message, Paint::Plain);
    evidence::location(&mut page, 0, finding);
    evidence::details(&mut page, 0, finding);
    page.finish()
}

/// The same without its sentence and its place.
pub(crate) fn details_text(finding: &Finding) -> String {
    let mut page = Page::new(&Style::default());
    evidence::details(&mut page, 0, finding);
    page.finish()
}
