//! SARIF 2.1.0, the standard for what static analysis finds: GitHub's code scanning, Azure DevOps, editors.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{Baseline, Problem, Rule, Severity, fingerprints};
use crate::RenderError;
use crate::json::pretty;
use crate::text::{count, printable};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The top of the repository, wherever it is checked out.
const ROOT: &str = "%SRCROOT%";

/// GitHub refuses a file with more.
const GITHUB: Limits = Limits { results: 25_000, compressed: 10_000_000 };

/// All of a path but what is a letter, a digit, or unreserved in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[derive(Clone, Copy)]
struct Limits {
    results: usize,
    /// Bytes, after gzip.
    compressed: usize,
}

/// Problems as SARIF, the worst first. Those that are more than GitHub takes are left out, and a notification says so, as others say
/// what the problems do not.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn sarif(problems: &[Problem<'_>], unsaid: &[String]) -> Result<String, RenderError> {
    within(problems, unsaid, GITHUB)
}

fn within(problems: &[Problem<'_>], unsaid: &[String], limits: Limits) -> Result<String, RenderError> {
    // Before any is left out: what is known of one does not depend on how many there are.
    let mut all: Vec<(&Problem, String)> = problems.iter().zip(fingerprints(problems)).collect();
    all.sort_by_key(|(problem, _)| Reverse(problem.severity));
    let mut kept = all.len().min(limits.results);
    loop {
        let text = pretty("SARIF", &log(&all[..kept], all.len() - kept, unsaid))?;
        let size = compressed(&text, limits.compressed)?;
        if size <= limits.compressed || kept == 0 {
            return Ok(text);
        }
        // In proportion: less by at least one each time.
        kept = (kept.saturating_mul(limits.compressed) / size).min(kept - 1);
    }
}

/// The size after gzip; not measured where it cannot be above the limit.
fn compressed(text: &str, limit: usize) -> Result<usize, RenderError> {
    if text.len() <= limit {
        return Ok(text.len());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(text.as_bytes())
        .and_then(|()| encoder.finish())
        .map(|bytes| bytes.len())
        .map_err(|source| RenderError::new("SARIF", source))
}

fn log<'a>(problems: &'a [(&'a Problem<'a>, String)], left_out: usize, unsaid: &'a [String]) -> Log<'a> {
    let rules: BTreeMap<&str, &Rule> =
        problems.iter().map(|(problem, _)| (problem.rule.id.as_str(), problem.rule)).collect();
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, id)| (*id, at)).collect();
    let result = |(problem, fingerprint): &'a (&'a Problem<'a>, String)| Outcome {
        rule_id: &problem.rule.id,
        rule_index: index.get(problem.rule.id.as_str()).copied(),
        level: problem.severity.as_str(),
        baseline_state: problem.baseline,
        message: Text { text: problem.message() },
        locations: [Location { physical_location: place(problem) }],
        partial_fingerprints: Fingerprints { ours: fingerprint },
        properties: Properties {
            suite: printable(problem.suite),
            revision: (!problem.revision.is_empty()).then(|| printable(problem.revision)),
        },
    };
    let driver = Driver {
        name: "mrt",
        version: env!("CARGO_PKG_VERSION"),
        rules: rules.values().map(|rule| descriptor(rule)).collect(),
    };
    let run = Run {
        tool: Tool { driver },
        invocations: invocation(left_out, unsaid).map(|invocation| [invocation]),
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            Base { description: text("the top of the repository") },
        )]),
        results: problems.iter().map(result).collect(),
    };
    Log { schema: SCHEMA, version: "2.1.0", runs: [run] }
}

fn descriptor(rule: &Rule) -> Descriptor<'_> {
    Descriptor {
        id: &rule.id,
        short_description: text(&rule.name),
        full_description: text(&rule.about),
        help: Help { text: &rule.about, markdown: &rule.help },
        default_configuration: Configuration { level: rule.severity.as_str() },
    }
}

fn place<'a>(problem: &'a Problem<'a>) -> PhysicalLocation {
    let path = utf8_percent_encode(&problem.file, PATH);
    let artifact_location = match problem.file.starts_with('/') {
        false => ArtifactLocation { uri: path.to_string(), uri_base_id: Some(ROOT) },
        true => ArtifactLocation { uri: format!("file://{path}"), uri_base_id: None },
    };
    PhysicalLocation { artifact_location, region: Region { start_line: problem.line } }
}

