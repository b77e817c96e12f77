//! GitLab's report of code quality: shown in merge requests, beside the lines and as what a change makes better or worse.

use std::borrow::Cow;

use serde::Serialize;

use super::{Problem, Severity, fingerprints};
use crate::RenderError;
use crate::json::pretty;

#[derive(Serialize)]
struct Issue<'a> {
    description: Cow<'a, str>,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Problems as a report of code quality.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn gitlab(problems: &[Problem<'_>]) -> Result<String, RenderError> {
    let issues: Vec<Issue> =
        problems.iter().zip(fingerprints(problems)).map(|(problem, print)| issue(problem, print)).collect();
    pretty("a report of code quality", &issues)
}

fn issue<'a>(problem: &'a Problem<'a>, fingerprint: String) -> Issue<'a> {
    Issue {
        description: problem.message(),
        check_name: &problem.rule.id,
        fingerprint,
        severity: severity(problem.severity),
        location: Location { path: &problem.file, lines: Lines { begin: problem.line } },
    }
}

/// GitLab has five words. `blocker` says that nothing else works, which a migration does not; `major` would be one kind of warning.
fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Note => "info",
    }
}
