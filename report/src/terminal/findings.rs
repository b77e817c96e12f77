//! What is wrong, by revision, then by finding.

use crate::digest::{Entry, Since};
use crate::text::printable;
use crate::{Digest, Finding, Severity, Verdict};

use super::evidence;
use super::page::{Page, Paint, symbol};

/// A section with the entries that are wanted.
pub(super) fn section(
    page: &mut Page,
    title: &str,
    digest: &Digest<'_>,
    wanted: impl Fn(&Entry<'_>) -> bool,
) {
    let mut last = None;
    for entry in digest.entries.iter().filter(|entry| wanted(entry)) {
        if last.is_none() {
            page.section(title);
        }
        let (suite, row) = digest.place(entry.suite, entry.row);
        if last.replace((entry.suite, entry.row)) != Some((entry.suite, entry.row)) {
            page.gap();
            let id = page.paint(&printable(row.id), Paint::Bold);
            let of = printable(&digest.prefix(suite.name)).into_owned();
            page.line(0, &format!("{of}{id}  {}", printable(row.title)));
        }
        show(page, &suite.on(&entry.targets), entry);
    }
}

fn show(page: &mut Page, targets: &str, entry: &Entry<'_>) {
    let Finding { kind, severity, object, message, .. } = entry.finding;
    let name = page.paint(&format!("{kind}  {}", printable(object)), Paint::Bold);
    page.gap();
    page.line(2, &format!("{}  {name}  {targets}{}", sign(page, *severity), since(page, entry)));
    page.wrapped(4, message, Paint::Plain);
    evidence::location(page, 4, entry.finding);
    for shown in &entry.shown {
        if entry.shown.len() > 1 && shown.has_details() {
            let text = printable(&format!("on {}:", shown.targets.join(", "))).into_owned();
            page.line(4, &text);
        }
        evidence::details(page, 4, shown.finding);
    }
}

/// The word that says how grave a finding is.
pub(super) fn sign(page: &Page, severity: Severity) -> String {
    match severity {
        Severity::Fail => verdict(page, Verdict::Fail),
        Severity::Warn => verdict(page, Verdict::Warn),
        Severity::Note => page.paint("note", Paint::Dim),
    }
}

fn since(page: &Page, entry: &Entry<'_>) -> String {
    let Some(since) = &entry.since else { return String::new() };
    let paint = match since {
        Since::New | Since::Spread(_) => Paint::Bold,
        Since::Known(_) | Since::Lapsed => Paint::Dim,
    };
    format!("  {}", page.paint(&format!("({})", since.words()), paint))
}

fn verdict(page: &Page, verdict: Verdict) -> String {
    page.paint(&format!("{} {verdict}", symbol(verdict)), Paint::of(verdict))
}