fn invocation(left_out: usize, unsaid: &[String]) -> Option<Invocation<'_>> {
    let mut messages: Vec<Cow<'_, str>> = unsaid.iter().map(|text| printable(text)).collect();
    if left_out > 0 {
        let problems = count(left_out, "problem");
        let message = format!(
            "{problems} had to be left out, as GitHub takes no larger file; none is worse than those here"
        );
        messages.push(message.into());
    }
    let notification = |text| Notification { level: Severity::Warning.as_str(), message: Text { text } };
    (!messages.is_empty()).then(|| Invocation {
        execution_successful: true,
        tool_execution_notifications: messages.into_iter().map(notification).collect(),
    })
}

fn text(text: &str) -> Text<'_> {
    Text { text: text.into() }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocations: Option<[Invocation<'a>; 1]>,
    original_uri_base_ids: BTreeMap<&'static str, Base<'a>>,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    /// Those that occur: a file is about what is wrong, not about all that could be.
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Text<'a>,
    full_description: Text<'a>,
    help: Help<'a>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification<'a>>,
}

#[derive(Serialize)]
struct Notification<'a> {
    level: &'static str,
    message: Text<'a>,
}

#[derive(Serialize)]
struct Base<'a> {
    description: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: Cow<'a, str>,
}

/// A `result` of the standard.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'a str,
    rule_index: Option<usize>,
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<Baseline>,
    message: Text<'a>,
    locations: [Location; 1],
    partial_fingerprints: Fingerprints<'a>,
    properties: Properties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

/// `primaryLocationLineHash`, which GitHub goes by, is made by its own action when it uploads a file; the action warns of each
/// one that somebody else has made.
#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "mrt/v1")]
    ours: &'a str,
}

#[derive(Serialize)]
struct Properties<'a> {
    suite: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// A note, a warning and an error, again and again; and how large the file is.
    fn shown(problems: usize, limits: Limits) -> (Value, usize) {
        let rule = Rule {
            id: "R1".to_owned(),
            name: "a rule".to_owned(),
            severity: Severity::Error,
            about: "Something happens.".to_owned(),
            help: "**Something** happens.".to_owned(),
        };
        let severities = [Severity::Note, Severity::Warning, Severity::Error];
        let problems: Vec<Problem> = (0..problems)
            .map(|at| Problem {
                rule: &rule,
                severity: severities[at % severities.len()],
                suite: "shop",
                revision: "r1",
                file: "r1.py".to_owned(),
                line: 1,
                message: "something".into(),
                subject: "op.f()",
                baseline: None,
            })
            .collect();
        let text = within(&problems, &[], limits).unwrap_or_default();
        let size = compressed(&text, 0).unwrap_or_default();
        (serde_json::from_str(&text).unwrap_or_default(), size)
    }

    fn levels(log: &Value) -> Vec<&str> {
        let results = log["runs"][0]["results"].as_array().map(Vec::as_slice).unwrap_or_default();
        results.iter().filter_map(|result| result["level"].as_str()).collect()
    }

    fn notification(log: &Value) -> &str {
        log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
            .as_str()
            .unwrap_or_default()
    }

    #[test]
    fn what_is_more_than_github_takes_is_left_out_beginning_with_the_least() {
        let (log, _) = shown(6, Limits { results: 3, ..GITHUB });
        assert_eq!(levels(&log), ["error", "error", "warning"]);
        assert!(notification(&log).starts_with("3 problems had to be left out"), "{log}");
        let (log, _) = shown(6, Limits { results: 6, ..GITHUB });
        assert_eq!((levels(&log).len(), notification(&log)), (6, ""));
    }

    #[test]
    fn a_file_is_as_large_as_github_takes_it_when_it_is_compressed() {
        let limits = Limits { compressed: 4_000, ..GITHUB };
        let (log, size) = shown(200, limits);
        let kept = levels(&log).len();
        assert!((20..200).contains(&kept), "{kept}");
        assert!(levels(&log)[..20].iter().all(|level| *level == "error"));
        assert!(notification(&log).starts_with(&format!("{} problems", 200 - kept)), "{log}");
        assert!((1..=limits.compressed).contains(&size), "{size}");
    }

    #[test]
    fn where_nothing_fits_a_file_says_so() {
        let (log, _) = shown(2, Limits { compressed: 10, ..GITHUB });
        assert!(levels(&log).is_empty());
        assert!(notification(&log).starts_with("2 problems"), "{log}");
    }
}
