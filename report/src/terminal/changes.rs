//! What is different from a previous report.

use crate::digest::{Gone, Since, title};
use crate::text::{count, printable};
use crate::{Digest, Severity, Verdict};

use super::findings::{self, sign};
use super::page::{Page, Paint};
use super::rest;

/// Findings that are no more, or of which nobody knows.
pub(super) fn gone(page: &mut Page, digest: &Digest<'_>) {
    let Some(changes) = &digest.changes else { return };
    list(page, digest, title::FIXED, &changes.fixed);
    list(page, digest, title::UNKNOWN, &changes.unknown);
}

/// News in full, then what is gone; what was known is a number.
pub(super) fn all(page: &mut Page, digest: &Digest<'_>, named: usize) {
    let Some(changes) = &digest.changes else { return };
    findings::section(page, "new since the previous report", digest, |entry| {
        entry.finding.severity > Severity::Note && entry.since.as_ref().is_some_and(Since::is_news)
    });
    findings::section(page, "accepted in the previous report, and not any more", digest, |entry| {
        entry.since == Some(Since::Lapsed)
    });
    let mut begun = false;
    for untried in digest.untried.iter().filter(|it| it.news > 0 && it.key.verdict != Verdict::Skip) {
        if !std::mem::replace(&mut begun, true) {
            page.section("not judged, and not so in the previous report");
        }
        rest::with_places(page, digest, untried, untried.key.verdict, named);
        page.wrapped(4, &untried.key.in_full(), Paint::Plain);
    }
    gone(page, digest);
    page.gap();
    page.line(0, &changes.words());
}

fn list(page: &mut Page, digest: &Digest<'_>, title: &str, all: &[Gone<'_>]) {
    if all.is_empty() {
        return;
    }
    page.section(&format!("{title}: {}", count(all.len(), "finding")));
    for gone in all {
        let Gone { suite, revision, finding, targets } = gone;
        let prefix = digest.prefix(suite);
        let place = printable(&format!("{prefix}{revision}")).into_owned();
        let what = page.paint(&format!("{}  {}", finding.kind, printable(&finding.object)), Paint::Plain);
        let on = printable(&targets.join(", ")).into_owned();
        page.line(2, &format!("{}  {place}  {what}  on {on}", sign(page, finding.severity)));
    }
}
