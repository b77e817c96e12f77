//! Findings as problems at lines of a repository's files, for the formats of CI systems.

use std::collections::BTreeMap;
use std::path::Path;

use mrt_chain::settings::Suite;
use mrt_lint::project::Checked;
use mrt_lint::{Finding, Severity, explain, rules};
use mrt_report::problems::{self, LookedAt, Problem, Rule};

use super::line_of;
use crate::places::from_top;

/// Every rule, by its code.
pub(super) fn rules() -> BTreeMap<&'static str, Rule> {
    let rule = |rule: &rules::Rule| Rule {
        id: rule.code.to_owned(),
        name: rule.name.to_owned(),
        severity: severity(rule.severity),
        about: rule.about.to_owned(),
        help: explain::markdown(rule),
    };
    rules::all().map(|known| (known.code, rule(known))).collect()
}

/// What was found in the suites, each with what it came to. Files are named from the top of the git repository, since that is how
/// those who show problems know them; where there is none, from the project's directory.
pub(super) fn problems<'a>(
    rules: &'a BTreeMap<&'static str, Rule>,
    suites: &'a [Suite],
    all: &'a [Checked],
    project: &Path,
) -> Vec<Problem<'a>> {
    let problem = |suite: &'a Suite, checked: &'a Checked, finding: &'a Finding| {
        Some(Problem {
            rule: rules.get(finding.code)?,
            severity: severity(finding.severity),
            suite: &suite.name,
            revision: &finding.revision,
            file: from_top(project, suite, &finding.file),
            line: finding.line,
            message: finding.message.as_str().into(),
            subject: line_of(checked, finding),
            baseline: None,
        })
    };
    let of_suite = |(suite, checked): (&'a Suite, &'a Checked)| {
        checked.findings.iter().filter_map(move |finding| problem(suite, checked, finding))
    };
    suites.iter().zip(all).flat_map(of_suite).collect()
}

/// The revisions that may have problems.
pub(super) fn looked_at<'a>(suites: &'a [Suite], all: &'a [Checked]) -> Vec<LookedAt<'a>> {
    let of_suite = |(suite, checked): (&'a Suite, &'a Checked)| {
        let asked_for = checked.revisions.iter().filter(|(_, is_asked_for)| **is_asked_for);
        asked_for.map(|(revision, _)| LookedAt { suite: &suite.name, revision })
    };
    suites.iter().zip(all).flat_map(of_suite).collect()
}

pub(super) fn severity(severity: Severity) -> problems::Severity {
    match severity {
        Severity::Note => problems::Severity::Note,
        Severity::Warning => problems::Severity::Warning,
        Severity::Error => problems::Severity::Error,
    }
}
