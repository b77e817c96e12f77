//! What the texts of revisions let expect, and whether real rows bear it out.

use std::collections::BTreeMap;

use crate::digest::{Text, title};
use crate::problems::Severity;
use crate::text::{count, printable};
use crate::{Digest, Proof, StaticFinding};

use super::page::{Page, Paint};

/// Those that the run has found to be true, by their lines; the others as numbers, unless `all` are wanted.
pub(super) fn section(page: &mut Page, digest: &Digest<'_>, all: bool) {
    if digest.texts.is_empty() {
        return;
    }
    page.section(title::TEXTS);
    // Rules of the findings that are not shown one by one, by what the run says of them.
    let mut counted: BTreeMap<Proof, BTreeMap<&str, usize>> = BTreeMap::new();
    for text in &digest.texts {
        let StaticFinding { proof, code, .. } = text.finding;
        if all || *proof == Proof::Confirmed {
            entry(page, digest, text);
        } else {
            *counted.entry(*proof).or_default().entry(code).or_default() += 1;
        }
    }
    for (proof, rules) in counted {
        let number: usize = rules.values().sum();
        let rules: Vec<String> = rules.iter().map(|(code, n)| format!("{} x {n}", printable(code))).collect();
        page.line(2, &format!("{} {}", count(number, "finding"), meaning(proof)));
        page.labelled(4, "rules", &rules.join(", "));
    }
}

fn meaning(proof: Proof) -> &'static str {
    match proof {
        Proof::Confirmed => "confirmed",
        Proof::Refuted => "refuted: rows in every table, and nothing of the kind",
        Proof::Open => "open: no run shows it, or this one could not",
    }
}

fn entry(page: &mut Page, digest: &Digest<'_>, text: &Text<'_>) {
    let StaticFinding { code, severity, file, line, proof, message } = text.finding;
    let paint = match (proof, severity) {
        (Proof::Confirmed, Severity::Error) => Paint::Bad,
        (Proof::Confirmed, _) => Paint::Caution,
        (Proof::Refuted | Proof::Open, _) => Paint::Dim,
    };
    let proof = page.paint(proof.as_str(), paint);
    let (suite, row) = digest.place(text.suite, text.row);
    page.line(2, &format!("{}  {}  {proof}  {}", row.short, printable(code), suite.on(&text.targets)));
    // What has been confirmed stands above as a finding, with what shows it.
    if text.finding.proof != Proof::Confirmed {
        page.wrapped(4, message, Paint::Plain);
    }
    page.line(4, &printable(&format!("{file}:{line}")));
}
