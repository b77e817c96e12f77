//! What a revision's text says, beside what became of its rows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::problems::Severity;
use crate::{Cell, Finding, FindingKind, Verdict};

/// What the text of a revision lets expect on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StaticFinding {
    /// The rule: `MRT201`.
    pub code: String,
    /// How bad the rule takes it to be.
    pub severity: Severity,
    /// What happens, and what to do.
    pub message: String,
    /// The migration file, relative to the suite's directory.
    pub file: String,
    /// 1-based line in that file.
    pub line: u32,
    /// Whether the cell bears it out.
    pub proof: Proof,
}

/// Whether a cell bears out what its revision's text lets expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// The run has found what the text lets expect.
    Confirmed,
    /// The cell was judged with rows in every table that the revision can touch, and nothing of the kind was found.
    Refuted,
    /// The run does not tell: the cell was not judged, a table had no rows, or it is about what no run shows.
    Open,
}

impl Proof {
    /// The stable name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Open => "open",
        }
    }

    /// What a cell says of a static finding that expects something of these kinds; `message` names what it is about.
    ///
    /// Two columns of one revision may be dropped, and one of them come back: what was found bears out only what names
    /// the same object, or its table.
    pub fn of(message: &str, expected: &[FindingKind], cell: &Cell) -> Self {
        let is_judged = matches!(cell.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail);
        if !is_judged || expected.is_empty() {
            return Self::Open;
        }
        let mut found = cell.findings.iter().filter(|finding| expected.contains(&finding.kind)).peekable();
        if found.peek().is_none() {
            let hides = |finding: &Finding| {
                finding.kind == FindingKind::NotSeeded || finding.kind.hides_what_follows()
            };
            let is_covered = cell.coverage.not_seeded.is_empty() && !cell.findings.iter().any(hides);
            return if is_covered { Self::Refuted } else { Self::Open };
        }
        if found.any(|finding| is_about(message, finding, &cell.revision)) {
            Self::Confirmed
        } else {
            Self::Open
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a message names the object of a finding, or one of them names none.
fn is_about(message: &str, finding: &Finding, revision: &str) -> bool {
    let mut quoted = message.split('`').skip(1).step_by(2).peekable();
    if finding.object == revision || quoted.peek().is_none() {
        return true;
    }
    let object = finding.object.to_lowercase();
    let object: Vec<&str> = names(&object).collect();
    quoted.any(|quoted| {
        let is_path = !quoted.contains(char::is_whitespace);
        let quoted = quoted.to_lowercase();
        let quoted: Vec<&str> = names(&quoted).collect();
        if is_path && quoted.len() > 1 && object.len() > 1 {
            quoted.last() == object.last()
        } else {
            quoted.iter().any(|name| object.contains(name))
        }
    })
}

/// The names that a text is made of: `users.phone` of two, SQL of as many as it has.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NotSeeded;

    fn cell(verdict: Verdict, findings: Vec<Finding>) -> Cell {
        Cell { findings, ..Cell::untried("shop", "sqlite", "r1", "", verdict, String::new()) }
    }

    const LOST: &[FindingKind] = &[FindingKind::DataLost];
    const SAID: &str = "`users.phone` is dropped; keep a copy";

    #[test]
    fn what_was_lost_bears_out_what_names_it() {
        let proof = |message, object| {
            Proof::of(
                message,
                LOST,
                &cell(Verdict::Fail, vec![Finding::sample(FindingKind::DataLost, object)]),
            )
        };
        assert_eq!(proof(SAID, "users.phone"), Proof::Confirmed);
        assert_eq!(proof(SAID, "audit.Users.Phone"), Proof::Confirmed);
        assert_eq!(proof(SAID, "users"), Proof::Confirmed);
        assert_eq!(proof(SAID, "users.email"), Proof::Open);
        assert_eq!(proof("`users` is dropped", "users.email"), Proof::Confirmed);
        assert_eq!(proof("`UPDATE users SET phone = NULL` is not undone", "users.phone"), Proof::Confirmed);
        assert_eq!(proof("rows are removed", "users.email"), Proof::Confirmed);
        assert_eq!(proof(SAID, "r1"), Proof::Confirmed);
    }

    #[test]
    fn only_a_cell_that_shows_all_refutes() {
        let proof = |cell: &Cell| Proof::of(SAID, LOST, cell);
        assert_eq!(proof(&cell(Verdict::Pass, vec![])), Proof::Refuted);
        assert_eq!(
            proof(&cell(Verdict::Fail, vec![Finding::sample(FindingKind::SchemaLeftBehind, "t")])),
            Proof::Refuted
        );
        for verdict in [Verdict::Error, Verdict::Skip, Verdict::Blocked] {
            assert_eq!(proof(&cell(verdict, vec![])), Proof::Open);
        }
        assert_eq!(
            proof(&cell(Verdict::Fail, vec![Finding::sample(FindingKind::UpgradeFailed, "r1")])),
            Proof::Open
        );
        let mut bare = cell(Verdict::Pass, vec![]);
        bare.coverage.not_seeded = vec![NotSeeded { table: "users".to_owned(), reason: String::new() }];
        assert_eq!(proof(&bare), Proof::Open);
        assert_eq!(Proof::of(SAID, &[], &cell(Verdict::Pass, vec![])), Proof::Open);
    }
}
