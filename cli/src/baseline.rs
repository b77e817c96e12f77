//! The baseline: what is wrong today, accepted, so that only what is new counts tomorrow.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mrt_chain::settings::{Accept, Project};
use mrt_report::{Cell, Finding, Report, Severity, Verdict};

use crate::error::CliError;
use crate::output::{tell, write_file};

pub(crate) const REASON: &str = "known when the baseline was written";

/// Brings the project's baseline up to what the report found. Returns where it lies and how many entries it holds.
pub(crate) fn update(project: &Project, report: &Report) -> Result<(PathBuf, usize), CliError> {
    let mut baseline = project.baseline.clone();
    for suite in &project.suites {
        let cells: Vec<&Cell> = report.cells.iter().filter(|cell| cell.suite == suite.name).collect();
        let entries = baseline.entry(suite.name.clone()).or_default();
        entries.retain_mut(|entry| is_of_check(entry) || still_holds(entry, &cells));
        add(entries, &cells);
    }
    write(project, &baseline)
}

/// Writes the project's baseline. Returns where it lies and how many entries it holds.
pub(crate) fn write(
    project: &Project,
    baseline: &BTreeMap<String, Vec<Accept>>,
) -> Result<(PathBuf, usize), CliError> {
    let count = baseline.values().map(Vec::len).sum();
    let path = project.baseline_path();
    write_file(&path, &project.render_baseline(baseline))
        .map_err(|source| CliError::Write { path: path.clone(), source })?;
    Ok((path, count))
}

/// Says what was written.
pub(crate) fn told(path: &Path, entries: usize) {
    let what = if entries == 1 { "1 finding is" } else { &format!("{entries} findings are") };
    tell(format_args!("wrote {}: {what} accepted from now on", path.display()));
}

/// Whether an entry is about what `check` finds, by its code. One that a later version knows no more is, too.
pub(crate) fn is_of_check(entry: &Accept) -> bool {
    let number = entry.kind.as_deref().and_then(|kind| kind.strip_prefix("MRT"));
    number.is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
}

/// Whether an entry is still needed; its targets shrink to those where it is. A cell that was not judged in this run
/// says nothing about it.
fn still_holds(entry: &mut Accept, cells: &[&Cell]) -> bool {
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
fn add(entries: &mut Vec<Accept>, cells: &[&Cell]) {
    let mut known: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for cell in cells {
        let counts = |finding: &&Finding| finding.accepted.is_none() && finding.severity > Severity::Note;
        for finding in cell.findings.iter().filter(counts) {
            let key = (cell.revision.as_str(), finding.kind.as_str(), finding.object.as_str());
            let at = *known.entry(key).or_insert_with(|| {
                entries.push(Accept {
                    revision: cell.revision.clone(),
                    kind: Some(finding.kind.to_string()),
                    object: Some(finding.object.clone()),
                    targets: Vec::new(),
                    reason: REASON.to_owned(),
                    until: None,
                    count: None,
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

    use std::fs;

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
            static_findings: Vec::new(),
            phases_ms: BTreeMap::new(),
        }
    }

    /// A project of these suites, as it is loaded from its directory.
    fn project(dir: &Path, suites: &[&str]) -> Project {
        for suite in suites {
            let scripts = dir.join(suite).join("migrations");
            fs::create_dir_all(scripts.join("versions")).unwrap();
            fs::write(scripts.join("env.py"), "").unwrap();
            let ini = "[alembic]\nscript_location = %(here)s/migrations\n";
            fs::write(dir.join(suite).join("alembic.ini"), ini).unwrap();
        }
        let settings = match suites {
            [only] => format!("name = \"{only}\"\npath = \"{only}\"\n"),
            several => several.iter().map(|name| format!("[suite.{name}]\npath = \"{name}\"\n")).collect(),
        };
        fs::write(dir.join("mrt.toml"), settings).unwrap();
        Project::load(dir).unwrap()
    }

    #[test]
    fn what_is_found_is_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let report = Report::new(vec![
            cell("shop", "r1", "sqlite", &[("customers.phone", false)]),
            cell("shop", "r1", "postgres:15", &[("customers.phone", false), ("weird \"name\"", false)]),
        ]);
        let (path, entries) = update(&project(dir.path(), &["shop"]), &report).unwrap();
        assert_eq!(entries, 2);
        insta::assert_snapshot!(fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_later_run_adds_what_is_new_and_drops_what_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let suites = ["shop", "billing"];
        let first = Report::new(vec![
            cell("shop", "r1", "sqlite", &[("a", false), ("b", false)]),
            cell("shop", "r1", "postgres:15", &[("a", false)]),
            cell("shop", "r2", "sqlite", &[("c", false)]),
            cell("billing", "r1", "sqlite", &[("d", false)]),
        ]);
        assert_eq!(update(&project(dir.path(), &suites), &first).unwrap().1, 4);
        // Now `a` is repaired on SQLite, `b` is still accepted, `e` is new; r2, PostgreSQL and billing were not checked.
        let second = Report::new(vec![cell("shop", "r1", "sqlite", &[("b", true), ("e", false)])]);
        let (path, entries) = update(&project(dir.path(), &suites), &second).unwrap();
        assert_eq!(entries, 5);
        insta::assert_snapshot!(fs::read_to_string(path).unwrap());
    }

    #[test]
    fn what_check_has_found_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut known = project(dir.path(), &["shop"]);
        let entry = "[[accept]]\nrevision = \"r1\"\nkind = \"MRT201\"\ncount = 1\nreason = \"known\"\n";
        fs::write(known.baseline_path(), entry).unwrap();
        known = Project::load(dir.path()).unwrap();
        let report = Report::new(vec![cell("shop", "r1", "sqlite", &[])]);
        let (path, entries) = update(&known, &report).unwrap();
        assert_eq!(entries, 1);
        assert!(fs::read_to_string(path).unwrap().contains(entry));
    }

    #[test]
    fn cells_that_were_not_judged_leave_their_entries_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Report::new(vec![cell("shop", "r1", "sqlite", &[("a", false)])]);
        update(&project(dir.path(), &["shop"]), &first).unwrap();
        let mut lost = cell("shop", "r1", "sqlite", &[]);
        lost.verdict = Verdict::Error;
        let second = Report::new(vec![lost]);
        assert_eq!(update(&project(dir.path(), &["shop"]), &second).unwrap().1, 1);
        let third = Report::new(vec![cell("shop", "r1", "sqlite", &[])]);
        assert_eq!(update(&project(dir.path(), &["shop"]), &third).unwrap().1, 0);
    }
}
