//! What was done with a cell, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mrt_report::{FindingKind, Step, Verdict, printable, symbol};
use mrt_worker::run::{Replay, Replayed, Sending, Written};

/// Lines of one step, unless all are asked for.
const LINES: usize = 12;
/// Letters of a statement, unless all are asked for.
const LETTERS: usize = 160;

/// The steps, numbered, up to where it fails. `all` leaves nothing out.
pub(super) fn steps(replay: &Replay, all: bool) -> String {
    let mut text = String::new();
    for (number, step) in replay.steps.iter().enumerate() {
        line(&mut text, 0, &format!("{}. {}", number + 1, step.step.what()));
        for told in lines(step, all) {
            line(&mut text, 5, &told);
        }
    }
    let what = printable(&format!("{} {}", replay.kind, replay.object)).into_owned();
    let end = if replay.is_shown {
        format!("{} failed here: {what}", symbol(Verdict::Fail))
    } else {
        format!("{what} does not show this time: it is another thing each time that this is done")
    };
    line(&mut text, 5, &end);
    text
}

/// In which state the database is.
pub(super) fn state(replay: &Replay) -> &'static str {
    match replay.steps.last().map(|step| step.step) {
        Some(Step::Upgrade) => "as the upgrade has left it that failed",
        Some(Step::Downgrade) => "as the downgrade has left it that failed",
        Some(Step::Compare) => "as the downgrade has left it",
        Some(Step::Again) if replay.kind == FindingKind::ReupgradeDiffers => {
            "as the second upgrade has left it"
        }
        Some(Step::Again) => "as the second upgrade has left it that failed",
        _ => "as it is before the upgrade, with the rows that could be written",
    }
}

fn line(text: &mut String, indent: usize, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:indent$}{line}", "");
}

fn lines(step: &Replayed, all: bool) -> Vec<String> {
    match step.step {
        Step::Database | Step::Compare => Vec::new(),
        Step::RowsBefore | Step::RowsAfter => bounded(rows(&step.rows), all, "tables"),
        Step::Upgrade | Step::Downgrade | Step::Again => {
            bounded(statements(&step.statements, all), all, "statements")
        }
    }
}

fn rows(written: &BTreeMap<String, Written>) -> Vec<String> {
    let mut lines: Vec<String> = written
        .iter()
        .map(|(table, written)| {
            let counts =
                [(written.ordinary, "ordinary"), (written.edge, "edge"), (written.own, "of your own")];
            let counts: Vec<String> = counts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
            format!("{}: {counts}", printable(table))
        })
        .collect();
    if lines.is_empty() {
        lines.push("no rows".to_owned());
    }
    lines
}

fn statements(sent: &[Sending], all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for statement in sent.iter().filter(|statement| all || statement.is_own) {
        let sql = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let with = match statement.parameters.as_slice() {
            [] => String::new(),
            parameters => format!("  with {}", parameters.join(", ")),
        };
        let told = printable(&(sql + &with)).into_owned();
        lines.push(match told.char_indices().nth(LETTERS) {
            Some((end, _)) if !all => format!("{}…", &told[..end]),
            _ => told,
        });
    }
    if lines.is_empty() {
        lines.push("no statement of its own".to_owned());
    }
    lines
}

fn bounded(mut lines: Vec<String>, all: bool, what: &str) -> Vec<String> {
    if !all && lines.len() > LINES {
        let more = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("… and {more} more {what}: --verbose shows them"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending(sql: &str, is_own: bool) -> Sending {
        Sending { sql: sql.to_owned(), parameters: Vec::new(), is_own }
    }

    #[test]
    fn what_is_long_or_much_is_cut_and_said_so() {
        let long = format!("SELECT {}", "é".repeat(300));
        let mut statements: Vec<Sending> =
            (0..20).map(|n| sending(&format!("SELECT\n  {n}"), true)).collect();
        statements[0] = sending(&long, true);
        statements[2].parameters = vec!["7".to_owned(), "it's".to_owned()];
        statements.push(sending("UPDATE alembic_version", false));
        let step = Replayed { step: Step::Upgrade, rows: BTreeMap::new(), statements };
        let short = lines(&step, false);
        assert_eq!((short.len(), short[0].chars().count()), (LINES + 1, LETTERS + 1));
        assert_eq!(short[1..3], ["SELECT 1", "SELECT 2  with 7, it's"]);
        assert_eq!(short[LINES], "… and 8 more statements: --verbose shows them");
        let full = lines(&step, true);
        assert_eq!((full.len(), full[0].as_str()), (21, long.as_str()));
    }

    #[test]
    fn a_step_in_which_nothing_is_done_says_so() {
        let step = |step| Replayed { step, rows: BTreeMap::new(), statements: Vec::new() };
        assert_eq!(lines(&step(Step::RowsBefore), false), ["no rows"]);
        assert_eq!(lines(&step(Step::Downgrade), false), ["no statement of its own"]);
        assert_eq!(lines(&step(Step::Database), true), [""; 0]);
    }
}
