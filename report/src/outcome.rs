//! From cells to one answer.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use crate::{Cell, Coverage, Report, SCHEMA_VERSION, Summary, Verdict, exit_code};

/// From which verdict on a run counts as one with findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailOn {
    /// Only `fail` counts.
    #[default]
    Fail,
    /// `warn` counts too.
    Warn,
}

/// What a whole run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every cell was judged, and nothing that counts was found.
    Clean,
    /// Something that counts was found.
    Findings,
    /// No cell was checked: none was selected, or all were left out.
    NothingChecked,
    /// Nothing that counts was found, but some cells could not be judged.
    Incomplete,
}

impl Outcome {
    /// The process's exit code for this outcome.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Clean => exit_code::OK,
            Self::Findings => exit_code::FINDINGS,
            Self::NothingChecked => exit_code::USAGE,
            Self::Incomplete => exit_code::INCOMPLETE,
        }
    }
}

impl Summary {
    /// Counts cells by verdict.
    pub fn of(cells: &[Cell]) -> Self {
        let mut summary = Self::default();
        for cell in cells {
            summary[cell.verdict] += 1;
        }
        summary
    }
}

/// How many cells came to a verdict.
impl Index<Verdict> for Summary {
    type Output = u32;

    fn index(&self, verdict: Verdict) -> &u32 {
        match verdict {
            Verdict::Pass => &self.pass,
            Verdict::Warn => &self.warn,
            Verdict::Fail => &self.fail,
            Verdict::Blocked => &self.blocked,
            Verdict::Error => &self.error,
            Verdict::Skip => &self.skip,
        }
    }
}

impl IndexMut<Verdict> for Summary {
    fn index_mut(&mut self, verdict: Verdict) -> &mut u32 {
        match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Warn => &mut self.warn,
            Verdict::Fail => &mut self.fail,
            Verdict::Blocked => &mut self.blocked,
            Verdict::Error => &mut self.error,
            Verdict::Skip => &mut self.skip,
        }
    }
}

impl Cell {
    /// A cell of which no trial tells: left out on request, blocked, or lost to infrastructure.
    pub fn untried(
        suite: &str,
        target: &str,
        revision: &str,
        title: &str,
        verdict: Verdict,
        reason: String,
    ) -> Self {
        Self {
            suite: suite.to_owned(),
            revision: revision.to_owned(),
            target: target.to_owned(),
            verdict,
            attempts: u32::from(verdict != Verdict::Skip),
            duration_ms: 0,
            title: title.to_owned(),
            reason: Some(reason),
            coverage: Coverage::default(),
            findings: Vec::new(),
            static_findings: Vec::new(),
            kept: None,
            phases_ms: BTreeMap::new(),
        }
    }
}

impl Report {
    /// A report of columns: the cells of each suite on each target, in the chain's order. Columns come in the order of
    /// suites, and within a suite in that of its targets.
    ///
    /// Revisions that several targets of a suite share stand together, in the order of the first target that has them.
    pub fn merge(columns: Vec<Vec<Cell>>) -> Self {
        let mut suites: BTreeMap<String, usize> = BTreeMap::new();
        let mut revisions: BTreeMap<(usize, String), usize> = BTreeMap::new();
        let mut placed = Vec::new();
        for (column, cells) in columns.into_iter().enumerate() {
            for cell in cells {
                let next = suites.len();
                let suite = *suites.entry(cell.suite.clone()).or_insert(next);
                let next = revisions.len();
                let revision = *revisions.entry((suite, cell.revision.clone())).or_insert(next);
                placed.push(((suite, revision, column), cell));
            }
        }
        placed.sort_by_key(|(place, _)| *place);
        Self::new(placed.into_iter().map(|(_, cell)| cell).collect())
    }

    /// A report of these cells, which are already in the report's order: by suite, topologically, by target.
    pub fn new(cells: Vec<Cell>) -> Self {
        Self { schema_version: SCHEMA_VERSION, summary: Summary::of(&cells), cells, ages: None }
    }

    /// What the run came to.
    ///
    /// A finding is certain whatever else happened, so it outweighs infrastructure. A blocked cell always has a
    /// broken ancestor; it counts even where that ancestor was accepted, left out or not selected, because a
    /// revision that could not be tried is not known to be right.
    pub fn outcome(&self, fail_on: FailOn) -> Outcome {
        let Summary { pass, warn, fail, blocked, error, skip: _ } = self.summary;
        if fail > 0 || blocked > 0 || (warn > 0 && fail_on == FailOn::Warn) {
            Outcome::Findings
        } else if error > 0 {
            Outcome::Incomplete
        } else if pass + warn == 0 {
            Outcome::NothingChecked
        } else {
            Outcome::Clean
        }
    }
}

/// Clears what may differ between two runs over the same inputs: durations, attempts, where a database was kept, and
/// since when findings are there. What is left is byte-equal, whatever the number of workers and whatever went wrong on the way.
pub fn without_timings(report: &mut Report) {
    report.ages = None;
    for cell in &mut report.cells {
        cell.attempts = 0;
        cell.duration_ms = 0;
        cell.phases_ms.clear();
        cell.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(suite: &str, target: &str, revisions: &[&str]) -> Vec<Cell> {
        let cell = |id: &&str| Cell::untried(suite, target, id, "", Verdict::Skip, "left out".to_owned());
        revisions.iter().map(cell).collect()
    }

    #[test]
    fn columns_are_merged_by_suite_revision_and_target() {
        let report = Report::merge(vec![
            // Suites and targets stand as in the settings, not by name.
            column("shop", "sqlite", &["r1", "r3", "r2"]),
            column("shop", "postgres:15", &["r1", "p1", "r2"]),
            column("bank", "sqlite", &[]),
            column("bank", "postgres:15", &["r2", "r1"]),
        ]);
        let place = |cell: &Cell| format!("{} {} {}", cell.suite, cell.revision, cell.target);
        assert_eq!(
            report.cells.iter().map(place).collect::<Vec<_>>(),
            [
                "shop r1 sqlite",
                "shop r1 postgres:15",
                "shop r3 sqlite",
                "shop r2 sqlite",
                "shop r2 postgres:15",
                "shop p1 postgres:15",
                "bank r2 postgres:15",
                "bank r1 postgres:15",
            ]
        );
        assert_eq!(report.summary.skip, 8);
    }
}
