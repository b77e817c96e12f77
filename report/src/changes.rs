//! What is different from a previous report, for programs.

use serde::Serialize;

use crate::digest::{Entry, Gone, Since};
use crate::json::pretty;
use crate::{Digest, Finding, FindingKind, RenderError, Severity};

/// Version of the shape.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    new: Vec<Change<'a>>,
    known: Vec<Change<'a>>,
    fixed: Vec<Change<'a>>,
    not_judged_again: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    suite: &'a str,
    revision: &'a str,
    targets: &'a [&'a str],
    kind: FindingKind,
    object: &'a str,
    severity: Severity,
    message: &'a str,
    /// Of these targets, where not all of them have it newly.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_on: Option<&'a [&'a str]>,
    /// The previous report has it as accepted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    was_accepted: bool,
}

/// What is new, known and fixed since the previous report, as JSON. Notes are left out.
pub fn json_changes(digest: &Digest<'_>) -> Result<String, RenderError> {
    let counts = |entry: &&Entry| entry.finding.severity > Severity::Note;
    let is_new = |entry: &&Entry| entry.since.as_ref().is_some_and(Since::is_news);
    let (new, known) = digest.entries.iter().filter(counts).partition::<Vec<_>, _>(is_new);
    let (fixed, unknown) = match &digest.changes {
        Some(changes) => (changes.fixed.as_slice(), changes.unknown.as_slice()),
        None => Default::default(),
    };
    let document = Document {
        schema_version: VERSION,
        new: new.into_iter().map(|entry| now(digest, entry)).collect(),
        known: known.into_iter().map(|entry| now(digest, entry)).collect(),
        fixed: fixed.iter().map(before).collect(),
        not_judged_again: unknown.iter().map(before).collect(),
    };
    pretty("JSON", &document)
}

fn now<'a>(digest: &'a Digest<'a>, entry: &'a Entry<'a>) -> Change<'a> {
    let (suite, row) = digest.place(entry.suite, entry.row);
    let new_on = match &entry.since {
        Some(Since::Spread(targets)) => Some(targets.as_slice()),
        _ => None,
    };
    let was_accepted = entry.since == Some(Since::Lapsed);
    Change { new_on, was_accepted, ..change(suite.name, row.id, &entry.targets, entry.finding) }
}

fn before<'a>(gone: &'a Gone<'a>) -> Change<'a> {
    change(gone.suite, gone.revision, &gone.targets, gone.finding)
}

fn change<'a>(suite: &'a str, revision: &'a str, targets: &'a [&'a str], finding: &'a Finding) -> Change<'a> {
    let Finding { kind, object, severity, message, .. } = finding;
    let (kind, severity) = (*kind, *severity);
    Change { suite, revision, targets, kind, object, severity, message, new_on: None, was_accepted: false }
}
