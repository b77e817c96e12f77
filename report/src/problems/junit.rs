//! JUnit, for the test views of CI systems: a suite per suite, a case per revision.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{Problem, Severity};
use crate::RenderError;
use crate::junit::written;
use crate::text::{count, printable};

/// A revision that was looked at, whatever is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedAt<'a> {
    /// Its suite.
    pub suite: &'a str,
    /// Its id.
    pub revision: &'a str,
}

/// Problems as JUnit XML. From `failing` on a problem makes its revision a failure; lesser ones stand in its output, and a
/// revision without any passes. Problems of files that hold no revision are cases of their own.
///
/// # Errors
/// When it cannot be written as XML.
pub fn junit(
    problems: &[Problem<'_>],
    looked_at: &[LookedAt<'_>],
    failing: Severity,
) -> Result<String, RenderError> {
    let mut suites: BTreeMap<&str, BTreeMap<&str, Vec<&Problem>>> = BTreeMap::new();
    for LookedAt { suite, revision } in looked_at {
        suites.entry(suite).or_default().entry(revision).or_default();
    }
    for problem in problems {
        let name = if problem.revision.is_empty() { &problem.file } else { problem.revision };
        suites.entry(problem.suite).or_default().entry(name).or_default().push(problem);
    }
    let mut junit = quick_junit::Report::new("mrt");
    for (name, cases) in &suites {
        let mut suite = TestSuite::new(printable(name));
        suite
            .add_test_cases(cases.iter().map(|(revision, problems)| case(name, revision, problems, failing)));
        junit.add_test_suite(suite);
    }
    written(&junit)
}

fn case(suite: &str, name: &str, problems: &[&Problem<'_>], failing: Severity) -> TestCase {
    let (failures, others): (Vec<&Problem>, Vec<&Problem>) =
        problems.iter().partition(|problem| problem.severity >= failing);
    let status = match failures.as_slice() {
        [] => TestCaseStatus::success(),
        [first, further @ ..] => {
            let more = match further.len() {
                0 => String::new(),
                n => format!(" (and {})", count(n, "further problem")),
            };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(first.rule.id.as_str());
            status.set_message(format!("{}{more}", first.message()));
            status.set_description(text(&failures));
            status
        }
    };
    let mut case = TestCase::new(printable(name), status);
    case.set_classname(printable(suite));
    if let Some(first) = problems.first() {
        // Not part of the format, and read by most: whoever looks at a failure wants to go there.
        case.extra.insert("file".into(), printable(&first.file).into());
    }
    if !others.is_empty() {
        case.set_system_out(text(&others));
    }
    case
}

fn text(problems: &[&Problem<'_>]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let severity = problem.severity.as_str();
            format!("{}: {severity}[{}]: {}", problem.place(), problem.rule.id, problem.message())
        })
        .collect();
    lines.join("\n")
}
