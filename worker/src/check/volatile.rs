//! What differs from run to run though the input is equal: clocks and random values, as they get into evidence.
//!
//! A clock is known by what it says: the time of the run. A random value is known by running a trial twice, since
//! seeds are the same in every trial.

use std::sync::LazyLock;

use jiff::Timestamp;
use mrt_report::{Evidence, Finding, FindingKind, RowChange};
use regex::{Captures, Regex};

use crate::check::compare::{EARLIER, UNNAMED};

/// Stands for a value that differs from run to run on equal input (`now()`, `gen_random_uuid()`).
pub(crate) const VOLATILE: &str = "<volatile>";

/// How far a clock may be off, for other time zones: a day.
const SLACK_SECONDS: i64 = 86_400;

/// How many rows without a known partner are compared each with each.
const UNPAIRED: usize = 64;

/// A date as ISO 8601 writes it, with what may follow of a time.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?-u)\b([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)\b)?)?",
    )
});
/// Seconds, or their thousandths down to billionths, since 1970.
static EPOCH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?-u)\b([0-9]{10})(?:[0-9]{3}){0,3}(?:\.[0-9]+)?\b"));
/// What nobody writes by hand: a UUID, or 16 hexadecimal digits and more.
static RANDOM: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i-u)\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:[0-9]*[a-f])[0-9a-f]{15,})\b",
    )
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// The time of the run.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    seconds: i64,
    days: [String; 3],
}

impl Clock {
    pub(crate) fn now() -> Self {
        Self::at(Timestamp::now().as_second())
    }

    fn at(seconds: i64) -> Self {
        let day = |offset: i64| {
            let there = Timestamp::from_second(seconds + offset * SLACK_SECONDS).unwrap_or_default();
            there.strftime("%Y-%m-%d").to_string()
        };
        Self { seconds, days: [day(-1), day(0), day(1)] }
    }

    fn mask(&self, text: &mut String) {
        let replaced = DATE.replace_all(text, |found: &Captures<'_>| {
            if self.days.iter().any(|day| *day == found[1]) {
                VOLATILE.to_owned()
            } else {
                found[0].to_owned()
            }
        });
        let replaced = EPOCH.replace_all(&replaced, |found: &Captures<'_>| {
            let seconds = found[1].parse::<i64>().unwrap_or_default();
            let is_now = (seconds - self.seconds).abs() <= SLACK_SECONDS;
            if is_now { VOLATILE.to_owned() } else { found[0].to_owned() }
        });
        if replaced != *text {
            *text = replaced.into_owned();
        }
    }

    /// Masks the time of the run, and random values in rows that were there before the cell's first trial: those
    /// are alike in all trials of a cell.
    pub(crate) fn mask_finding(&self, finding: &mut Finding) {
        let Evidence { rows, catalog, error, output, .. } = &mut finding.evidence;
        for change in rows.iter_mut() {
            let old = change.seed == EARLIER;
            for text in [Some(&mut change.row), change.before.as_mut(), change.after.as_mut()] {
                let Some(text) = text else { continue };
                self.mask(text);
                if old {
                    *text = RANDOM.replace_all(text, VOLATILE).into_owned();
                }
            }
        }
        let sides = catalog.iter_mut().flat_map(|change| [change.before.as_mut(), change.after.as_mut()]);
        let texts = [error.as_mut(), output.as_mut(), finding.statement.as_mut(), Some(&mut finding.message)];
        for text in sides.chain(texts).flatten() {
            self.mask(text);
        }
        // The order of rows follows their keys: without the volatile ones, it has to be another.
        let unsettled = |change: &RowChange| change.row == UNNAMED || change.row.contains(VOLATILE);
        rows.sort_by_cached_key(|change| {
            let text =
                unsettled(change).then(|| (change.row.clone(), change.before.clone(), change.after.clone()));
            (text.is_some(), text)
        });
    }
}

/// Whether a finding can say something else in a second trial with the same rows. What ran into its time limit is not
/// waited for twice.
pub(crate) fn may_vary(finding: &Finding) -> bool {
    if finding.kind == FindingKind::Timeout {
        return false;
    }
    let Evidence { rows, catalog, error, .. } = &finding.evidence;
    error.is_some()
        || rows.iter().any(|change| change.after.as_ref().is_some_and(|text| !text.is_empty()))
        || catalog.iter().any(|change| change.before.is_some() && change.after.is_some())
        || finding.statement.as_ref().is_some_and(|sql| sql.contains('\''))
}

