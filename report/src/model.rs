//! The model behind every format.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::StaticFinding;

/// Version of the JSON shape. Raised only when a reader of the old shape would misread the new one.
pub const SCHEMA_VERSION: u32 = 1;

/// What one cell (suite, revision, target) came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Rows and schema survive upgrade, rollback and upgrade again.
    Pass,
    /// Something is lost or breaks only with edge rows, or something could not be checked.
    Warn,
    /// Ordinary rows show that the revision loses rows or schema, or a step fails.
    Fail,
    /// An earlier upgrade cannot be applied on this target, so this revision could not be tried.
    Blocked,
    /// Infrastructure failed, after retries. Says nothing about the revision.
    Error,
    /// Left out on request, with a reason.
    Skip,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; leaves a `pass` a pass (column order alone).
    Note,
    /// Only edge rows show it, or it is a gap in what was checked.
    Warn,
    /// Ordinary rows show it.
    Fail,
}

/// The stable names of what can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A value that was there before the upgrade is gone after the rollback.
    DataLost,
    /// A value differs from what it was before the upgrade.
    DataChanged,
    /// Rows that were there before the upgrade are gone.
    RowsLost,
    /// Rows that the revision wrote into older tables stay behind.
    RowsLeftBehind,
    /// A schema object, or an attribute of one, did not come back.
    SchemaNotRestored,
    /// A schema object that the upgrade made survives the rollback.
    SchemaLeftBehind,
    /// The upgrade fails.
    UpgradeFailed,
    /// The downgrade fails.
    DowngradeFailed,
    /// The second upgrade, after the rollback, fails.
    ReupgradeFailed,
    /// The second upgrade ends in another schema than the first.
    ReupgradeDiffers,
    /// A step failed, and what it did before stays.
    HalfApplied,
    /// There is no downgrade, or it raises on purpose.
    Irreversible,
    /// A step did not end within its time limit.
    Timeout,
    /// The revision takes the database server down, also alone on a fresh one.
    ServerDied,
    /// A table that the revision can touch could not be seeded, so nothing is proven about it.
    NotSeeded,
}

impl FindingKind {
    pub(crate) const ALL: [Self; 15] = [
        Self::DataLost,
        Self::DataChanged,
        Self::RowsLost,
        Self::RowsLeftBehind,
        Self::SchemaNotRestored,
        Self::SchemaLeftBehind,
        Self::UpgradeFailed,
        Self::DowngradeFailed,
        Self::ReupgradeFailed,
        Self::ReupgradeDiffers,
        Self::HalfApplied,
        Self::Irreversible,
        Self::Timeout,
        Self::ServerDied,
        Self::NotSeeded,
    ];

    /// The stable name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataLost => "data-lost",
            Self::DataChanged => "data-changed",
            Self::RowsLost => "rows-lost",
            Self::RowsLeftBehind => "rows-left-behind",
            Self::SchemaNotRestored => "schema-not-restored",
            Self::SchemaLeftBehind => "schema-left-behind",
            Self::UpgradeFailed => "upgrade-failed",
            Self::DowngradeFailed => "downgrade-failed",
            Self::ReupgradeFailed => "reupgrade-failed",
            Self::ReupgradeDiffers => "reupgrade-differs",
            Self::HalfApplied => "half-applied",
            Self::Irreversible => "irreversible",
            Self::Timeout => "timeout",
            Self::ServerDied => "server-died",
            Self::NotSeeded => "not-seeded",
        }
    }

    /// A revision that goes no further has not shown what would have come next.
    pub(crate) fn hides_what_follows(self) -> bool {
        matches!(
            self,
            Self::UpgradeFailed
                | Self::DowngradeFailed
                | Self::HalfApplied
                | Self::Irreversible
                | Self::Timeout
                | Self::ServerDied
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Verdict {
    /// The stable name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Blocked => "blocked",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One value of one row, before the upgrade and after the rollback.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RowChange {
    /// The table, schema-qualified unless in the default schema.
    pub table: String,
    /// The row's primary key as `id=1001`, or `row 3` in a table without one.
    pub row: String,
    /// Which seeded row it is (`ordinary row 2`, `edge row: longest text`, `written by a migration`).
    pub seed: String,
    /// The column; absent when the whole row is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value before; `None` is NULL (or no such row).
    pub before: Option<String>,
    /// The value after; `None` is NULL (or no such row).
    pub after: Option<String>,
}

/// One attribute of one schema object, before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AttributeChange {
    /// The object's kind and path, as in `index users.ix_users_email`.
    pub object: String,
    /// What differs (`unique`, `default`, `definition`, …).
    pub attribute: String,
    /// Before; `None` when the object or attribute was not there.
    pub before: Option<String>,
    /// After; `None` when the object or attribute is not there.
    pub after: Option<String>,
}

/// What shows that a finding is true. Bounded: see [`Evidence::omitted`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Values before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowChange>,
    /// Catalog before and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub catalog: Vec<AttributeChange>,
    /// The database's or the exception's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The seeded rows on which the finding hangs; empty means it does not need any particular row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// The last lines that the migration printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How many further rows or attributes changed alike and are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

fn no_rows(n: &u32) -> bool {
    *n == 0
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// Why a finding does not count: somebody accepted it, in the settings or a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Accepted {
    /// The reason given.
    pub reason: String,
    /// The last day on which the acceptance holds (`YYYY-MM-DD`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Accepted {
    /// The reason, with its day.
    pub(crate) fn in_full(&self) -> String {
        match &self.until {
            Some(day) => format!("{} (until {day})", self.reason),
            None => self.reason.clone(),
        }
    }
}

/// One thing that is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What is wrong.
    pub kind: FindingKind,
    /// How much it weighs.
    pub severity: Severity,
    /// Where: `users.phone`, `users.ix_users_email`, `mood`; the revision's id where no object can be named.
    pub object: String,
    /// One sentence: what happened, and what to do.
    pub message: String,
    /// What shows it.
    pub evidence: Evidence,
    /// The statement that failed or did it, when one can be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// The migration file, relative to the suite's directory.
    pub file: String,
    /// 1-based line in that file.
    pub line: u32,
    /// Set when the finding is accepted; it then leaves the verdict alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
}

