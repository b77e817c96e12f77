//! JUnit, for the test views of CI systems: a suite per suite and target, a case per revision.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::terminal::finding_text;
use crate::text::{count, lines, printable};
use crate::{Accepted, Cell, FailOn, Finding, RenderError, Report, Severity, StaticFinding, Verdict};

/// The report as JUnit XML. A `warn` is a failure when `fail_on` says so; otherwise its findings stand in the case's
/// output, as those that are accepted do, and what the revision's text lets expect.
pub fn junit(report: &Report, fail_on: FailOn) -> Result<String, RenderError> {
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for cell in &report.cells {
        let at = *known.entry((&cell.suite, &cell.target)).or_insert_with(|| {
            suites.push(TestSuite::new(xml(&format!("{} on {}", cell.suite, cell.target))));
            suites.len() - 1
        });
        suites[at].add_test_case(case(cell, fail_on));
    }
    let mut junit = quick_junit::Report::new("mrt");
    for mut suite in suites {
        let time = suite.test_cases.iter().filter_map(|case| case.time).sum();
        suite.set_time(time);
        junit.add_test_suite(suite);
    }
    junit.set_time(junit.test_suites.iter().filter_map(|suite| suite.time).sum());
    written(&junit)
}

/// The document, with a line end after its last tag.
pub(crate) fn written(junit: &quick_junit::Report) -> Result<String, RenderError> {
    let mut text = junit.to_string().map_err(|source| RenderError::new("JUnit", source))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Text that XML can hold. Escapes are written out: what a migration printed is evidence, so none of it is dropped.
fn xml(text: &str) -> String {
    let lines: Vec<String> = lines(text).collect();
    lines.join("\n")
}

fn case(cell: &Cell, fail_on: FailOn) -> TestCase {
    let counts = |finding: &&Finding| {
        finding.accepted.is_none()
            && (finding.severity == Severity::Fail
                || (finding.severity == Severity::Warn && fail_on == FailOn::Warn))
    };
    let reason = || xml(cell.reason.as_deref().unwrap_or("no reason was given"));
    let status = match cell.verdict {
        Verdict::Fail => failure(cell.findings.iter().filter(counts)),
        Verdict::Warn if fail_on == FailOn::Warn => failure(cell.findings.iter().filter(counts)),
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Error => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("infrastructure").set_message(reason());
            status
        }
        Verdict::Blocked => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("blocked").set_message(format!("blocked: {}", reason()));
            status
        }
        Verdict::Skip => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason());
            status
        }
    };
    let name = match cell.title.as_str() {
        "" => cell.revision.clone(),
        title => format!("{} {title}", cell.revision),
    };
    let mut case = TestCase::new(printable(&name), status);
    case.set_classname(printable(&format!("{}.{}", cell.suite, cell.target)));
    case.set_time(Duration::from_millis(cell.duration_ms));
    let silent: Vec<String> = cell.findings.iter().filter(|f| !counts(f)).map(silent).collect();
    let gaps =
        cell.coverage.not_seeded.iter().map(|gap| format!("not seeded: {}: {}", gap.table, gap.reason));
    let texts = cell.static_findings.iter().map(expected);
    let output: Vec<String> = silent.into_iter().chain(texts).chain(gaps).collect();
    if !output.is_empty() {
        case.set_system_out(xml(&output.join("\n")));
    }
    case
}

fn expected(said: &StaticFinding) -> String {
    let StaticFinding { code, severity, message, file, line, proof } = said;
    format!("read in the text, {proof}: {file}:{line}: {}[{code}]: {message}", severity.as_str())
}

fn failure<'a>(findings: impl Iterator<Item = &'a Finding>) -> TestCaseStatus {
    let findings: Vec<&Finding> = findings.collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    if let Some(first) = findings.first() {
        let more = match findings.len() {
            0 | 1 => String::new(),
            n => format!(" (and {})", count(n - 1, "further finding")),
        };
        status.set_type(first.kind.as_str());
        status.set_message(printable(&format!("{} {}: {}{more}", first.kind, first.object, first.message)));
    }
    let texts: Vec<String> = findings.iter().map(|f| text(f)).collect();
    status.set_description(texts.join("\n"));
    status
}

fn text(finding: &Finding) -> String {
    format!("{} {}\n{}", finding.kind, printable(&finding.object), finding_text(finding))
}

fn silent(finding: &Finding) -> String {
    let word = match (&finding.accepted, finding.severity) {
        (Some(Accepted { reason, until: Some(day) }), _) => format!("accepted until {day} ({reason})"),
        (Some(Accepted { reason, until: None }), _) => format!("accepted ({reason})"),
        (None, Severity::Note) => "note".to_owned(),
        (None, Severity::Warn) => "warning".to_owned(),
        (None, Severity::Fail) => "failure".to_owned(),
    };
    format!("{word}: {}", text(finding))
}
