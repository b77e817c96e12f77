//! Each rule's examples: the bad one has a finding of that code, and nothing is said of the good one.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::settings::EngineKind;
use mrt_lint::Finding;
use mrt_lint::project::{Selection, check_texts};
use mrt_lint::rules::{self, Rule};

fn findings(rule: &Rule, example: &str) -> Vec<Finding> {
    let engine = rule.engines.first().copied().unwrap_or(EngineKind::Postgres);
    let texts = rules::revisions(example);
    let names: Vec<String> = (1..=texts.len()).map(|number| format!("{number}.py")).collect();
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    check_texts(&files, &[engine], &Selection::default()).unwrap().findings
}

#[test]
fn every_rule_flags_its_bad_example_and_no_rule_its_good_one() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let found = findings(rule, rule.bad);
        if !found.iter().any(|finding| finding.code == rule.code) {
            wrong.push(format!("{}: the bad example has {found:#?}", rule.code));
        }
        for finding in findings(rule, rule.good) {
            wrong.push(format!("{}: the good example has {finding:#?}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_unique_and_in_order_within_their_families() {
    let codes: Vec<&str> = rules::all().map(|rule| rule.code).collect();
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(codes, sorted);
}