/// A statement with the constraints of a table in the order of the alphabet. SQLAlchemy keeps them in sets, so a table
/// that is built anew gets them in the order in which its objects happen to lie in memory. It writes each on a line.
pub(crate) fn settled(sql: &str) -> String {
    const BEGINNINGS: [&str; 6] =
        ["CONSTRAINT ", "PRIMARY KEY ", "FOREIGN KEY", "UNIQUE ", "CHECK ", "EXCLUDE "];
    let is_constraint = |line: &str| BEGINNINGS.iter().any(|start| line.trim_start().starts_with(start));
    // The commas stay where they are.
    let lines: Vec<(&str, &str)> = sql
        .split_inclusive('\n')
        .map(|line| line.split_at(line.trim_end_matches([',', ' ', '\r', '\n']).len()))
        .collect();
    let mut text = String::with_capacity(sql.len());
    for run in lines.chunk_by(|(one, _), (other, _)| is_constraint(one) && is_constraint(other)) {
        let mut bodies: Vec<&str> = run.iter().map(|(body, _)| *body).collect();
        bodies.sort_unstable();
        text.extend(bodies.into_iter().zip(run).flat_map(|(body, (_, end))| [body, *end]));
    }
    text
}

/// Masks in a finding what `again`, the same finding of a second trial with the same rows, says otherwise.
pub(crate) fn mask_finding(finding: &mut Finding, again: &Finding) {
    mask_rows(&mut finding.evidence.rows, &again.evidence.rows);
    for change in &mut finding.evidence.catalog {
        let twin = again
            .evidence
            .catalog
            .iter()
            .find(|other| other.object == change.object && other.attribute == change.attribute);
        if let Some(twin) = twin {
            mask(&mut change.before, twin.before.as_ref());
            mask(&mut change.after, twin.after.as_ref());
        }
    }
    mask(&mut finding.evidence.error, again.evidence.error.as_ref());
    mask(&mut finding.evidence.output, again.evidence.output.as_ref());
    mask(&mut finding.statement, again.statement.as_ref());
    finding.message = mask_text(&finding.message, &again.message);
}

/// Each row with the one of the same name; rows whose names are volatile themselves with whichever is most alike.
fn mask_rows(rows: &mut [RowChange], again: &[RowChange]) {
    let place = |change: &RowChange| (change.table.clone(), change.row.clone(), change.column.clone());
    let mut free: Vec<&RowChange> = again.iter().collect();
    let mut unpaired = Vec::new();
    for change in rows.iter_mut() {
        let twin = free.iter().position(|other| change.row != UNNAMED && place(change) == place(other));
        match twin {
            Some(at) => *change = masked(change, free.swap_remove(at)),
            None => unpaired.push(change),
        }
    }
    unpaired.truncate(UNPAIRED);
    free.truncate(UNPAIRED);
    let mut pairs: Vec<(usize, String, usize, usize, RowChange)> = Vec::new();
    for (one, change) in unpaired.iter().enumerate() {
        for (other, twin) in free.iter().enumerate() {
            if change.table == twin.table && change.column == twin.column {
                let masked = masked(change, twin);
                let text = format!("{} {:?} {:?}", masked.row, masked.before, masked.after);
                pairs.push((text.matches(VOLATILE).count(), text, one, other, masked));
            }
        }
    }
    pairs.sort_by(|a, b| (a.0, &a.1, a.2, a.3).cmp(&(b.0, &b.1, b.2, b.3)));
    let (mut done, mut taken) = (vec![false; unpaired.len()], vec![false; free.len()]);
    for (_, _, one, other, masked) in pairs {
        if !done[one] && !taken[other] {
            (done[one], taken[other]) = (true, true);
            *unpaired[one] = masked;
        }
    }
}

fn masked(change: &RowChange, again: &RowChange) -> RowChange {
    let mut change = change.clone();
    change.row = mask_text(&change.row, &again.row);
    mask(&mut change.before, again.before.as_ref());
    mask(&mut change.after, again.after.as_ref());
    change
}

fn mask(text: &mut Option<String>, again: Option<&String>) {
    if let (Some(text), Some(again)) = (text, again) {
        *text = mask_text(text, again);
    }
}

/// Replaces the words in which two texts differ; where they have not as many words, all from the first to the last
/// such word.
fn mask_text(text: &str, again: &str) -> String {
    if text == again {
        return text.to_owned();
    }
    let pieces = words(text);
    let others = words(again);
    if pieces.len() == others.len() {
        let masked: Vec<&str> = pieces
            .iter()
            .zip(&others)
            .map(|(piece, other)| if piece == other { *piece } else { VOLATILE })
            .collect();
        let mut masked = masked.concat();
        let pair = format!("{VOLATILE} {VOLATILE}");
        while masked.contains(&pair) {
            masked = masked.replace(&pair, VOLATILE);
        }
        return masked;
    }
    let shorter = pieces.len().min(others.len());
    let head = (0..shorter).take_while(|&at| pieces[at] == others[at]).count();
    let from_end = |at: usize| pieces[pieces.len() - 1 - at] == others[others.len() - 1 - at];
    let tail = (0..shorter - head).take_while(|&at| from_end(at)).count();
    format!("{}{VOLATILE}{}", pieces[..head].concat(), pieces[pieces.len() - tail..].concat())
}

