//! Every format, shown from one report that has everything in it, and read by programs that are not ours.
//!
//! The latter need a Python with what `xtask/requirements.txt` lists (`MRT_TEST_PYTHON`), and one of them Chromium; they say in a line
//! with `SKIPPED: ` where something is not there.
#![allow(clippy::unwrap_used)]

mod readers;
mod sample;
#[path = "../support/mod.rs"]
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mrt_report::problems::{self, Problem, Rules, found, github, gitlab, sarif, unsaid};
use mrt_report::{
    Age, Digest, FailOn, FirstSeen, MARKER, Outcome, ReadError, Report, Severity, Style, Verdict, comment,
    from_json, html, json, json_with_ages, junit, message, step_summary, terminal, terminal_changes,
    without_timings,
};
use sample::{cell, earlier, everything, hostile, many};
use sha2::{Digest as _, Sha256};

fn shown(report: &Report, style: &Style) -> String {
    terminal(&Digest::new(report), style)
}

#[test]
fn terminal_shows_everything() {
    insta::assert_snapshot!(shown(&everything(), &Style::default()));
}

#[test]
fn terminal_says_what_is_new() {
    let (now, before) = (everything(), earlier());
    insta::assert_snapshot!(terminal(&Digest::against(&now, &before), &Style::default()));
}

#[test]
fn a_terminal_is_told_nothing_that_it_obeys() {
    let (now, before) = (hostile(), Report::new(hostile().cells.split_off(1)));
    let text = terminal(&Digest::against(&now, &before), &Style { all: true, ..Style::default() });
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text}");
}

#[test]
fn what_is_different_can_be_shown_alone() {
    let (now, before) = (everything(), earlier());
    let changes = |now, before| terminal_changes(&Digest::against(now, before), &Style::default());
    insta::assert_snapshot!(changes(&now, &before));
    assert_eq!(changes(&now, &now), "0 new, 8 known, 0 fixed\n");
}

#[test]
fn terminal_fits_narrow_screens() {
    let style = Style { width: 72, all: true, color: false };
    let text = shown(&everything(), &style);
    let too_long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 72).collect();
    // Titles of sections and lists of revisions are left to the terminal; what wraps is wrapped.
    assert!(too_long.iter().all(|line| line.contains(": ")), "{too_long:#?}");
    insta::assert_snapshot!(text);
}

#[test]
fn colours_come_only_when_asked_for() {
    let plain = shown(&everything(), &Style::default());
    assert!(!plain.contains('\x1b'), "an escape of a migration came through");
    let coloured = shown(&everything(), &Style { color: true, ..Style::default() });
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
    let folded = shown(&report, &Style::default());
    assert!(folded.contains("14 revisions pass on every target"), "{folded}");
    assert!(!folded.contains("something"), "{folded}");
    let all = shown(&report, &Style { all: true, ..Style::default() });
    assert_eq!(all.matches("something").count(), 14, "{all}");
}

