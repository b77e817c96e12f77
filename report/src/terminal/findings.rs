//! What is wrong, by revision, then by finding.

use std::cmp::Reverse;

use crate::text::{count, printable};
use crate::{Evidence, Finding, Severity, Verdict};

use super::page::{Page, Paint, symbol};
use super::{Suite, evidence};

/// One finding with every target that shows it.
pub(super) struct Group<'a> {
    pub(super) finding: &'a Finding,
    pub(super) targets: Vec<&'a str>,
    /// The proofs: targets that show the same things in the same words share one.
    proofs: Vec<Proof<'a>>,
}

struct Proof<'a> {
    finding: &'a Finding,
    targets: Vec<&'a str>,
}

/// Whether two findings say the same; what they show for it may differ.
fn same_claim(a: &Finding, b: &Finding) -> bool {
    (a.severity, a.kind, &a.object, &a.message, &a.file, a.line, &a.accepted)
        == (b.severity, b.kind, &b.object, &b.message, &b.file, b.line, &b.accepted)
}

/// The findings of one row that are wanted, gravest first, otherwise in the order in which they stand.
pub(super) fn groups<'a>(
    suite: &Suite<'a>,
    row: &super::Row<'a>,
    wanted: impl Fn(&Finding) -> bool,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for cell in row.cells(suite) {
        for finding in cell.findings.iter().filter(|f| wanted(f)) {
            let target = cell.target.as_str();
            let at = groups.iter().position(|g| same_claim(g.finding, finding)).unwrap_or_else(|| {
                groups.push(Group { finding, targets: Vec::new(), proofs: Vec::new() });
                groups.len() - 1
            });
            let group = &mut groups[at];
            if group.targets.last() != Some(&target) {
                group.targets.push(target);
            }
            match group.proofs.iter_mut().find(|proof| proof.finding == finding) {
                Some(proof) => proof.targets.push(target),
                None => group.proofs.push(Proof { finding, targets: vec![target] }),
            }
        }
    }
    groups.sort_by_key(|group| Reverse(group.finding.severity));
    groups
}

/// A section with the findings that are wanted and not accepted.
pub(super) fn section(page: &mut Page, title: &str, suites: &[Suite<'_>], wanted: impl Fn(&Finding) -> bool) {
    let mut begun = false;
    for suite in suites {
        for row in &suite.rows {
            let groups = groups(suite, row, |f| f.accepted.is_none() && wanted(f));
            if groups.is_empty() {
                continue;
            }
            if !begun {
                page.section(title);
                begun = true;
            }
            page.gap();
            let id = page.paint(&printable(row.id), Paint::Bold);
            let of = if suites.len() > 1 { format!("{}: ", printable(suite.name)) } else { String::new() };
            page.line(0, &format!("{of}{id}  {}", printable(row.title)));
            for group in &groups {
                entry(page, suite, group);
            }
        }
    }
}

fn entry(page: &mut Page, suite: &Suite<'_>, group: &Group<'_>) {
    let Finding { kind, severity, object, message, .. } = group.finding;
    let sign = match severity {
        Severity::Fail => verdict(page, Verdict::Fail),
        Severity::Warn => verdict(page, Verdict::Warn),
        Severity::Note => page.paint("note", Paint::Dim),
    };
    let name = page.paint(&format!("{kind}  {}", printable(object)), Paint::Bold);
    let targets = targets(suite, &group.targets);
    page.gap();
    page.line(2, &format!("{sign}  {name}  {targets}"));
    page.wrapped(4, message, Paint::Plain);
    evidence::location(page, 4, group.finding);
    for proof in &group.proofs {
        if group.proofs.len() > 1 && has_details(proof.finding) {
            let text = printable(&format!("on {}:", proof.targets.join(", "))).into_owned();
            page.line(4, &text);
        }
        evidence::details(page, 4, proof.finding);
    }
}

fn verdict(page: &Page, verdict: Verdict) -> String {
    page.paint(&format!("{} {verdict}", symbol(verdict)), Paint::of(verdict))
}

fn has_details(finding: &Finding) -> bool {
    finding.statement.is_some() || finding.evidence != Evidence::default()
}

/// Where something shows: `on sqlite`, `on all 3 targets`.
pub(super) fn targets(suite: &Suite<'_>, shown: &[&str]) -> String {
    if shown.len() == suite.targets.len() && shown.len() > 2 {
        format!("on all {}", count(shown.len(), "target"))
    } else {
        printable(&format!("on {}", shown.join(", "))).into_owned()
    }
}
