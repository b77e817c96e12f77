//! JUnit, for the test views of CI systems: a suite per suite and target, a case per revision.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::terminal::finding_text;
use crate::text::{count, lines, printable};
use crate::{
    Accepted, Age, Cell, Digest, FailOn, Finding, FindingKind, RenderError, Severity, StaticFinding, Verdict,
};

/// The report as JUnit XML. A `warn` is a failure when `fail_on` says so; otherwise its findings stand in the case's
/// output, as those that are accepted do, and what the revision's text lets expect. Where there is a previous report, each finding says
/// since when it is there.
///
/// # Errors
/// When it cannot be written as XML.
pub fn junit(digest: &Digest<'_>, fail_on: FailOn) -> Result<String, RenderError> {
    let ages = digest.ages().unwrap_or_default();
    let ages = ages.iter().map(keyed).collect();
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for cell in &digest.report.cells {
        let at = *known.entry((&cell.suite, &cell.target)).or_insert_with(|| {
            suites.push(TestSuite::new(xml(&format!("{} on {}", cell.suite, cell.target))));
            suites.len() - 1
        });
        suites[at].add_test_case(case(cell, &ages, fail_on));
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
    // The schema of Jenkins' xUnit plugin, which refuses what it does not know, has the number of what was skipped for each suite alone.
    if let Some(first) = text.find("<testsuites ")
        && let Some(last) = text[first..].find('>').map(|at| first + at)
        && let Some(start) = text[first..last].find(" skipped=\"").map(|at| first + at)
    {
        let value = start + " skipped=\"".len();
        let end = text[value..last].find('"').map_or(last, |at| value + at + 1);
        text.replace_range(start..end, "");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// Suite, revision, target, kind, object.
type Key<'a> = (&'a str, &'a str, &'a str, FindingKind, &'a str);
/// Since when findings are there.
type Ages<'a> = BTreeMap<Key<'a>, String>;

fn keyed(age: &Age) -> (Key<'_>, String) {
    ((&age.suite, &age.revision, &age.target, age.kind, &age.object), age.words())
}

/// Since when a finding of the cell is there, in brackets; nothing where nobody knows.
fn since(cell: &Cell, finding: &Finding, ages: &Ages<'_>) -> String {
    let known = ages.get(&(&cell.suite, &cell.revision, &cell.target, finding.kind, &finding.object));
    known.map_or_else(String::new, |words| format!(" ({words})"))
}

/// Text that XML can hold. Escapes are written out: what a migration printed is evidence, so none of it is dropped.
fn xml(text: &str) -> String {
    let lines: Vec<String> = lines(text).collect();
    lines.join("\n")
}

fn case(cell: &Cell, ages: &Ages<'_>, fail_on: FailOn) -> TestCase {
    let since = |finding: &Finding| since(cell, finding, ages);
    let counts = |finding: &&Finding| {
        finding.accepted.is_none()
            && (finding.severity == Severity::Fail
                || (finding.severity == Severity::Warn && fail_on == FailOn::Warn))
    };
    let reason = || xml(cell.reason.as_deref().unwrap_or("no reason was given"));
    let status = match cell.verdict {
        Verdict::Fail => failure(cell.findings.iter().filter(counts), since),
        Verdict::Warn if fail_on == FailOn::Warn => failure(cell.findings.iter().filter(counts), since),
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
    let silent: Vec<String> =
        cell.findings.iter().filter(|f| !counts(f)).map(|f| silent(f, &since(f))).collect();
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

fn failure<'a>(
    findings: impl Iterator<Item = &'a Finding>,
    since: impl Fn(&Finding) -> String,
) -> TestCaseStatus {
    let findings: Vec<&Finding> = findings.collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    if let Some(first) = findings.first() {
        let more = match findings.len() {
            0 | 1 => String::new(),
            n => format!(" (and {})", count(n - 1, "further finding")),
        };
        status.set_type(first.kind.as_str());
        let Finding { kind, object, message, .. } = first;
        status.set_message(printable(&format!("{kind} {object}{}: {message}{more}", since(first))));
    }
    let texts: Vec<String> = findings.iter().map(|f| text(f, &since(f))).collect();
    status.set_description(texts.join("\n"));
    status
}

fn text(finding: &Finding, since: &str) -> String {
    format!("{} {}{since}\n{}", finding.kind, printable(&finding.object), finding_text(finding))
}

fn silent(finding: &Finding, since: &str) -> String {
    let word = match (&finding.accepted, finding.severity) {
        (Some(Accepted { reason, until: Some(day) }), _) => format!("accepted until {day} ({reason})"),
        (Some(Accepted { reason, until: None }), _) => format!("accepted ({reason})"),
        (None, Severity::Note) => "note".to_owned(),
        (None, Severity::Warn) => "warning".to_owned(),
        (None, Severity::Fail) => "failure".to_owned(),
    };
    format!("{word}: {}", text(finding, since))
}
