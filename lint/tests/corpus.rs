//! The ground truth, read as text: nothing certain is said of a correct twin, and much of what is wrong is found.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mrt_chain::settings::Project;
use mrt_lint::project::Selection;
use mrt_lint::{Severity, check};

/// Buggy revisions with a finding, at least: what is read today. Raise it with the rules.
const FOUND: usize = 323;

/// The revisions of which `expect.toml` wants a finding; one of which it only allows some is right.
fn expected(corpus: &Path) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for folder in fs::read_dir(corpus.join("cases")).unwrap() {
        for case in fs::read_dir(folder.unwrap().path()).unwrap() {
            let text = fs::read_to_string(case.unwrap().path().join("expect.toml")).unwrap();
            let table: toml::Table = text.parse().unwrap();
            let sections = table.into_iter().filter(|(_, value)| value.get("findings").is_some());
            wrong.extend(sections.map(|(revision, _)| revision));
        }
    }
    wrong
}

#[test]
fn correct_twins_have_no_error_and_buggy_ones_are_found() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    let wrong = expected(&corpus);
    let mut project = Project::load(&corpus).unwrap();
    let suite = &mut project.suites[0];
    suite
        .select_targets(&["sqlite", "postgres:15", "mysql:9.7", "mariadb:11.8", "mssql:2022", "oracle:23"])
        .unwrap();
    // Every case branches from its own beginning: that is no finding of the corpus.
    let selection = Selection { ignore: vec!["MRT901".to_owned()], ..Selection::default() };
    let checked = check(suite, &selection).unwrap();

    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    let mut false_alarms = Vec::new();
    for finding in &checked.findings {
        let severity = worst.entry(&finding.revision).or_insert(finding.severity);
        *severity = (*severity).max(finding.severity);
        if finding.severity == Severity::Error && !wrong.contains(&finding.revision) {
            false_alarms
                .push(format!("{}:{}: {} {}", finding.file, finding.line, finding.code, finding.message));
        }
    }
    if std::env::var_os("MRT_SHOW").is_some() {
        for finding in &checked.findings {
            println!(
                "{} {} {}:{}: {} {}",
                finding.severity, finding.revision, finding.file, finding.line, finding.code, finding.message
            );
        }
    }
    let found = |least: Severity| {
        wrong.iter().filter(|id| worst.get(id.as_str()).is_some_and(|worst| *worst >= least)).count()
    };
    // What is said of `env.py` is of no revision.
    let clean = |severity: Severity| {
        let correct = |id: &&str| !id.is_empty() && !wrong.contains(*id);
        worst.iter().filter(|(id, worst)| correct(id) && **worst == severity).count()
    };
    println!(
        "{} files; of {} buggy revisions {} have a finding, {} an error; {} correct ones have a warning, {} a note",
        checked.files,
        wrong.len(),
        found(Severity::Note),
        found(Severity::Error),
        clean(Severity::Warning),
        clean(Severity::Note)
    );
    for id in wrong.iter().filter(|id| !worst.contains_key(id.as_str())) {
        println!("not found: {id}");
    }
    assert!(
        false_alarms.is_empty(),
        "{} errors in correct revisions:\n{}",
        false_alarms.len(),
        false_alarms.join("\n")
    );
    assert!(found(Severity::Note) >= FOUND, "only {} are found", found(Severity::Note));
}
