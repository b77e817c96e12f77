//! A cell: its steps, what was found and what shows it, and the migration's text.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, State};
use mrt_report::{Cell, Proof, Report, Verdict, findings_html};

use super::source::{Source, source};
use super::words::{Sign, escaped, lines, shown, sign, span};
use super::{Answer, Failure, Frame, Site, aside, page as show, run};
use crate::store::Standing;

/// Bytes of what is shown of a cell's findings.
const ROOM: usize = 4_000_000;

#[derive(Template)]
#[template(path = "cell.html")]
struct Page {
    frame: Frame,
    run: u64,
    revision: String,
    title: String,
    suite: String,
    suite_link: String,
    target: String,
    class: &'static str,
    sign: Option<Sign>,
    /// On which host it is checked now.
    at: Option<String>,
    /// Where its result is told.
    events: Option<u64>,
    column: u32,
    position: u32,
    attempts: u32,
    took: String,
    reason: Option<String>,
    kept: Option<String>,
    steps: Vec<Step>,
    other_time: Vec<String>,
    coverage: String,
    gaps: Vec<(String, String)>,
    findings: String,
    accepted: Vec<(String, String)>,
    texts: Vec<Text>,
    source: Source,
    repro: Option<String>,
    again: String,
    before: Option<Neighbour>,
    after: Option<Neighbour>,
}

/// One of the seven steps.
struct Step {
    what: String,
    class: &'static str,
    state: String,
    time: String,
}

/// What the text of the revision lets expect.
struct Text {
    head: String,
    meaning: &'static str,
    message: String,
    place: String,
}

/// The revision before or behind it on the same target.
struct Neighbour {
    position: u32,
    revision: String,
}

pub(super) async fn page(
    State(site): State<Site>,
    Path((name, column, position)): Path<(String, String, String)>,
) -> Answer {
    let run = run::known(&site, &name).await?;
    let (column, position): (u32, u32) =
        column.parse().ok().zip(position.parse().ok()).ok_or_else(Failure::no_cell)?;
    let columns = site.store.columns(run.id).await?;
    let column = columns.into_iter().find(|it| it.place == column).ok_or_else(Failure::no_cell)?;
    let cells = site.store.cells(column.id).await?;
    let n = cells.iter().position(|it| it.position == position).ok_or_else(Failure::no_cell)?;
    let neighbour = |n: Option<usize>| {
        let cell = cells.get(n?)?;
        Some(Neighbour { position: cell.position, revision: shown(&cell.revision) })
    };
    let (before, after) = (neighbour(n.checked_sub(1)), neighbour(Some(n + 1)));
    let seen = &cells[n];
    let result = site.store.result(column.id, position).await?;
    let (class, sign) = match seen.standing {
        Standing::Done(verdict) => (verdict.as_str(), Some(sign(verdict))),
        Standing::Open => ("skip", None),
    };
    let is_at =
        |held: &crate::store::Held| held.place == column.place && held.at.contains(&(position as usize));
    let held = site.store.held(Some(run.id)).await?;
    let at = held.iter().find(|held| sign.is_none() && is_at(held)).map(|held| shown(&held.host));
    let source = source(&site, &column.bundle, &seen.revision, result.as_ref()).await?;
    let again = again(&column.suite, &column.target, &seen.revision);
    let cell = result.unwrap_or_else(|| {
        let (suite, target) = (&column.suite, &column.target);
        let nothing = Verdict::Skip;
        let cell = Cell::untried(suite, target, &seen.revision, &seen.title, nothing, String::new());
        Cell { reason: None, ..cell }
    });
    let events = sign.is_none().then_some(run.next_event);
    let accepted = cell.findings.iter().filter_map(|finding| {
        let reason = finding.accepted.as_ref()?;
        Some((shown(&format!("{} {}", finding.kind, finding.object)), shown(&reason.reason)))
    });
    let coverage = coverage(&cell);
    let compared = run::Compared::of(&site, &run, Report::new(vec![cell.clone()])).await?;
    let page = Page {
        frame: site.frame(shown(&format!("{} on {}, run {}", seen.revision, column.target, run.id.0))),
        run: run.id.0,
        revision: shown(&seen.revision),
        title: shown(&seen.title),
        suite: shown(&column.suite),
        suite_link: escaped(&column.suite),
        target: shown(&column.target),
        class,
        sign,
        at,
        events,
        column: column.place,
        position,
        attempts: cell.attempts,
        took: span(cell.duration_ms),
        reason: cell.reason.as_deref().map(text),
        kept: cell.kept.as_deref().map(text),
        steps: steps(&cell),
        other_time: other_time(&cell.phases_ms),
        coverage,
        gaps: cell.coverage.not_seeded.iter().map(|gap| (shown(&gap.table), text(&gap.reason))).collect(),
        accepted: accepted.collect(),
        texts: texts(&cell),
        source,
        repro: repro(run.id.0, &cell),
        again,
        before,
        after,
        findings: aside(move || findings_html(&compared.digest(), ROOM)).await??,
    };
    show(&page)
}

/// Lines as lines, safe to show.
fn text(text: &str) -> String {
    lines(text).collect::<Vec<_>>().join("\n")
}

