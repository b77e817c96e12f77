//! Evidence as a reader sees it: bounded, and free of this run's own names.

use mrt_report::{Evidence, Finding};

use crate::database::rows::Value;
use crate::seed::{Batch, Edge, RowKind};

/// Longest text in evidence, in characters.
const LONGEST: usize = 2_000;
/// How many rows or attributes a finding lists before it counts the rest.
const LISTED: usize = 8;
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
        text
    }

    pub(crate) fn evidence(&self, evidence: &mut Evidence) {
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

/// Bounds what a finding says, once nothing is to be compared with it any more.
pub(crate) fn bound(finding: &mut Finding) {
    let Evidence { rows, catalog, error, output, omitted, .. } = &mut finding.evidence;
    *omitted += (rows.len().saturating_sub(LISTED) + catalog.len().saturating_sub(LISTED)) as u64;
    rows.truncate(LISTED);
    catalog.truncate(LISTED);
    for value in rows.iter_mut().flat_map(|change| [&mut change.before, &mut change.after]).flatten() {
        *value = bounded(value, LONGEST_VALUE);
    }
    let sides = catalog.iter_mut().flat_map(|change| [&mut change.before, &mut change.after]);
    let statement = &mut finding.statement;
    *statement = statement.take().map(|sql| constraints_in_order(&sql));
    for text in sides.chain([error, output, statement]).flatten().chain([&mut finding.message]) {
        *text = bounded(text, LONGEST);
    }
}

/// SQLAlchemy keeps what it reads of a table's constraints in a set, so that Alembic's batch mode writes them in
/// another order each time. The order says nothing.
fn constraints_in_order(sql: &str) -> String {
    if !sql.trim_start().starts_with("CREATE TABLE") {
        return sql.to_owned();
    }
    let is_constraint = |line: &&str| {
        let text = line.trim_start();
        ["CONSTRAINT ", "FOREIGN KEY", "UNIQUE ", "CHECK "].iter().any(|word| text.starts_with(word))
            && text.matches('(').count() == text.matches(')').count()
    };
    let mut lines: Vec<&str> = sql.split('\n').collect();
    let mut separated = Vec::new();
    for run in lines.chunk_by_mut(|one, other| is_constraint(one) == is_constraint(other)) {
        let ends: Vec<&str> =
            run.iter().map(|line| &line[line.trim_end_matches([' ', ',']).len()..]).collect();
        if run.first().is_some_and(is_constraint) {
            run.sort_unstable_by_key(|line| line.trim_end_matches([' ', ',']));
        }
        separated.extend(
            run.iter().zip(ends).map(|(line, end)| format!("{}{end}", line.trim_end_matches([' ', ',']))),
        );
    }
    separated.join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn constraints_of_a_table_are_in_order_whatever_order_they_came_in() {
        let table = |first: &str, second: &str| {
            format!(
                "\nCREATE TABLE t (\n\tid INTEGER, \n\tCONSTRAINT {first} UNIQUE (id), \n\tCONSTRAINT {second} UNIQUE (id)\n)"
            )
        };
        assert_eq!(constraints_in_order(&table("b", "a")), table("a", "b"));
        assert_eq!(constraints_in_order(&table("a", "b")), table("a", "b"));
        let across = "CREATE TABLE t (\n\tid INTEGER, \n\tCONSTRAINT b CHECK (id >\n 0), \n\tCONSTRAINT a UNIQUE (id)\n)";
        assert_eq!(constraints_in_order(across), across);
    }

    #[test]
    fn long_texts_lose_their_middle() {
        let text = bounded(&"ä".repeat(5_000), 100);
        assert!(text.starts_with(&"ä".repeat(50)) && text.ends_with(&"ä".repeat(50)));
        assert!(text.contains("4900 characters left out"));
    }
}
