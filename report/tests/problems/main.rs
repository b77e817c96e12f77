//! Every format of problems, shown from one list that has everything in it, and read by programs that are not ours.
//!
//! The latter need a Python with what `xtask/requirements.txt` lists (`MRT_TEST_PYTHON`), and say in a line with `SKIPPED: `
//! where it is not there.
#![allow(clippy::unwrap_used)]

mod readers;
#[path = "../support/mod.rs"]
mod support;

use mrt_report::problems::{LookedAt, Problem, Rule, Severity, github, gitlab, junit, sarif};

/// What a migration can carry: ends of commands, of XML, of lines and of URIs, and what a terminal obeys.
const HOSTILE: &str =
    "100% of\r\n::error::`users`,`a:b`]]>&amp;<b>\"'\u{1b}[2J\u{202e}\u{0}##[endgroup] {0} [x](1) %0A";

fn rule(id: &str, name: &str, severity: Severity) -> Rule {
    let about = format!("What {id} is about.");
    let help = format!("**{name}**. {about}\n\n```python\nop.drop_column(\"users\", \"phone\")\n```\n");
    Rule { id: id.to_owned(), name: name.to_owned(), severity, about, help }
}

fn rules() -> [Rule; 3] {
    [
        rule("MRT001", "unreadable file", Severity::Error),
        rule("MRT201", "dropped column: its values are lost", Severity::Error),
        rule("MRT305", "shorter type, 50% of it", Severity::Warning),
    ]
}

fn problem<'a>(rule: &'a Rule, revision: &'a str, file: &str, line: u32, message: &'a str) -> Problem<'a> {
    let (severity, subject) = (rule.severity, "op.drop_column(\"users\", \"phone\")");
    Problem {
        rule,
        severity,
        suite: "shop",
        revision,
        file: file.to_owned(),
        line,
        message: message.into(),
        subject,
        baseline: None,
    }
}

/// Every severity, a file without a revision, a file outside of the repository, the same line twice, two suites, and what is
/// hostile in each place that a project fills.
fn everything(rules: &[Rule; 3]) -> Vec<Problem<'_>> {
    let [unreadable, dropped, shorter] = rules;
    let versions = "services/shop/migrations/versions";
    vec![
        problem(unreadable, "", &format!("{versions}/broken.py"), 1, "this file is no Python"),
        problem(
            dropped,
            "a2",
            &format!("{versions}/a2.py"),
            12,
            "`users.phone` is dropped: its values are gone",
        ),
        problem(dropped, "a2", &format!("{versions}/a2.py"), 12, "`users.phone` is dropped once more"),
        Problem {
            severity: Severity::Note,
            ..problem(dropped, "a2", &format!("{versions}/a2.py"), 30, "somebody may care")
        },
        problem(shorter, "a3", &format!("{versions}/a3 größer, 50%:x.py"), 4, HOSTILE),
        Problem { suite: HOSTILE, ..problem(shorter, HOSTILE, HOSTILE, 4, "everything else is hostile") },
        Problem { suite: "billing", ..problem(shorter, "b1", "/srv/shared versions/b1.py", 7, "outside") },
    ]
}

const LOOKED_AT: [LookedAt<'_>; 5] = [
    LookedAt { suite: "shop", revision: "a1" },
    LookedAt { suite: "shop", revision: "a2" },
    LookedAt { suite: "shop", revision: "a3" },
    LookedAt { suite: "billing", revision: "b1" },
    LookedAt { suite: "billing", revision: "b2" },
];

#[test]
fn sarif_shows_everything() {
    let text = sarif(&everything(&rules()), &[]).unwrap();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version), "{text}");
    insta::assert_snapshot!(text.replace(&version, "\"version\": \"(that of mrt)\""));
}

#[test]
fn github_shows_everything() {
    insta::assert_snapshot!(github(&everything(&rules()), &[]));
}

#[test]
fn gitlab_shows_everything() {
    insta::assert_snapshot!(gitlab(&everything(&rules())).unwrap());
}

#[test]
fn junit_shows_everything() {
    insta::assert_snapshot!(junit(&everything(&rules()), &LOOKED_AT, Severity::Error).unwrap());
}

#[test]
fn a_warning_is_a_failure_where_it_is_to_count() {
    let failures = |from| {
        let text = junit(&everything(&rules()), &LOOKED_AT, from).unwrap();
        text.matches("<failure").count()
    };
    assert_eq!([Severity::Error, Severity::Warning, Severity::Note].map(failures), [2, 5, 5]);
}

#[test]
fn nothing_that_is_wrong_is_a_report_as_well() {
    assert_eq!(github(&[], &[]), "");
    assert_eq!(gitlab(&[]).unwrap(), "[]\n");
    assert!(sarif(&[], &[]).unwrap().contains("\"results\": []"));
    assert!(junit(&[], &LOOKED_AT, Severity::Note).unwrap().contains("tests=\"5\" failures=\"0\""));
}

#[test]
fn github_is_given_no_more_annotations_than_it_shows_and_told_of_the_rest() {
    let rules = rules();
    let many = |count: u32| -> Vec<Problem> {
        let at = |line| problem(&rules[1], "a2", "versions/a2.py", line, "`users.phone` is dropped");
        let mut all: Vec<Problem> = (1..=count).map(at).collect();
        all.push(problem(&rules[2], "a2", "versions/a2.py", 5, "a warning has room of its own"));
        all
    };
    assert_eq!(github(&many(10), &[]).lines().count(), 11);
    let text = github(&many(12), &[]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 11);
    assert_eq!(
        lines[9],
        "::error file=versions/a2.py,line=10,title=3 more errors::versions/a2.py:10 MRT201%0Aversions/a2.py:11 MRT201%0Aversions/a2.py:12 MRT201"
    );
    assert!(lines[10].starts_with("::warning file=versions/a2.py,line=5,"), "{text}");
    assert!(github(&many(100), &[]).contains("%0Aand 61 more\n"));
}
