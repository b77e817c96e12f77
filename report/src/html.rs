//! One page that opens from a disk: it asks the network for nothing, runs one script that it carries, and shows whatever a
//! migration holds as text.
//!
//! Templates escape every value, and what is shown has gone through [`printable`] before, since a page obeys some characters
//! without any tag. The policy in its head allows the one style and the one script by their hashes and nothing else, so that even a
//! value that came through as markup would do nothing.

mod filters;
mod findings;
mod lists;
mod matrix;

use std::collections::BTreeSet;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::text::{lines, printable};
use crate::{Digest, RenderError};

pub use filters::{Filters, State};
pub use matrix::{Table, TableCell, TableRow, matrix_html};

use findings::findings;
use lists::{Section, sections};
use matrix::matrix;

/// How pages of ours look: what [`findings_html`] gives is written for it.
pub const STYLE: &str = include_str!("../templates/report.css");
/// What filters a page of ours by its [`Filters`], and leads through it by keys.
pub const SCRIPT: &str = include_str!("../templates/report.js");

/// Browsers and mail take no more gladly. What findings show is left out beyond it, of the least first.
const LIMIT: usize = 9_500_000;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    style: &'a str,
    script: &'a str,
    style_hash: String,
    script_hash: String,
    headline: String,
    extent: String,
    worst: &'static str,
    changes: Option<String>,
    lines: Vec<String>,
    filters: String,
    findings: String,
    matrix: &'a str,
    sections: Vec<Section>,
}

/// The report as a page.
pub fn html(digest: &Digest<'_>) -> Result<String, RenderError> {
    within(digest, LIMIT)
}

/// What is wrong, as a part of somebody else's page, which has [`STYLE`]: in about so many bytes, the least left out first, and
/// empty where nothing is. It holds no style and no script of its own, and its anchors are `findings` and `r0-0`.
pub fn findings_html(digest: &Digest<'_>, room: usize) -> Result<String, RenderError> {
    findings(digest, room).map_err(|source| RenderError::new("HTML", source))
}

fn within(digest: &Digest<'_>, limit: usize) -> Result<String, RenderError> {
    let failed = |source: askama::Error| RenderError::new("HTML", source);
    let matrix = matrix(digest).map_err(failed)?;
    let sections = sections(digest);
    let listed: usize = sections
        .iter()
        .flat_map(|section| &section.items)
        .map(|item| item.head.len() + item.text.len())
        .sum();
    let room = limit.saturating_sub(matrix.len() + 2 * listed + STYLE.len() + SCRIPT.len());
    let findings = findings(digest, room).map_err(failed)?;
    let states = digest.verdicts().into_iter().map(|(verdict, count)| State::of(verdict, count.into()));
    let targets: BTreeSet<&str> =
        digest.suites.iter().flat_map(|suite| suite.targets.iter().copied()).collect();
    let filters = Filters::new(states, digest.suites.iter().map(|suite| suite.name), targets)
        .with_changes(digest.changes.is_some());
    let page = Page {
        style: STYLE,
        script: SCRIPT,
        style_hash: hash(STYLE),
        script_hash: hash(SCRIPT),
        headline: digest.headline(),
        extent: digest.extent(),
        worst: digest.worst().map_or("skip", |(verdict, _)| verdict.as_str()),
        changes: digest.changes.as_ref().map(|changes| changes.words()),
        lines: totals(digest),
        filters: filters.render().map_err(failed)?,
        findings,
        matrix: &matrix,
        sections,
    };
    page.render().map_err(failed)
}

/// As a policy names what it allows.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn anchor((suite, row): (usize, usize)) -> String {
    format!("r{suite}-{row}")
}

/// Lines as lines, safe to show.
fn text(text: &str) -> String {
    lines(text).collect::<Vec<_>>().join("\n")
}

fn totals(digest: &Digest<'_>) -> Vec<String> {
    let coverage = digest.coverage().map(|coverage| format!("coverage: {coverage}"));
    let time = digest.time.words().map(|time| format!("time: {}", printable(&time)));
    coverage.into_iter().chain(time).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Evidence, Finding, FindingKind, Report, Severity, Verdict};

    #[test]
    fn what_is_too_much_is_left_out_beginning_with_the_least() {
        let cell = |n: usize| {
            let severity = if n % 10 == 9 { Severity::Fail } else { Severity::Warn };
            let finding = Finding {
                kind: FindingKind::DataLost,
                severity,
                object: format!("t{n}"),
                message: "gone".to_owned(),
                evidence: Evidence { error: Some("all of it ".repeat(60)), ..Evidence::default() },
                statement: None,
                file: String::new(),
                line: 0,
                accepted: None,
            };
            let cell = Cell::untried("shop", "sqlite", &format!("r{n}"), "", Verdict::Fail, String::new());
            Cell { findings: vec![finding], ..cell }
        };
        let report = Report::new((0..400).map(cell).collect());
        let digest = Digest::new(&report);
        let page = |limit| within(&digest, limit).unwrap_or_default();
        let whole = page(LIMIT);
        assert!(!whole.contains("To keep the page small"));
        let (first_warning, last_failure) = (whole.find(">t0<"), whole.rfind(">t399<"));
        assert!(last_failure < first_warning, "the worst come first");
        for limit in [150_000, 200_000, 300_000] {
            let page = page(limit);
            assert!(page.len() < limit && page.len() > limit / 2, "{} of {limit}", page.len());
            let shown = page.matches("<details class=\"entry\"").count();
            let in_full = page.matches("all of it").count() / 60;
            let mut told = format!("To keep the page small, what shows {} of the findings", shown - in_full);
            if shown < 400 {
                told.push_str(&format!(" and {} findings", 400 - shown));
            }
            assert!(page.contains(&told), "{told}");
            assert!(in_full >= 40, "every failure is shown in full");
        }
    }
}
