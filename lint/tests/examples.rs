//! Each rule's examples: the bad one has a finding of that code, and nothing is said of the good one.

#![allow(clippy::unwrap_used, missing_docs)]

use mrt_chain::settings::EngineKind;
use mrt_lint::Finding;
use mrt_lint::project::{Selection, check_django_texts, check_texts};
use mrt_lint::rules::{self, Check, Rule};

fn findings(rule: &Rule, example: &str) -> Vec<Finding> {
    let engine = rule.engines.first().copied().unwrap_or(EngineKind::Postgres);
    let files = match rule.check {
        Check::Environment(_) => rules::files_of_environment(example),
        _ => rules::files(example),
    };
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let check = if rules::is_of_django(example) { check_django_texts } else { check_texts };
    let selection = Selection { rolling: rules::is_on_request(rule.code), ..Selection::default() };
    check(&files, &[engine], &selection).unwrap().findings
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

/// `MRT_UPDATE=1 cargo test -p mrt-lint` writes the page.
#[test]
fn the_page_of_rules_is_in_step_with_them() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("RULES.md");
    let page = mrt_lint::explain::document();
    if std::env::var_os("MRT_UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == page,
        "write it anew: MRT_UPDATE=1 cargo test -p mrt-lint"
    );
}
