//! The same wrong thing of the same revision on several targets is one entry.

use std::cmp::Reverse;

use super::{Since, Suite};
use crate::{Evidence, Finding, StaticFinding};

/// One finding with every target that shows it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) suite: usize,
    pub(crate) row: usize,
    pub(crate) finding: &'a Finding,
    pub(crate) targets: Vec<&'a str>,
    /// Targets that show the same things in the same words share them.
    pub(crate) shown: Vec<Shown<'a>>,
    /// Since when it is known; `None` without a previous report.
    pub(crate) since: Option<Since<'a>>,
}

/// What shows a finding, and where.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) finding: &'a Finding,
    pub(crate) targets: Vec<&'a str>,
}

impl Shown<'_> {
    /// Whether there is anything beside the finding's own sentence.
    pub(crate) fn has_details(&self) -> bool {
        self.finding.statement.is_some() || self.finding.evidence != Evidence::default()
    }
}

/// What the text of a revision lets expect, with the targets of which that is said alike.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    pub(crate) suite: usize,
    pub(crate) row: usize,
    pub(crate) finding: &'a StaticFinding,
    pub(crate) targets: Vec<&'a str>,
}

/// Whether two entries are the same wrong thing, whatever the words and the severity.
pub(crate) fn same(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    (a.suite, a.row, a.finding.kind, &a.finding.object) == (b.suite, b.row, b.finding.kind, &b.finding.object)
}

/// Whether two findings say the same; what they show for it may differ.
fn same_claim(a: &Finding, b: &Finding) -> bool {
    (a.severity, a.kind, &a.object, &a.message, &a.file, a.line, &a.accepted)
        == (b.severity, b.kind, &b.object, &b.message, &b.file, b.line, &b.accepted)
}

pub(super) fn entries<'a>(suites: &[Suite<'a>]) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    for (suite, columns) in suites.iter().enumerate() {
        for (row, cells) in columns.rows.iter().enumerate() {
            let first = entries.len();
            for cell in cells.cells() {
                for finding in &cell.findings {
                    add(&mut entries, first, (suite, row), &cell.target, finding);
                }
            }
            entries[first..].sort_by_key(|entry| Reverse(entry.finding.severity));
        }
    }
    entries
}

fn add<'a>(
    entries: &mut Vec<Entry<'a>>,
    first: usize,
    (suite, row): (usize, usize),
    target: &'a str,
    finding: &'a Finding,
) {
    let known = entries[first..].iter().position(|entry| same_claim(entry.finding, finding));
    let at = known.map_or(entries.len(), |at| first + at);
    if at == entries.len() {
        let (targets, shown) = (Vec::new(), Vec::new());
        entries.push(Entry { suite, row, finding, targets, shown, since: None });
    }
    let entry = &mut entries[at];
    if entry.targets.last() != Some(&target) {
        entry.targets.push(target);
    }
    match entry.shown.iter_mut().find(|shown| shown.finding == finding) {
        Some(shown) => shown.targets.push(target),
        None => entry.shown.push(Shown { finding, targets: vec![target] }),
    }
}

pub(super) fn texts<'a>(suites: &[Suite<'a>]) -> Vec<Text<'a>> {
    let mut texts: Vec<Text<'a>> = Vec::new();
    for (suite, columns) in suites.iter().enumerate() {
        for (row, cells) in columns.rows.iter().enumerate() {
            let first = texts.len();
            for cell in cells.cells() {
                for finding in &cell.static_findings {
                    let target = cell.target.as_str();
                    match texts[first..].iter_mut().find(|text| text.finding == finding) {
                        Some(text) if text.targets.last() == Some(&target) => {}
                        Some(text) => text.targets.push(target),
                        None => texts.push(Text { suite, row, finding, targets: vec![target] }),
                    }
                }
            }
        }
    }
    texts
}