#[cfg(test)]
impl Finding {
    /// One for tests: ordinary rows show it, and nothing else is known.
    pub(crate) fn sample(kind: FindingKind, object: &str) -> Self {
        Self {
            kind,
            severity: Severity::Fail,
            object: object.to_owned(),
            message: "gone".to_owned(),
            evidence: Evidence::default(),
            statement: None,
            file: "r1.py".to_owned(),
            line: 1,
            accepted: None,
        }
    }
}

/// A table that could not be seeded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotSeeded {
    /// The table.
    pub table: String,
    /// The database's own words.
    pub reason: String,
}

/// How much of what the revision can touch had rows in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Coverage {
    /// Older tables that the revision can touch.
    pub tables: u32,
    /// Of those, the ones that held seeded rows.
    pub tables_seeded: u32,
    /// Rows that were written, before and after the upgrade.
    #[serde(default, skip_serializing_if = "no_rows")]
    pub rows_seeded: u32,
    /// The rest, with reasons.
    pub not_seeded: Vec<NotSeeded>,
}

/// One checked cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cell {
    /// The suite's name.
    pub suite: String,
    /// The revision's id.
    pub revision: String,
    /// The target, `postgres:16`.
    pub target: String,
    /// What it came to.
    pub verdict: Verdict,
    /// How often the cell was tried (1 unless infrastructure failed).
    pub attempts: u32,
    /// Time spent on this cell, milliseconds.
    pub duration_ms: u64,
    /// The revision's one-line description, from its docstring.
    pub title: String,
    /// Why it was skipped or blocked, or which infrastructure failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was covered.
    pub coverage: Coverage,
    /// What was found, in a stable order.
    pub findings: Vec<Finding>,
    /// What the revision's text says (`mrt-cli check`), and whether this cell bears it out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub static_findings: Vec<StaticFinding>,
    /// How to reach the database that was kept for this cell (`--keep`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// Milliseconds per phase (`clone`, `seed`, `upgrade`, …); a timing, outside of what repeats.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases_ms: BTreeMap<String, u64>,
}

/// How many cells came to which verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Cells that pass.
    pub pass: u32,
    /// Cells with a warning.
    pub warn: u32,
    /// Cells that fail.
    pub fail: u32,
    /// Cells that could not be reached.
    pub blocked: u32,
    /// Cells lost to infrastructure.
    pub error: u32,
    /// Cells left out on request.
    pub skip: u32,
}

/// A run's merged result: revisions x targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// See [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Cells counted by verdict.
    pub summary: Summary,
    /// Every cell, ordered by suite, the chain's topological order, then target.
    pub cells: Vec<Cell>,
    /// Since when its findings are there, in the order of the cells, where it was compared with earlier reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Vec<Age>>,
}

/// Since when a finding is there. It is the same one by suite, revision, target, kind and object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Age {
    /// Of the cell.
    pub suite: String,
    /// Of the cell.
    pub revision: String,
    /// Of the cell.
    pub target: String,
    /// Of the finding.
    pub kind: FindingKind,
    /// Of the finding.
    pub object: String,
    /// How many earlier reports in a row have it, as far as they are known: 0 says that it is new.
    pub earlier: u32,
    /// The run of a farm in which it was first seen, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstSeen>,
}

/// The run of a farm in which something was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FirstSeen {
    /// Its name.
    pub run: String,
    /// The day on which it was submitted, in UTC: `2026-11-20`.
    pub day: String,
}