/// A text cut at its delimiters, delimiters included, so that the pieces make up the text.
fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, ' ' | '\n' | '(' | ')' | '{' | '}' | '[' | ']' | ',' | '=' | '\'' | '"') {
            if start < at {
                pieces.push(&text[start..at]);
            }
            pieces.push(&text[at..at + c.len_utf8()]);
            start = at + c.len_utf8();
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked_by_clock(text: &str) -> String {
        // 2026-11-24 13:00:04 UTC.
        let mut text = text.to_owned();
        Clock::at(1_795_525_204).mask(&mut text);
        text
    }

    fn row(name: &str, after: &str) -> RowChange {
        RowChange {
            table: "t".to_owned(),
            row: name.to_owned(),
            seed: String::new(),
            column: None,
            before: None,
            after: Some(after.to_owned()),
        }
    }

    #[test]
    fn what_differs_between_two_trials_is_masked_word_by_word() {
        let first = "key (token)=(8a1f) already exists at 2021-01-01 10:00:00";
        let second = "key (token)=(77c0) already exists at 2021-01-01 10:00:01";
        assert_eq!(
            mask_text(first, second),
            "key (token)=(<volatile>) already exists at 2021-01-01 <volatile>"
        );
        assert_eq!(mask_text(first, first), first);
        assert_eq!(mask_text("name=a b, id=1", "name=c, id=1"), "name=<volatile>, id=1");
        assert_eq!(mask_text("one", "one two"), "one<volatile>");
        assert_eq!(mask_text("a b c d", "x y z d"), "<volatile> d");
    }

    #[test]
    fn the_order_of_a_tables_constraints_says_nothing() {
        let sql = |constraints: [&str; 3]| {
            format!(
                "\nCREATE TABLE t (\n\tb INTEGER, \n\ta INTEGER, \n\t{}\n)\n\n",
                constraints.join(", \n\t")
            )
        };
        let (key, named, plain) =
            ("PRIMARY KEY (a)", "CONSTRAINT f FOREIGN KEY(b) REFERENCES u (id)", "CHECK (a > b)");
        let expected = sql([plain, named, key]);
        for order in [[key, named, plain], [named, plain, key], [plain, key, named]] {
            assert_eq!(settled(&sql(order)), expected);
        }
        let other = "UPDATE t SET b = 1\nWHERE\n  a = 2";
        assert_eq!(settled(other), other);
    }

    #[test]
    fn the_time_of_the_run_is_masked_and_no_other() {
        for now in [
            "2026-11-24",
            "2026-11-24 13:00",
            "2026-11-24 13:00:04.080000",
            "2026-11-24T13:00:04Z",
            "2026-11-24 13:00:37.204363+00",
            "2026-11-25T02:00:04.1+13:00",
            "1795525204",
            "1795525204885",
            "1795525204.885123",
        ] {
            assert_eq!(masked_by_clock(&format!("id=7, at={now}, x")), "id=7, at=<volatile>, x", "{now}");
        }
        for other in ["2026-11-22", "2021-03-04 13:00:04", "1795325204", "17955252041", "a1795525204"] {
            let text = format!("id=7, at={other}, x");
            assert_eq!(masked_by_clock(&text), text);
        }
    }

    #[test]
    fn rows_with_random_names_find_the_row_most_alike() {
        let mut rows =
            vec![row("id=5f", "on=1, id=5f"), row("id=3", "on=1, at=x"), row("id=9a", "on=0, id=9a")];
        let again = [row("id=00", "on=0, id=00"), row("id=3", "on=1, at=y"), row("id=aa", "on=1, id=aa")];
        mask_rows(&mut rows, &again);
        let said: Vec<(&str, &str)> =
            rows.iter().map(|row| (row.row.as_str(), row.after.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            said,
            [
                ("id=<volatile>", "on=1, id=<volatile>"),
                ("id=3", "on=1, at=<volatile>"),
                ("id=<volatile>", "on=0, id=<volatile>")
            ]
        );
    }

    #[test]
    fn long_hexadecimal_numbers_are_random_and_words_are_not() {
        let masked = |text: &str| RANDOM.replace_all(text, VOLATILE).into_owned();
        assert_eq!(masked("id=20593419-42f8-4142-9263-e5de38a63b60"), "id=<volatile>");
        assert_eq!(masked("id=2059341942f841429263e5de38a63b60, a"), "id=<volatile>, a");
        for word in ["defaced", "12345678901234567890", "facade-bead"] {
            assert_eq!(masked(word), word);
        }
    }
}
