//! What the texts of revisions let expect, and whether real rows bear it out.

use std::collections::BTreeMap;

use crate::problems::Severity;
use crate::text::{count, printable};
use crate::{Proof, StaticFinding};

use super::page::{Page, Paint};
use super::{Row, Suite, findings};

/// A static finding with the targets that say the same of it.
struct Group<'a> {
    finding: &'a StaticFinding,
    targets: Vec<&'a str>,
}

/// Those that the run has found to be true, by their lines; the others as numbers, unless `all` are wanted.
pub(super) fn section(page: &mut Page, suites: &[Suite<'_>], all: bool) {
    let mut begun = false;
    // Rules of the findings that are not shown one by one, by what the run says of them.
    let mut counted: BTreeMap<Proof, BTreeMap<&str, usize>> = BTreeMap::new();
    for suite in suites {
        for row in &suite.rows {
            for group in groups(suite, row) {
                let finding = group.finding;
                if !all && finding.proof != Proof::Confirmed {
                    *counted.entry(finding.proof).or_default().entry(&finding.code).or_default() += 1;
                    continue;
                }
                if !std::mem::replace(&mut begun, true) {
                    page.section(TITLE);
                }
                entry(page, suite, row, &group);
            }
        }
    }
    if counted.is_empty() {
        return;
    }
    if !begun {
        page.section(TITLE);
    }
    for (proof, rules) in counted {
        let number: usize = rules.values().sum();
        let rules: Vec<String> = rules.iter().map(|(code, n)| format!("{} x {n}", printable(code))).collect();
        let what = match proof {
            Proof::Confirmed => "confirmed",
            Proof::Refuted => "refuted: rows in every table, and nothing of the kind",
            Proof::Open => "open: no run shows it, or this one could not",
        };
        page.line(2, &format!("{} {what}", count(number, "finding")));
        page.labelled(4, "rules", &rules.join(", "));
    }
}

const TITLE: &str = "read in the text (`mrt-cli check`), and what real rows say of it";

fn groups<'a>(suite: &Suite<'a>, row: &Row<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for cell in row.cells(suite) {
        for finding in &cell.static_findings {
            match groups.iter_mut().find(|group| group.finding == finding) {
                Some(group) if group.targets.last() == Some(&cell.target.as_str()) => {}
                Some(group) => group.targets.push(&cell.target),
                None => groups.push(Group { finding, targets: vec![&cell.target] }),
            }
        }
    }
    groups
}

fn entry(page: &mut Page, suite: &Suite<'_>, row: &Row<'_>, group: &Group<'_>) {
    let StaticFinding { code, severity, file, line, proof, message } = group.finding;
    let paint = match (proof, severity) {
        (Proof::Confirmed, Severity::Error) => Paint::Bad,
        (Proof::Confirmed, _) => Paint::Caution,
        (Proof::Refuted | Proof::Open, _) => Paint::Dim,
    };
    let proof = page.paint(proof.as_str(), paint);
    let targets = findings::targets(suite, &group.targets);
    page.line(2, &format!("{}  {}  {proof}  {targets}", row.short, printable(code)));
    // What has been confirmed stands above as a finding, with what shows it.
    if group.finding.proof != Proof::Confirmed {
        page.wrapped(4, message, Paint::Plain);
    }
    page.line(4, &printable(&format!("{file}:{line}")));
}
