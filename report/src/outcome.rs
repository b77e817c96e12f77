//! From cells to one answer.

use crate::{Cell, Report, SCHEMA_VERSION, Summary, Verdict, exit_code};

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
            let count = match cell.verdict {
                Verdict::Pass => &mut summary.pass,
                Verdict::Warn => &mut summary.warn,
                Verdict::Fail => &mut summary.fail,
                Verdict::Blocked => &mut summary.blocked,
                Verdict::Error => &mut summary.error,
                Verdict::Skip => &mut summary.skip,
            };
            *count += 1;
        }
        summary
    }
}

impl Report {
    /// A report of these cells, which are already in the report's order: by suite, topologically, by target.
    pub fn new(cells: Vec<Cell>) -> Self {
        Self { schema_version: SCHEMA_VERSION, summary: Summary::of(&cells), cells }
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

/// Clears what may differ between two runs over the same inputs: durations, attempts, and where a database was
/// kept. What is left is byte-equal, whatever the number of workers and whatever went wrong on the way.
pub fn without_timings(report: &mut Report) {
    for cell in &mut report.cells {
        cell.attempts = 0;
        cell.duration_ms = 0;
        cell.phases_ms.clear();
        cell.kept = None;
    }
}
