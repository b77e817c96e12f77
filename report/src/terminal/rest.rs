//! Everything beside findings: what was not covered, not tried, tried again, accepted or kept, and the sum.

use crate::digest::{NOT_JUDGED, Shared, title, took};
use crate::text::printable;
use crate::{Digest, Verdict};

use super::page::{Page, Paint, symbol};

/// `shop: a1, b2 on sqlite`, one for each set of targets.
fn places<K>(digest: &Digest<'_>, shared: &Shared<'_, K>, named: usize) -> Vec<String> {
    let prefix = digest.prefix(shared.suite);
    shared.places(named).iter().map(|place| printable(&format!("{prefix}{place}")).into_owned()).collect()
}

/// Tables about which nothing is proven, with the database's reason.
pub(super) fn not_seeded(page: &mut Page, digest: &Digest<'_>, named: usize) {
    if digest.gaps.is_empty() {
        return;
    }
    page.section(title::GAPS);
    for gap in &digest.gaps {
        let table = page.paint(&printable(&gap.key.table), Paint::Bold);
        page.line(2, &table);
        page.labelled(4, "reason", &gap.key.reason);
        page.labelled(4, "in", &places(digest, gap, named).join("\n"));
    }
}

/// Cells that were not judged, grouped by the reason.
pub(super) fn reasons(page: &mut Page, digest: &Digest<'_>, named: usize) {
    for (verdict, title) in NOT_JUDGED {
        let mut begun = false;
        for untried in digest.untried.iter().filter(|untried| untried.key.verdict == verdict) {
            if !std::mem::replace(&mut begun, true) {
                page.section(title);
            }
            with_places(page, digest, untried, verdict, named);
            page.wrapped(4, &untried.key.in_full(), Paint::Plain);
        }
    }
}

/// Cells that were judged, but not at once.
pub(super) fn retried(page: &mut Page, digest: &Digest<'_>, named: usize) {
    if digest.retried.is_empty() {
        return;
    }
    page.section(title::RETRIED);
    for retried in &digest.retried {
        with_places(page, digest, retried, Verdict::Error, named);
        page.wrapped(4, &format!("after {} attempts", retried.key), Paint::Plain);
    }
}

pub(super) fn with_places<K>(
    page: &mut Page,
    digest: &Digest<'_>,
    shared: &Shared<'_, K>,
    verdict: Verdict,
    named: usize,
) {
    let sign = page.paint(&symbol(verdict).to_string(), Paint::of(verdict));
    for (n, place) in places(digest, shared, named).iter().enumerate() {
        let sign = if n == 0 { sign.as_str() } else { " " };
        page.line(2, &format!("{sign} {place}"));
    }
    if let Some(news) = shared.news() {
        page.wrapped(4, &news, Paint::Bold);
    }
}

/// Findings that are known and left out of the verdicts.
pub(super) fn accepted(page: &mut Page, digest: &Digest<'_>) {
    if digest.accepted.is_empty() {
        return;
    }
    page.section(title::ACCEPTED);
    for entry in &digest.accepted {
        let (suite, row) = digest.place(entry.suite, entry.row);
        let finding = entry.finding;
        let targets = suite.on(&entry.targets);
        page.line(2, &format!("{}  {}  {}  {targets}", row.short, finding.kind, printable(&finding.object)));
        if let Some(accepted) = &finding.accepted {
            page.wrapped(4, &accepted.in_full(), Paint::Plain);
        }
    }
}

/// Databases that were kept for a look.
pub(super) fn kept(page: &mut Page, digest: &Digest<'_>) {
    let mut begun = false;
    for cell in &digest.report.cells {
        let Some(kept) = &cell.kept else { continue };
        if !std::mem::replace(&mut begun, true) {
            page.section(title::KEPT);
        }
        let suite = digest.prefix(&cell.suite);
        page.line(2, &printable(&format!("{suite}{} on {}  {kept}", cell.revision, cell.target)));
    }
}

/// The last lines.
pub(super) fn summary(page: &mut Page, digest: &Digest<'_>) {
    page.gap();
    if digest.report.cells.is_empty() {
        page.line(0, "nothing was checked");
        return;
    }
    let counts: Vec<String> = digest
        .verdicts()
        .into_iter()
        .map(|(verdict, n)| page.paint(&format!("{n} {verdict}"), Paint::of(verdict)))
        .collect();
    page.line(0, &format!("{}: {}", digest.extent(), counts.join(", ")));
    if let Some(changes) = &digest.changes {
        page.line(0, &format!("since the previous report: {}", changes.words()));
    }
    if let Some(coverage) = digest.coverage() {
        page.line(0, &format!("coverage: {coverage}"));
    }
    time(page, digest);
}

fn time(page: &mut Page, digest: &Digest<'_>) {
    if let Some(time) = digest.time.words() {
        page.wrapped(0, &format!("time: {time}"), Paint::Plain);
    }
    if let Some(cell) = digest.time.slowest.first() {
        let place = format!("{}{} on {}", digest.prefix(&cell.suite), cell.revision, cell.target);
        page.wrapped(0, &format!("slowest: {place}, {}", took(cell)), Paint::Plain);
    }
}
