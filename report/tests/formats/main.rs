//! Every format, shown from one report that has everything in it.
#![allow(clippy::unwrap_used)]

mod sample;

use mrt_report::{
    FailOn, Outcome, ReadError, Report, Style, Verdict, from_json, json, junit, terminal, without_timings,
};
use sample::{cell, everything};

#[test]
fn terminal_shows_everything() {
    insta::assert_snapshot!(terminal(&everything(), &Style::default()));
}

#[test]
fn terminal_fits_narrow_screens() {
    let style = Style { width: 72, all: true, color: false };
    let text = terminal(&everything(), &style);
    let too_long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 72).collect();
    // Titles of sections and lists of revisions are left to the terminal; what wraps is wrapped.
    assert!(too_long.iter().all(|line| line.contains(": ")), "{too_long:#?}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours_come_only_when_asked_for() {
    let plain = terminal(&everything(), &Style::default());
    assert!(!plain.contains('\x1b'), "an escape of a migration came through");
    let coloured = terminal(&everything(), &Style { color: true, ..Style::default() });
    assert!(coloured.contains("\x1b[1;31m"));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some(at) = rest.find('\x1b') {
        stripped.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    stripped.push_str(rest);
    let trim = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trim(&stripped), trim(&plain), "colours change nothing but colours");
}

#[test]
fn passing_revisions_fold_unless_all_are_asked_for() {
    let report = Report::new(
        (0..14)
            .flat_map(|n| {
                ["sqlite", "postgres:15"].map(|t| cell(&format!("r{n}"), "something", t, Verdict::Pass))
            })
            .collect(),
    );
    let folded = terminal(&report, &Style::default());
    assert!(folded.contains("14 revisions pass on every target"), "{folded}");
    assert!(!folded.contains("something"), "{folded}");
    let all = terminal(&report, &Style { all: true, ..Style::default() });
    assert_eq!(all.matches("something").count(), 14, "{all}");
}

#[test]
fn what_texts_say_is_counted_unless_all_is_asked_for() {
    let texts = |all| {
        let text = terminal(&everything(), &Style { all, ..Style::default() });
        let from = text.find("read in the text").unwrap();
        text[from..].split("\n\nnot covered").next().unwrap().to_owned()
    };
    insta::assert_snapshot!(texts(true));
    assert!(!texts(false).contains("MRT407  open"));
}

#[test]
fn ids_are_cut_only_where_they_stay_unique() {
    let report = Report::new(vec![
        cell("2024_01_01_first", "first", "sqlite", Verdict::Warn),
        cell("2024_01_01_firsts", "second", "sqlite", Verdict::Warn),
        cell("2025_01_01_unlike", "third", "sqlite", Verdict::Warn),
    ]);
    let text = terminal(&report, &Style::default());
    assert!(text.contains("2024_01_01_first   first"), "{text}");
    assert!(text.contains("2025_01_01_u  "), "{text}");
}

#[test]
fn json_keeps_its_shape() {
    insta::assert_snapshot!(json(&everything()).unwrap());
}

#[test]
fn json_reads_back() {
    let report = everything();
    let text = json(&report).unwrap();
    assert!(text.ends_with("}\n"));
    assert_eq!(from_json(&text).unwrap(), report);
    let newer = text.replacen("\"schema_version\": 1", "\"schema_version\": 2", 1);
    assert!(matches!(from_json(&newer), Err(ReadError::Version { found: 2 })));
    assert!(matches!(from_json("{}"), Err(ReadError::Malformed(_))));
}

#[test]
fn junit_shows_everything() {
    let xml = junit(&everything(), FailOn::Fail).unwrap();
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "not safe as XML");
    insta::assert_snapshot!(xml);
}

#[test]
fn junit_counts_warnings_when_asked() {
    let counted = |fail_on| junit(&everything(), fail_on).unwrap().matches("<failure").count();
    assert_eq!((counted(FailOn::Fail), counted(FailOn::Warn)), (5, 7));
}

#[test]
fn runs_compare_without_timings() {
    let (mut a, mut b) = (everything(), everything());
    b.cells[0].attempts = 2;
    b.cells[0].duration_ms = 99;
    b.cells[0].phases_ms.insert("seed".to_owned(), 7);
    b.cells[0].kept = Some("postgres://127.0.0.1:40001/kept".to_owned());
    assert_ne!(json(&a).unwrap(), json(&b).unwrap());
    without_timings(&mut a);
    without_timings(&mut b);
    assert_eq!(json(&a).unwrap(), json(&b).unwrap());
}

#[test]
fn outcomes() {
    use Verdict::{Blocked, Error, Fail, Pass, Skip, Warn};
    let outcome = |verdicts: &[Verdict], fail_on| {
        Report::new(verdicts.iter().map(|v| cell("r", "t", "sqlite", *v)).collect()).outcome(fail_on)
    };
    for (verdicts, on_fail, on_warn) in [
        (&[Pass][..], Outcome::Clean, Outcome::Clean),
        (&[Pass, Skip], Outcome::Clean, Outcome::Clean),
        (&[Pass, Warn], Outcome::Clean, Outcome::Findings),
        (&[Pass, Fail], Outcome::Findings, Outcome::Findings),
        (&[Skip, Blocked], Outcome::Findings, Outcome::Findings),
        (&[Fail, Error], Outcome::Findings, Outcome::Findings),
        (&[Pass, Error], Outcome::Incomplete, Outcome::Incomplete),
        (&[Warn, Error], Outcome::Incomplete, Outcome::Findings),
        (&[Skip, Error], Outcome::Incomplete, Outcome::Incomplete),
        (&[], Outcome::NothingChecked, Outcome::NothingChecked),
        (&[Skip], Outcome::NothingChecked, Outcome::NothingChecked),
    ] {
        assert_eq!(outcome(verdicts, FailOn::Fail), on_fail, "{verdicts:?}");
        assert_eq!(outcome(verdicts, FailOn::Warn), on_warn, "{verdicts:?}");
    }
    assert_eq!(
        [Outcome::Clean, Outcome::Findings, Outcome::NothingChecked, Outcome::Incomplete]
            .map(Outcome::exit_code),
        [0, 1, 2, 3]
    );
}