fn steps(cell: &Cell) -> Vec<Step> {
    let was_run = |name: &str| cell.phases_ms.contains_key(name);
    let step = |step: mrt_report::Step| {
        let names = step.phases();
        let is_of_it = |it: &&mrt_report::Finding| mrt_report::Step::of(it.kind) == Some(step);
        let found = cell.findings.iter().filter(|it| it.accepted.is_none()).filter(is_of_it);
        let gravest = found.clone().map(|it| it.severity).max();
        let mut names_found: Vec<&str> = found.map(|it| it.kind.as_str()).collect();
        names_found.dedup();
        let millis: u64 = names.iter().filter_map(|name| cell.phases_ms.get(*name)).sum();
        // Rows behind the upgrade are written where the downgrade was come to.
        let done =
            if names.is_empty() { was_run("downgrade") } else { names.iter().any(|name| was_run(name)) };
        let (class, state) = match gravest {
            Some(mrt_report::Severity::Fail) => ("fail", names_found.join(", ")),
            Some(mrt_report::Severity::Warn) => ("warn", names_found.join(", ")),
            Some(mrt_report::Severity::Note) | None if done => ("pass", "done".to_owned()),
            Some(_) | None if cell.phases_ms.is_empty() => ("skip", "not told".to_owned()),
            Some(_) | None => ("skip", "not done".to_owned()),
        };
        let time = if done && !names.is_empty() { span(millis) } else { String::new() };
        let elsewhere = if names.is_empty() { " (its time is counted above)" } else { "" };
        Step { what: format!("{}{elsewhere}", step.what()), class, state, time }
    };
    mrt_report::Step::ALL.into_iter().map(step).collect()
}

/// Times that belong to none of the steps.
fn other_time(phases: &BTreeMap<String, u64>) -> Vec<String> {
    let known = |name: &str| mrt_report::Step::ALL.iter().any(|step| step.phases().contains(&name));
    phases
        .iter()
        .filter(|(name, _)| !known(name))
        .map(|(name, ms)| format!("{} {}", shown(name), span(*ms)))
        .collect()
}

fn coverage(cell: &Cell) -> String {
    let it = &cell.coverage;
    match (it.tables, it.rows_seeded) {
        (0, _) => "The revision touches nothing that was there before it, as far as is known.".to_owned(),
        (tables, 0) => {
            format!("Rows in {} of {tables} tables that the revision can touch.", it.tables_seeded)
        }
        (tables, rows) => format!(
            "Rows in {} of {tables} tables that the revision can touch; {rows} were written.",
            it.tables_seeded
        ),
    }
}

fn texts(cell: &Cell) -> Vec<Text> {
    let said = cell.static_findings.iter().map(|it| Text {
        head: shown(&format!("{}[{}]", it.severity.as_str(), it.code)),
        meaning: match it.proof {
            Proof::Confirmed => "confirmed by this cell",
            Proof::Refuted => "refuted: rows in every table, and nothing of the kind",
            Proof::Open => "open: no run shows it, or this one could not",
        },
        message: text(&it.message),
        place: shown(&format!("{}:{}", it.file, it.line)),
    });
    said.collect()
}

/// A word of a command line, as a shell takes it.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._:-/".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// What somebody types anywhere to see with their own eyes what a cell has found.
fn repro(run: u64, cell: &Cell) -> Option<String> {
    let is_wrong = matches!(cell.verdict, Verdict::Fail | Verdict::Warn);
    let name = format!("{}/{}@{}", cell.suite, cell.revision, cell.target);
    is_wrong.then(|| shown(&format!("mrt-cli repro {run} {}", word(&name))))
}

/// What somebody types in the project's directory to do the same there.
fn again(suite: &str, target: &str, revision: &str) -> String {
    shown(&format!("mrt-cli run --suite={} --target={} --only={}", word(suite), word(target), word(revision)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_was_meant() {
        assert_eq!(
            again("shop", "postgres:16", "a1"),
            "mrt-cli run --suite=shop --target=postgres:16 --only=a1"
        );
        assert_eq!(again("$(id)", "s", "it's"), r"mrt-cli run --suite='$(id)' --target=s --only='it'\''s'");
    }

    #[test]
    fn a_cell_that_does_not_pass_can_be_seen_elsewhere() {
        let of = |verdict| {
            let cell = Cell::untried("it's", "sqlite", "r", "", verdict, String::new());
            repro(7, &cell)
        };
        assert_eq!(of(Verdict::Fail).unwrap_or_default(), r"mrt-cli repro 7 'it'\''s/r@sqlite'");
        assert!(of(Verdict::Warn).is_some());
        assert_eq!((of(Verdict::Pass), of(Verdict::Blocked)), (None, None));
    }

    #[test]
    fn steps_say_how_far_it_came() {
        let cell = Cell::untried("shop", "sqlite", "r", "", mrt_report::Verdict::Fail, String::new());
        let finding = mrt_report::Finding {
            kind: mrt_report::FindingKind::Irreversible,
            severity: mrt_report::Severity::Fail,
            object: "r".to_owned(),
            message: String::new(),
            evidence: mrt_report::Evidence::default(),
            statement: None,
            file: String::new(),
            line: 0,
            accepted: None,
        };
        let phases = [("clone", 4), ("seed", 5), ("upgrade", 6), ("downgrade", 7), ("other texts", 8)];
        let phases_ms = phases.into_iter().map(|(name, ms)| (name.to_owned(), ms)).collect();
        let cell = Cell { findings: vec![finding], phases_ms, ..cell };
        let states: Vec<String> =
            steps(&cell).into_iter().map(|it| format!("{} {}", it.state, it.time)).collect();
        assert_eq!(
            states,
            ["done 4 ms", "done 5 ms", "done 6 ms", "done ", "irreversible 7 ms", "not done ", "not done "]
        );
        assert_eq!(other_time(&cell.phases_ms), ["other texts 8 ms"]);
    }
}
