//! Everything beside findings: what was not covered, not tried, accepted or kept, and the sum.

use std::collections::BTreeSet;

use crate::text::{count, printable};
use crate::{Report, Summary, Verdict};

use super::page::{Page, Paint, symbol};
use super::{Suite, findings};

/// Things that share a sentence, with the cells they are true of.
struct Grouped<'a, K> {
    groups: Vec<(K, Vec<(&'a str, &'a str)>)>,
}

impl<'a, K: PartialEq> Grouped<'a, K> {
    fn new() -> Self {
        Self { groups: Vec::new() }
    }

    fn add(&mut self, key: K, revision: &'a str, target: &'a str) {
        match self.groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, cells)) => cells.push((revision, target)),
            None => self.groups.push((key, vec![(revision, target)])),
        }
    }
}

/// `shop: `, in a report of several suites.
fn prefix(report: &Report, suite: &str) -> String {
    if report.cells.iter().all(|cell| cell.suite == suite) { String::new() } else { format!("{suite}: ") }
}

/// `a1, b2 on sqlite, postgres:15`, one line per set of targets.
fn places(prefix: &str, cells: &[(&str, &str)]) -> Vec<String> {
    let mut revisions: Vec<(&str, Vec<&str>)> = Vec::new();
    for (revision, target) in cells {
        match revisions.iter_mut().find(|(known, _)| known == revision) {
            Some((_, targets)) => targets.push(target),
            None => revisions.push((revision, vec![target])),
        }
    }
    let mut lines: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for (revision, targets) in revisions {
        match lines.iter_mut().find(|(known, _)| *known == targets) {
            Some((_, revisions)) => revisions.push(revision),
            None => lines.push((targets, vec![revision])),
        }
    }
    lines
        .iter()
        .map(|(targets, revisions)| format!("{prefix}{} on {}", revisions.join(", "), targets.join(", ")))
        .collect()
}

/// Tables about which nothing is proven, with the database's reason.
pub(super) fn not_seeded(page: &mut Page, report: &Report) {
    let mut gaps = Grouped::new();
    for cell in &report.cells {
        for gap in &cell.coverage.not_seeded {
            gaps.add((&cell.suite, gap), &cell.revision, &cell.target);
        }
    }
    if gaps.groups.is_empty() {
        return;
    }
    page.section("not covered: tables without rows, about which nothing is proven");
    for ((suite, gap), cells) in &gaps.groups {
        let table = page.paint(&printable(&gap.table), Paint::Bold);
        page.line(2, &table);
        page.labelled(4, "reason", &gap.reason);
        page.labelled(4, "in", &places(&prefix(report, suite), cells).join("\n"));
    }
}

/// Cells that were not judged, grouped by the reason.
pub(super) fn reasons(page: &mut Page, report: &Report) {
    for (verdict, title) in [
        (Verdict::Blocked, "blocked: an earlier revision cannot be applied, so these could not be tried"),
        (Verdict::Skip, "skipped"),
        (Verdict::Error, "errors: infrastructure failed, which says nothing about the revisions"),
    ] {
        let mut grouped = Grouped::new();
        for cell in report.cells.iter().filter(|cell| cell.verdict == verdict) {
            let reason = cell.reason.as_deref().unwrap_or("no reason was given");
            let attempts = if verdict == Verdict::Error { cell.attempts } else { 0 };
            grouped.add((&cell.suite, reason, attempts), &cell.revision, &cell.target);
        }
        if grouped.groups.is_empty() {
            continue;
        }
        page.section(title);
        for ((suite, reason, attempts), cells) in &grouped.groups {
            let tries = if *attempts > 1 { format!(" (after {attempts} attempts)") } else { String::new() };
            let sign = page.paint(&symbol(verdict).to_string(), Paint::of(verdict));
            for (n, place) in places(&prefix(report, suite), cells).iter().enumerate() {
                let sign = if n == 0 { sign.as_str() } else { " " };
                page.line(2, &format!("{sign} {}", printable(place)));
            }
            page.wrapped(4, &format!("{reason}{tries}"), Paint::Plain);
        }
    }
}

/// Findings that are known and left out of the verdicts.
pub(super) fn accepted(page: &mut Page, suites: &[Suite<'_>]) {
    let mut begun = false;
    for suite in suites {
        for row in &suite.rows {
            for group in findings::groups(suite, row, |f| f.accepted.is_some()) {
                let Some(accepted) = &group.finding.accepted else { continue };
                if !begun {
                    page.section("accepted: found, and left out of the verdicts");
                    begun = true;
                }
                let targets = findings::targets(suite, &group.targets);
                let finding = group.finding;
                page.line(
                    2,
                    &format!("{}  {}  {}  {targets}", row.short, finding.kind, printable(&finding.object)),
                );
                let until = match &accepted.until {
                    Some(day) => format!(" (until {day})"),
                    None => String::new(),
                };
                page.wrapped(4, &format!("{}{until}", accepted.reason), Paint::Plain);
            }
        }
    }
}

/// Databases that were kept for a look.
pub(super) fn kept(page: &mut Page, report: &Report) {
    let mut begun = false;
    for cell in &report.cells {
        let Some(kept) = &cell.kept else { continue };
        if !begun {
            page.section("kept databases");
            begun = true;
        }
        let suite = prefix(report, &cell.suite);
        page.line(2, &printable(&format!("{suite}{} on {}  {kept}", cell.revision, cell.target)));
    }
}

/// The last line.
pub(super) fn summary(page: &mut Page, report: &Report, suites: &[Suite<'_>]) {
    page.gap();
    if report.cells.is_empty() {
        page.line(0, "nothing was checked");
        return;
    }
    let Summary { pass, warn, fail, blocked, error, skip } = report.summary;
    let counts: Vec<String> = [
        (Verdict::Pass, pass),
        (Verdict::Warn, warn),
        (Verdict::Fail, fail),
        (Verdict::Blocked, blocked),
        (Verdict::Error, error),
        (Verdict::Skip, skip),
    ]
    .into_iter()
    .filter(|(_, n)| *n > 0)
    .map(|(verdict, n)| page.paint(&format!("{n} {verdict}"), Paint::of(verdict)))
    .collect();
    let revisions: usize = suites.iter().map(|suite| suite.rows.len()).sum();
    let targets: BTreeSet<&str> = report.cells.iter().map(|cell| cell.target.as_str()).collect();
    page.line(
        0,
        &format!(
            "{} on {}, {}: {}",
            count(revisions, "revision"),
            count(targets.len(), "target"),
            count(report.cells.len(), "cell"),
            counts.join(", ")
        ),
    );
    let tables: u64 = report.cells.iter().map(|cell| u64::from(cell.coverage.tables)).sum();
    let seeded: u64 = report.cells.iter().map(|cell| u64::from(cell.coverage.tables_seeded)).sum();
    if tables > 0 {
        page.line(0, &format!("coverage: rows in {seeded} of {tables} tables that the revisions can touch"));
    }
}
