//! Reports, and whether two of them say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::chain::SUITE;
use crate::process::Problem;

/// A revision on a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CellName {
    pub(super) revision: String,
    pub(super) target: String,
}

impl CellName {
    pub(super) fn new(revision: &str, target: &str) -> Self {
        Self { revision: revision.to_owned(), target: target.to_owned() }
    }

    /// The name of a cell as it stands in the report.
    pub(super) fn of(cell: &Value) -> Option<Self> {
        (cell["suite"] == SUITE)
            .then(|| Some(Self::new(cell["revision"].as_str()?, cell["target"].as_str()?)))?
    }
}

impl std::fmt::Display for CellName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.revision, self.target)
    }
}

/// A report of a run.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// Without what may differ: timings and how often something was tried.
    text: String,
    cells: Vec<Value>,
}

/// What two reports differ in.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// Cells without a result, or without their verdict.
    pub(super) lost: BTreeSet<CellName>,
    /// Cells that are there more than once.
    pub(super) twice: BTreeSet<CellName>,
    /// For people.
    pub(super) told: Vec<String>,
}

impl Report {
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Problem::File { path: path.to_owned(), source })?;
        let report: Value = serde_json::from_str(&text)
            .map_err(|error| Problem::unusable(format!("{} is no report: {error}", path.display())))?;
        Ok(Self { text: cleared(&text), cells: report["cells"].as_array().cloned().unwrap_or_default() })
    }

    /// The cells as they stand in it.
    pub(crate) fn cells(&self) -> &[Value] {
        &self.cells
    }

    /// Where two reports of what has come to its end everywhere begin to differ; timings and attempts aside.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<String> {
        (self.text != other.text).then(|| first_difference(&self.text, &other.text))
    }

    /// The verdict of each cell.
    pub(super) fn verdicts(&self) -> BTreeMap<CellName, &str> {
        let told = |cell| Some((CellName::of(cell)?, cell["verdict"].as_str().unwrap_or_default()));
        self.cells.iter().filter_map(told).collect()
    }

    /// How often each cell was tried.
    pub(super) fn attempts(&self) -> BTreeMap<CellName, u64> {
        let told = |cell| Some((CellName::of(cell)?, cell["attempts"].as_u64().unwrap_or_default()));
        self.cells.iter().filter_map(told).collect()
    }

    /// In what this report differs from another one; `errors` are the cells that have to be `error` here.
    pub(super) fn differs_from(&self, other: &Self, errors: &BTreeSet<CellName>) -> Difference {
        let mut difference = Difference::default();
        let (here, there) = (self.verdicts(), other.verdicts());
        let mut known = BTreeSet::new();
        for name in self.cells.iter().filter_map(CellName::of) {
            if !known.insert(name.clone()) {
                difference.twice.insert(name);
            }
        }
        for (name, &expected) in &there {
            let expected = if errors.contains(name) { "error" } else { expected };
            let got = here.get(name).copied().unwrap_or("nothing");
            if got != expected {
                difference.told.push(format!("{name} is {got}, and not {expected}"));
            }
            if got == "nothing" || (got == "error" && expected != "error") {
                difference.lost.insert(name.clone());
            }
        }
        if errors.is_empty() {
            difference.told.extend(self.first_difference(other));
        }
        // With errors in it the summary is another one; the cells are not.
        if !errors.is_empty() {
            let rest = |report: &Self| {
                let cells = report
                    .cells
                    .iter()
                    .filter(|cell| CellName::of(cell).is_none_or(|name| !errors.contains(&name)));
                cells.map(|cell| cleared(&format!("{cell:#}"))).collect::<Vec<_>>().join("\n")
            };
            let (here, there) = (rest(self), rest(other));
            if here != there {
                difference.told.push(first_difference(&here, &there));
            }
        }
        difference
    }
}

/// A report, line by line, without what tells of time and tries.
fn cleared(text: &str) -> String {
    let mut cleared = String::new();
    let mut in_phases = false;
    for line in text.lines() {
        let key = line.trim_start();
        let is_cleared =
            ["\"attempts\":", "\"duration_ms\":", "\"kept\":"].iter().any(|it| key.starts_with(it));
        if key.starts_with("\"phases_ms\":") {
            in_phases = !key.contains('}');
        } else if in_phases {
            in_phases = !key.starts_with('}');
        } else if !is_cleared {
            cleared.push_str(line);
            cleared.push('\n');
        }
    }
    cleared
}

fn first_difference(here: &str, there: &str) -> String {
    let (mut here_lines, mut there_lines) = (here.lines(), there.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (here_lines.next(), there_lines.next()) {
            (None, None) => return "the reports differ in their line ends".to_owned(),
            (here, there) if here != there => {
                let shown = |line: Option<&str>| line.unwrap_or("nothing").trim().to_owned();
                return format!("line {number}: {}, and not {}", shown(here), shown(there));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A report as `mrt-cli` writes it, of these cells: revision, verdict, attempts.
    fn report(cells: &[(&str, &str, u32)]) -> Report {
        let cell = |(revision, verdict, attempts): &(&str, &str, u32)| {
            serde_json::json!({
                "suite": SUITE, "revision": revision, "target": "sqlite", "verdict": verdict, "attempts": attempts,
                "duration_ms": 7 * attempts, "phases_ms": {"seed": attempts}, "title": "",
            })
        };
        let cells: Vec<Value> = cells.iter().map(cell).collect();
        let text = format!("{:#}", serde_json::json!({ "cells": cells }));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Report::read(file.path()).unwrap()
    }

    fn name(revision: &str) -> CellName {
        CellName::new(revision, "sqlite")
    }

    #[test]
    fn only_times_and_tries_may_differ() {
        let reference = report(&[("a", "pass", 1), ("b", "fail", 1)]);
        let difference =
            report(&[("a", "pass", 3), ("b", "fail", 1)]).differs_from(&reference, &BTreeSet::new());
        assert_eq!((difference.told, difference.lost), (Vec::new(), BTreeSet::new()));
        let difference =
            report(&[("a", "pass", 1), ("b", "warn", 1)]).differs_from(&reference, &BTreeSet::new());
        assert_eq!(difference.told.len(), 2, "{:?}", difference.told);
        assert_eq!(difference.told[0], "b on sqlite is warn, and not fail");
    }

    #[test]
    fn what_is_lost_or_there_twice_is_seen() {
        let reference = report(&[("a", "pass", 1), ("b", "fail", 1), ("c", "pass", 1)]);
        let other = report(&[("a", "pass", 1), ("a", "pass", 1), ("b", "error", 3)]);
        let difference = other.differs_from(&reference, &BTreeSet::new());
        assert_eq!(difference.twice, BTreeSet::from([name("a")]));
        assert_eq!(difference.lost, BTreeSet::from([name("b"), name("c")]));
    }

    #[test]
    fn cells_that_have_to_be_errors_are_and_the_others_are_as_they_were() {
        let reference = report(&[("a", "pass", 1), ("b", "fail", 1)]);
        let errors = BTreeSet::from([name("b")]);
        let told = |other: &Report| other.differs_from(&reference, &errors).told;
        assert_eq!(told(&report(&[("a", "pass", 2), ("b", "error", 3)])), Vec::<String>::new());
        assert_eq!(
            told(&report(&[("a", "pass", 1), ("b", "fail", 1)])),
            ["b on sqlite is fail, and not error"]
        );
        assert!(!told(&report(&[("a", "warn", 1), ("b", "error", 3)])).is_empty());
    }
}
