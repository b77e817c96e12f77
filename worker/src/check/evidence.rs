//! Evidence as a reader sees it: bounded, free of this run's own names, and free of what a server fills in anew
//! each time.

use mrt_report::{Evidence, RowChange};

use crate::database::rows::Value;
use crate::seed::{Batch, Edge, RowKind};

/// Stands for a value that differs from run to run on equal input (`now()`, `gen_random_uuid()`).
pub(crate) const VOLATILE: &str = "<volatile>";

/// Longest text in evidence, in characters.
const LONGEST: usize = 2_000;
/// Longest value of a row in evidence, in characters.
const LONGEST_VALUE: usize = 300;

/// How a value of ours reads back, for the types of which the text is its own canonical form.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(text) | Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// A seeded row as the report names it.
pub(crate) fn row_kind(batch: Batch, kind: RowKind) -> String {
    let when = match batch {
        Batch::A => "before the upgrade",
        Batch::B => "after the upgrade",
    };
    match kind {
        RowKind::Ordinary(n) => format!("ordinary row {} written {when}", u32::from(n) + 1),
        RowKind::Edge(edge) => edge_row(batch, edge),
        RowKind::Own => format!("your own row written {when}"),
    }
}

/// An edge row as the report names it.
pub(crate) fn edge_row(batch: Batch, edge: Edge) -> String {
    match batch {
        Batch::A => format!("edge row written before the upgrade: {edge}"),
        Batch::B => format!("edge row written after the upgrade: {edge}"),
    }
}

/// Replaces what names this run and not the migration: database names, ports, scratch directories.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scrubber {
    replacements: Vec<(String, String)>,
}

impl Scrubber {
    /// Longer texts first, so that a path goes before the name inside of it.
    pub(crate) fn new(mut replacements: Vec<(String, String)>) -> Self {
        replacements.retain(|(from, _)| !from.is_empty());
        replacements.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self { replacements }
    }

    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.replacements {
            if text.contains(from.as_str()) {
                text = text.replace(from.as_str(), to);
            }
        }
        bounded(&text, LONGEST)
    }

    pub(crate) fn evidence(&self, evidence: &mut Evidence) {
        for change in &mut evidence.rows {
            for value in [&mut change.before, &mut change.after].into_iter().flatten() {
                *value = bounded(value, LONGEST_VALUE);
            }
        }
        for change in &mut evidence.catalog {
            for value in [&mut change.before, &mut change.after].into_iter().flatten() {
                *value = self.text(value);
            }
        }
        for text in [&mut evidence.error, &mut evidence.output].into_iter().flatten() {
            *text = self.text(text);
        }
    }
}

/// Cuts the middle out of a long text.
pub(crate) fn bounded(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let half = longest / 2;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head} … {} characters left out … {tail}", count - 2 * half)
}

/// Masks in `evidence` what `again`, the same finding of another trial of the same cell, says otherwise.
///
/// Seeds are the same in every trial, so what differs was filled in by a server or came from a clock.
pub(crate) fn mask_volatile(evidence: &mut Evidence, again: &Evidence) {
    for change in &mut evidence.rows {
        let twin = again.rows.iter().find(|other| same_place(change, other));
        if let Some(twin) = twin {
            mask(&mut change.before, &twin.before);
            mask(&mut change.after, &twin.after);
        }
    }
    for change in &mut evidence.catalog {
        let twin = again
            .catalog
            .iter()
            .find(|other| other.object == change.object && other.attribute == change.attribute);
        if let Some(twin) = twin {
            mask(&mut change.before, &twin.before);
            mask(&mut change.after, &twin.after);
        }
    }
    mask(&mut evidence.error, &again.error);
    mask(&mut evidence.output, &again.output);
}

fn same_place(change: &RowChange, other: &RowChange) -> bool {
    change.table == other.table && change.row == other.row && change.column == other.column
}

fn mask(text: &mut Option<String>, again: &Option<String>) {
    if let (Some(text), Some(again)) = (text, again) {
        *text = mask_text(text, again);
    }
}

/// Replaces the words in which two texts differ, where they have as many words; else keeps the first.
pub(crate) fn mask_text(text: &str, again: &str) -> String {
    if text == again {
        return text.to_owned();
    }
    let pieces = words(text);
    let others = words(again);
    if pieces.len() != others.len() {
        return text.to_owned();
    }
    let masked: Vec<&str> = pieces
        .iter()
        .zip(&others)
        .map(|(piece, other)| if piece == other { *piece } else { VOLATILE })
        .collect();
    masked.concat().replace(&format!("{VOLATILE} {VOLATILE}"), VOLATILE)
}

/// A text cut at its delimiters, delimiters included, so that the pieces make up the text.
fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, ' ' | '\n' | '(' | ')' | ',' | '=' | '\'' | '"') {
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

    #[test]
    fn what_differs_between_two_runs_is_masked_word_by_word() {
        let first = "key (token)=(8a1f) already exists at 2026-01-01 10:00:00";
        let second = "key (token)=(77c0) already exists at 2026-01-01 10:00:01";
        assert_eq!(
            mask_text(first, second),
            "key (token)=(<volatile>) already exists at 2026-01-01 <volatile>"
        );
        assert_eq!(mask_text(first, first), first);
        assert_eq!(mask_text("one", "one two"), "one");
    }

    #[test]
    fn a_scrubber_replaces_longer_names_first() {
        let scrubber = Scrubber::new(vec![
            ("mrt_slot_0001".to_owned(), "<database>".to_owned()),
            ("/tmp/x/mrt_slot_0001.db".to_owned(), "<file>".to_owned()),
        ]);
        assert_eq!(
            scrubber.text("open /tmp/x/mrt_slot_0001.db of mrt_slot_0001"),
            "open <file> of <database>"
        );
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let text = bounded(&"ä".repeat(5_000), 100);
        assert!(text.starts_with(&"ä".repeat(50)) && text.ends_with(&"ä".repeat(50)));
        assert!(text.contains("4900 characters left out"));
    }
}
