//! The baseline: what is wrong today, accepted, so that only what is new counts tomorrow.
//!
//! The file holds `accept` entries as the settings do: at its top for a project of one suite, below `suite.NAME`
//! for one of several.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mrt_report::{Cell, Finding, Report, Severity, Verdict};
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::output::write_file;

/// The file's name, in the project's directory.
pub(crate) const FILE: &str = "mrt-baseline.toml";

const HEAD: &str = "\
# Findings that were known when this file was written. They are reported as accepted and count for nothing.
# Written by `mrt-cli run --write-baseline`, which also removes what is no longer found.
";

const REASON: &str = "known when the baseline was written";

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accept: Vec<Entry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    suite: BTreeMap<String, Entries>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    #[serde(default)]
    accept: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    revision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    targets: Vec<String>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// Brings the baseline of the project at `root` up to what the report found. Returns how many entries it holds.
///
/// `suites` are all the suites of the project, selected or not.
pub(crate) fn update(root: &Path, suites: &[String], report: &Report) -> Result<(PathBuf, usize), CliError> {
    let path = root.join(FILE);
    let wrong = |source: Box<dyn Error + Send + Sync>| CliError::Baseline { path: path.clone(), source };
    let old = match fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map_err(|error| wrong(error.into()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Baseline::default(),
        Err(error) => return Err(wrong(error.into())),
    };
    let new = merged(old, suites, report);
    let entries = new.accept.len() + new.suite.values().map(|suite| suite.accept.len()).sum::<usize>();
    let text = toml::to_string(&new).map_err(|error| wrong(error.into()))?;
    write_file(&path, &format!("{HEAD}\n{text}").replace("\n\n\n", "\n\n"))
        .map_err(|source| CliError::Write { path: path.clone(), source })?;
    Ok((path, entries))
}

fn merged(old: Baseline, suites: &[String], report: &Report) -> Baseline {
    let mut new = Baseline::default();
    let Baseline { accept, suite: mut by_suite } = old;
    let single = suites.len() == 1;
    if !single {
        // Entries at the top name no suite, so no cell of this run can tell whether they still hold.
        new.accept.clone_from(&accept);
    }
    for name in suites {
        let cells: Vec<&Cell> = report.cells.iter().filter(|cell| cell.suite == *name).collect();
        let old_here = by_suite.remove(name).unwrap_or_default().accept;
        let mut entries: Vec<Entry> =
            if single { accept.iter().cloned().chain(old_here).collect() } else { old_here };
        entries.retain_mut(|entry| still_holds(entry, &cells));
        add(&mut entries, &cells);
        if single {
            new.accept = entries;
        } else if !entries.is_empty() {
            new.suite.insert(name.clone(), Entries { accept: entries });
        }
    }
    // A suite that is no longer there is not ours to judge.
    new.suite.append(&mut by_suite);
    new
}

/// Whether an entry is still needed; its targets shrink to those where it is. A cell that was not judged in this run
/// says nothing about it.
fn still_holds(entry: &mut Entry, cells: &[&Cell]) -> bool {
    let judged = |cell: &&&Cell| {
        cell.revision.starts_with(&entry.revision)
            && matches!(cell.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail)
    };
    let judged: Vec<&Cell> = cells.iter().filter(judged).copied().collect();
    let matches = |finding: &Finding| {
        finding.accepted.is_some()
            && entry.kind.as_ref().is_none_or(|kind| kind == finding.kind.as_str())
            && entry.object.as_ref().is_none_or(|object| *object == finding.object)
    };
    let found = |cell: &Cell| cell.findings.iter().any(matches);
    if entry.targets.is_empty() {
        return judged.is_empty() || judged.iter().any(|cell| found(cell));
    }
    let kept: Vec<String> = entry
        .targets
        .iter()
        .filter(|target| {
            // A target may be written as an engine, which means each of its versions.
            let engine = format!("{target}:");
            let mut here =
                judged.iter().filter(|c| c.target == **target || c.target.starts_with(&engine)).peekable();
            here.peek().is_none() || here.any(|cell| found(cell))
        })
        .cloned()
        .collect();
    entry.targets = kept;
    !entry.targets.is_empty()
}

/// Adds what counts and is not accepted. Notes count for nothing.
fn add(entries: &mut Vec<Entry>, cells: &[&Cell]) {
    let mut known: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for cell in cells {
        let counts = |finding: &&Finding| finding.accepted.is_none() && finding.severity > Severity::Note;
        for finding in cell.findings.iter().filter(counts) {
            let key = (cell.revision.as_str(), finding.kind.as_str(), finding.object.as_str());
            let at = *known.entry(key).or_insert_with(|| {
                entries.push(Entry {
                    revision: cell.revision.clone(),
                    kind: Some(finding.kind.to_string()),
                    object: Some(finding.object.clone()),
                    targets: Vec::new(),
                    reason: REASON.to_owned(),
                    until: None,
                });
                entries.len() - 1
            });
            if !entries[at].targets.contains(&cell.target) {
                entries[at].targets.push(cell.target.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use mrt_report::{Accepted, Coverage, Evidence, FindingKind};

    use super::*;

    fn cell(suite: &str, revision: &str, target: &str, objects: &[(&str, bool)]) -> Cell {
        let findings: Vec<Finding> = objects
            .iter()
            .map(|(object, accepted)| Finding {
                kind: FindingKind::DataLost,
                severity: Severity::Fail,
                object: (*object).to_owned(),
                message: "gone".to_owned(),
                evidence: Evidence::default(),
                statement: None,
                file: "f.py".to_owned(),
                line: 1,
                accepted: accepted.then(|| Accepted { reason: "known".to_owned(), until: None }),
            })
            .collect();
        Cell {
            suite: suite.to_owned(),
            revision: revision.to_owned(),
            target: target.to_owned(),
            verdict: if findings.iter().any(|f| f.accepted.is_none()) {
                Verdict::Fail
            } else {
                Verdict::Pass
            },
            attempts: 1,
            duration_ms: 0,
            title: String::new(),
            reason: None,
            coverage: Coverage::default(),
            findings,
            kept: None,
            phases_ms: BTreeMap::new(),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn one_suite_stands_at_the_top() {
        let dir = tempfile::tempdir().unwrap();
        let report = Report::new(vec![
            cell("shop", "r1", "sqlite", &[("customers.phone", false)]),
            cell("shop", "r1", "postgres:15", &[("customers.phone", false), ("weird \"name\"", false)]),
        ]);
        let (path, entries) = update(dir.path(), &names(&["shop"]), &report).unwrap();
        assert_eq!(entries, 2);
        insta::assert_snapshot!(fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_later_run_adds_what_is_new_and_drops_what_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let suites = names(&["shop", "billing"]);
        let first = Report::new(vec![
            cell("shop", "r1", "sqlite", &[("a", false), ("b", false)]),
            cell("shop", "r1", "postgres:15", &[("a", false)]),
            cell("shop", "r2", "sqlite", &[("c", false)]),
            cell("billing", "r1", "sqlite", &[("d", false)]),
        ]);
        assert_eq!(update(dir.path(), &suites, &first).unwrap().1, 4);
        // Now `a` is repaired on SQLite, `b` is still accepted, `e` is new; r2, PostgreSQL and billing were not checked.
        let second = Report::new(vec![cell("shop", "r1", "sqlite", &[("b", true), ("e", false)])]);
        let (path, entries) = update(dir.path(), &suites, &second).unwrap();
        assert_eq!(entries, 5);
        insta::assert_snapshot!(fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_baseline_that_cannot_be_read_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, "accept = 3").unwrap();
        let error = update(dir.path(), &names(&["shop"]), &Report::new(Vec::new())).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(fs::read_to_string(&path).unwrap(), "accept = 3");
    }
}