#[test]
fn what_texts_say_is_counted_unless_all_is_asked_for() {
    let texts = |all| {
        let text = shown(&everything(), &Style { all, ..Style::default() });
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
    let text = shown(&report, &Style::default());
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
    let xml = junit(&Digest::new(&everything()), FailOn::Fail).unwrap();
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'), "not safe as XML");
    insta::assert_snapshot!(xml);
}

#[test]
fn junit_counts_warnings_when_asked() {
    let counted = |fail_on| junit(&Digest::new(&everything()), fail_on).unwrap().matches("<failure").count();
    assert_eq!((counted(FailOn::Fail), counted(FailOn::Warn)), (5, 7));
}

#[test]
fn programs_are_told_since_when_findings_are_there() {
    let (now, mut before) = (everything(), earlier());
    let seen = FirstSeen { run: "12".to_owned(), day: "2026-11-20".to_owned() };
    // What the previous report knows of its own findings.
    let known = from_json(&json_with_ages(&Digest::against(&before, &before)).unwrap()).unwrap();
    before.ages = known.ages;
    before
        .ages
        .iter_mut()
        .flatten()
        .filter(|age| age.target == "sqlite")
        .for_each(|age| age.first = Some(seen.clone()));
    let digest = Digest::against(&now, &before);
    let told = from_json(&json_with_ages(&digest).unwrap()).unwrap();
    let ages = told.ages.unwrap();
    let word = |age: &Age| {
        let first = age.first.as_ref().map_or("", |first| &first.run);
        format!("{} {} {} {} {first}", age.revision, age.target, age.object, age.earlier)
    };
    insta::assert_snapshot!(ages.iter().map(word).collect::<Vec<_>>().join("\n"));
    let xml = junit(&digest, FailOn::Fail).unwrap();
    // Each in the text of its case, the first of a case in its message, too.
    let since = |words: &str| xml.matches(words).count();
    assert_eq!(
        [" (new)", " (known since run 12, 2026-11-20)", " (known for 2 reports)"].map(since),
        [6, 4, 4]
    );
    assert_eq!(json_with_ages(&Digest::new(&now)).unwrap(), json(&now).unwrap());
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

/// Problems of the sample against the night before, from the top of a repository.
fn problems<T>(show: impl Fn(&[Problem<'_>], &[String]) -> T) -> T {
    let (now, before) = (everything(), earlier());
    let (digest, rules) = (Digest::against(&now, &before), Rules::default());
    let problems = found(&digest, &rules, |suite, file| format!("services/{suite}/{file}"));
    show(&problems, &unsaid(&digest))
}

/// The same of what is hostile.
fn hostile_problems<T>(show: impl Fn(&[Problem<'_>], &[String]) -> T) -> T {
    let report = hostile();
    let (digest, rules) = (Digest::new(&report), Rules::default());
    show(&found(&digest, &rules, |_, file| file.to_owned()), &unsaid(&digest))
}

#[test]
fn sarif_shows_everything() {
    let text = problems(|problems, unsaid| sarif(problems, unsaid).unwrap());
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(text.replace(&version, "\"version\": \"(that of mrt)\""));
}

#[test]
fn github_shows_everything() {
    insta::assert_snapshot!(problems(github));
}

#[test]
fn gitlab_shows_everything() {
    insta::assert_snapshot!(problems(|problems, _| gitlab(problems).unwrap()));
}

#[test]
fn one_thing_is_one_problem_that_names_its_targets_and_has_the_worst_severity() {
    let mut report = everything();
    for cell in &mut report.cells {
        if cell.target == "sqlite" {
            for finding in &mut cell.findings {
                finding.severity = Severity::Warn;
                finding.message = "in other words".to_owned();
            }
        }
    }
    let (digest, rules) = (Digest::new(&report), Rules::default());
    let problems = found(&digest, &rules, |_, file| file.to_owned());
    let lost: Vec<&Problem> = problems.iter().filter(|problem| problem.rule.id == "data-lost").collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0].severity, problems::Severity::Error);
    assert!(lost[0].message.starts_with("the values of customers.phone"), "{}", lost[0].message);
    assert!(lost[0].message.ends_with("(on sqlite, postgres:15)"), "{}", lost[0].message);
}

#[test]
fn a_list_of_no_problems_says_that_cells_were_not_judged() {
    let report = Report::new(vec![
        cell("a1", "", "sqlite", Verdict::Error),
        cell("a2", "", "sqlite", Verdict::Blocked),
    ]);
    let unsaid = unsaid(&Digest::new(&report));
    let text = sarif(&[], &unsaid).unwrap();
    assert!(text.contains("1 cell could not be judged: infrastructure failed"), "{text}");
    let text = github(&[], &unsaid);
    assert!(
        text.starts_with("::warning title=not everything was judged::1 cell could not be tried"),
        "{text}"
    );
}

#[test]
fn a_comment_shows_everything() {
    let (now, before) = (everything(), earlier());
    insta::assert_snapshot!(comment(&Digest::against(&now, &before)));
}

#[test]
fn a_message_tells_the_worst() {
    let (now, before) = (everything(), earlier());
    let digest = Digest::against(&now, &before);
    insta::assert_snapshot!(
        message(&digest, &["the server of mysql:9.7 cannot start"], Some("https://ci/1")).unwrap()
    );
}

/// A chat obeys `<!channel>`, and some obey `@channel`.
#[test]
fn a_message_calls_nobody() {
    let report = hostile();
    let all = message(&Digest::new(&report), &["`@all` <!here>"], Some("https://ci/1|<!here>")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&all).unwrap();
    let text = json["text"].as_str().unwrap();
    assert_eq!(text.matches('<').count(), 1, "{text}");
    for line in text.lines() {
        assert!(line.matches('`').count() % 2 == 0 && !line.contains('@'), "{line}");
    }
}

#[test]
fn a_summary_is_a_comment_with_more_room_and_no_mark() {
    let report = everything();
    let digest = Digest::new(&report);
    assert_eq!(comment(&digest), format!("{MARKER}\n{}", step_summary(&digest)));
    let nothing = Report::new(Vec::new());
    assert_eq!(step_summary(&Digest::new(&nothing)), "## ⚪ mrt: nothing was checked\n\n");
}

#[test]
fn a_page_shows_everything() {
    let (now, before) = (everything(), earlier());
    let page = html(&Digest::against(&now, &before)).unwrap();
    let (_, body) = page.split_once("<body>").unwrap();
    let (body, _) = body.split_once("<script>").unwrap();
    insta::assert_snapshot!(body);
}

#[test]
fn a_page_allows_its_own_style_and_script_and_nothing_else() {
    let report = everything();
    let page = html(&Digest::new(&report)).unwrap();
    let between = |from: &str, to: &str| {
        let (_, rest) = page.split_once(from).unwrap();
        rest.split_once(to).unwrap().0
    };
    let hash = |text: &str| format!("sha256-{}", STANDARD.encode(Sha256::digest(text)));
    assert_eq!(
        between("Content-Security-Policy\" content=\"", "\">"),
        format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            hash(between("<style>", "</style>")),
            hash(between("<script>", "</script>"))
        )
    );
    // Neither style nor script stands anywhere else; they would be refused.
    assert_eq!((page.matches("<script").count(), page.matches("<style").count()), (1, 1));
    assert!(!page.contains(" style=") && !page.contains(" onclick="), "{page}");
    assert!(!page.contains("src=\"") && !page.contains("url(") && !page.contains("http://"), "{page}");
}

#[test]
fn a_page_shows_what_is_hostile_as_text() {
    let (now, before) = (hostile(), Report::new(hostile().cells.split_off(1)));
    let page = html(&Digest::against(&now, &before)).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img") && !page.contains("</pre>\"") && !page.contains("-->"), "{page}");
    assert!(!page.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{page}");
}

#[test]
fn markdown_is_no_longer_than_it_may_be_and_says_what_is_missing() {
    let report = many(50_000);
    let digest = Digest::new(&report);
    let (comment, summary) = (comment(&digest), step_summary(&digest));
    for (text, least, most) in [(&comment, 50_000, 65_536), (&summary, 800_000, 1 << 20)] {
        assert!((least..most).contains(&text.len()), "{}", text.len());
        let told = text.lines().find(|line| line.starts_with("*And ") && line.contains("more finding"));
        // What is in full, in a line each, and in the sum is all there is.
        let left: usize = told.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let shown = text.lines().filter(|line| is_finding(line)).count();
        assert_eq!(shown + left, 5_000, "{told:?}");
        assert!(text.contains("*The matrix has "), "{}", &text[..2_000]);
        assert!(text.contains("<summary>Slowest (10)</summary>"));
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
    // No warning before the last failure.
    let kinds: Vec<bool> =
        comment.lines().filter(|line| is_finding(line)).map(|line| line.contains('❌')).collect();
    assert!(kinds.is_sorted_by(|a, b| a >= b));
}

fn is_finding(line: &str) -> bool {
    let line = line.strip_prefix("- ").unwrap_or(line);
    line.starts_with("❌ **") || line.starts_with("⚠️ **")
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
