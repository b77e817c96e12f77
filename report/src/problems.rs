//! Problems: something that is wrong at a line of a file, in the formats of places that show such things beside the code.
//!
//! Whoever finds something, by reading a migration or by running it, says it as a [`Problem`]; nothing here knows how it was
//! found. Problems are given in the order in which people read them, by file and line.

mod found;
mod github;
mod gitlab;
mod junit;
mod sarif;

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use serde::{Deserialize, Serialize};

use crate::text::printable;

pub use found::{Rules, found, unsaid};
pub use github::github;
pub use gitlab::gitlab;
pub use junit::{LookedAt, junit};
pub use sarif::sarif;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Somebody should look at it.
    Warning,
    /// Wrong.
    Error,
}

/// What a problem is an instance of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its code, the same in every version: `MRT201`.
    pub id: String,
    /// A few words.
    pub name: String,
    /// How bad an instance of it is at worst.
    pub severity: Severity,
    /// What happens, and what to do.
    pub about: String,
    /// The same at length, in Markdown.
    pub help: String,
}

/// Something that is wrong at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem<'a> {
    /// What it is an instance of.
    pub rule: &'a Rule,
    /// How bad this one is.
    pub severity: Severity,
    /// The suite that the file is part of.
    pub suite: &'a str,
    /// The revision that the file holds; empty where it holds none.
    pub revision: &'a str,
    /// The file, with forward slashes: relative to the top of the repository, absolute where it lies outside.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// What is wrong. May hold any character.
    pub message: Cow<'a, str>,
    /// What tells it from others of its rule in its file, and stays when lines are added above: the text of its line, or the name
    /// of what is wrong. Not the message, whose words change from version to version.
    pub subject: &'a str,
    /// Whether a previous report has it, where there is one.
    pub baseline: Option<Baseline>,
}

/// What a previous report says of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Baseline {
    /// It has no such problem.
    New,
    /// It has the same one.
    Unchanged,
    /// It has it, and not as it is now: on fewer targets, or accepted.
    Updated,
}

impl Severity {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Problem<'_> {
    fn message(&self) -> Cow<'_, str> {
        printable(&self.message)
    }

    /// `file:line`.
    fn place(&self) -> String {
        format!("{}:{}", printable(&self.file), self.line)
    }
}

/// What each problem is known by from one run to the next, whatever its line is by then. No two are the same: problems that
/// have everything in common are counted.
fn fingerprints(problems: &[Problem<'_>]) -> Vec<String> {
    let mut before: BTreeMap<[&str; 4], u64> = BTreeMap::new();
    let mut all = Vec::with_capacity(problems.len());
    for problem in problems {
        let parts = [&problem.rule.id, &problem.file, problem.revision, problem.subject.trim()];
        let nth = before.entry(parts).or_default();
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts are one text.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.update(nth.to_le_bytes());
        *nth += 1;
        all.push(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rule(id: &str) -> Rule {
        let text = |text: &str| text.to_owned();
        Rule {
            id: text(id),
            name: text("a rule"),
            severity: Severity::Error,
            about: text("It."),
            help: text("It."),
        }
    }

    fn problem<'a>(rule: &'a Rule, line: u32, subject: &'a str) -> Problem<'a> {
        let file = "a.py".to_owned();
        Problem {
            rule,
            severity: rule.severity,
            suite: "s",
            revision: "r1",
            file,
            line,
            message: "m".into(),
            subject,
            baseline: None,
        }
    }

    #[test]
    fn a_fingerprint_stays_when_lines_move_and_words_change() {
        let rule = rule("R1");
        let before = fingerprints(&[problem(&rule, 3, "op.f()"), problem(&rule, 9, "op.g()")]);
        let moved = Problem { message: "other words".into(), ..problem(&rule, 70, "    op.g()") };
        assert_eq!(fingerprints(&[moved]), before[1..]);
    }

    #[test]
    fn no_two_problems_have_one_fingerprint() {
        let (one, other) = (rule("R1"), rule("R2"));
        let base = || problem(&one, 3, "op.f()");
        let problems = [
            base(),
            // The same line again.
            base(),
            Problem { rule: &other, ..base() },
            Problem { file: "b.py".to_owned(), ..base() },
            Problem { revision: "r2", ..base() },
            Problem { subject: "op.g()", ..base() },
            // The same letters.
            Problem { file: "a.pyr".to_owned(), revision: "1", ..base() },
        ];
        let different: BTreeSet<String> = fingerprints(&problems).into_iter().collect();
        assert_eq!(different.len(), problems.len());
    }
}
