//! `mrt-cli check`: what can be known of a project's revisions without a database.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use mrt_lint::project::{CheckError, Checked, Selection};
use mrt_lint::{Finding, Severity, explain, rules};
use mrt_report::{exit_code, printable};
use serde::Serialize;

use crate::args::{CheckFailOn, CheckFormat, CheckRevisions};
use crate::error::CliError;
use crate::output::{Output, tell};
use crate::project;
use crate::screen::{self, Screen};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &CheckRevisions) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let output = Output::new(arguments.output.as_deref())?;
    if let Some(code) = &arguments.explain {
        let rule = rules::find(code).ok_or_else(|| unknown(code))?;
        output.write(&explain::explain(rule))?;
        return Ok(exit_code::OK);
    }
    let selection = selection(arguments)?;
    let project::Loaded { suites, .. } = project::load(&arguments.select, None)?;
    let mut all = Vec::with_capacity(suites.len());
    for suite in &suites {
        let checked = mrt_lint::check(suite, &selection).map_err(|error| match error {
            CheckError::Files(source) => {
                CliError::Chain { suite: suite.name.clone(), source: Box::new(source) }
            }
            error @ CheckError::Thread(_) => CliError::Check(error),
        })?;
        all.push(checked);
    }
    only(&mut all, &arguments.select.only)?;
    let text = match arguments.format {
        CheckFormat::Text => text(&all, screen::on_paper(&output, arguments.talk.color)),
        CheckFormat::Json => json(&all)?,
    };
    output.write(&text)?;
    if !arguments.talk.quiet {
        tell(summary(&all));
    }
    let least = match arguments.fail_on {
        CheckFailOn::Error => Severity::Error,
        CheckFailOn::Warning => Severity::Warning,
        CheckFailOn::Note => Severity::Note,
    };
    let found = findings(&all).any(|finding| finding.severity >= least);
    Ok(if found { exit_code::FINDINGS } else { exit_code::OK })
}

/// Keeps what concerns the revisions that are asked for, by their ids or the beginnings of these.
fn only(all: &mut [Checked], wanted: &[String]) -> Result<(), CliError> {
    let is_it = |id: &str| wanted.iter().any(|wanted| !wanted.is_empty() && id.starts_with(wanted.as_str()));
    for wanted in wanted {
        let is_there = |checked: &Checked| checked.revisions.iter().any(|id| id.starts_with(wanted.as_str()));
        if wanted.is_empty() || !all.iter().any(is_there) {
            return Err(CliError::usage(format!(
                "no revision is called `{}`; give its id",
                printable(wanted)
            )));
        }
    }
    if !wanted.is_empty() {
        all.iter_mut().for_each(|checked| checked.findings.retain(|finding| is_it(&finding.revision)));
    }
    Ok(())
}

/// The rules that are asked for; a code that means none of them is a mistake.
fn selection(arguments: &CheckRevisions) -> Result<Selection, CliError> {
    let selection = Selection {
        select: arguments.select_rules.clone(),
        ignore: arguments.ignore.clone(),
        rolling: arguments.rolling,
    };
    for code in selection.select.iter().chain(&selection.ignore) {
        if code.is_empty() || !rules::all().any(|rule| rules::is_among(rule.code, std::slice::from_ref(code)))
        {
            return Err(unknown(code));
        }
    }
    Ok(selection)
}

fn unknown(code: &str) -> CliError {
    CliError::usage(format!(
        "no rule has the code `{}`; MRT201 is one, and MRT2 is its family",
        printable(code)
    ))
}

fn findings(all: &[Checked]) -> impl Iterator<Item = &Finding> {
    all.iter().flat_map(|checked| &checked.findings)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    findings: Vec<&'a Finding>,
}

fn json(all: &[Checked]) -> Result<String, CliError> {
    let document = Document { schema_version: 1, findings: findings(all).collect() };
    let mut text = serde_json::to_string_pretty(&document).map_err(CliError::Encode)?;
    text.push('\n');
    Ok(text)
}

fn text(all: &[Checked], colored: bool) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for checked in all {
        for finding in &checked.findings {
            let source = checked.sources.get(&finding.file).map_or("", String::as_str);
            out.push_str(&renderer.render(&[excerpt(finding, &line(source, finding.line))]));
            out.push_str("\n\n");
        }
    }
    out
}

/// The line of a finding, as it can be shown.
fn line(source: &str, number: u32) -> String {
    let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = source.lines().nth(index).unwrap_or_default().trim_end();
    let line: String = line.chars().take(160).collect();
    printable(&line.replace('\t', "    ")).into_owned()
}

fn excerpt<'a>(finding: &'a Finding, line: &'a str) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let indented = line.len() - line.trim_start().len();
    let snippet = Snippet::source(line)
        .line_start(usize::try_from(finding.line).unwrap_or(usize::MAX))
        .path(printable(&finding.file))
        .annotation(AnnotationKind::Primary.span(indented..line.len()));
    level.primary_title(printable(&finding.message)).id(finding.code).element(snippet)
}

fn summary(all: &[Checked]) -> String {
    let files: usize = all.iter().map(|checked| checked.files).sum();
    let count = |severity| findings(all).filter(|finding| finding.severity == severity).count();
    let number = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    format!(
        "{} read: {}, {}, {}",
        number(files, "file"),
        number(count(Severity::Error), "error"),
        number(count(Severity::Warning), "warning"),
        number(count(Severity::Note), "note")
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn checked() -> Checked {
        let finding = Finding {
            code: "MRT201",
            severity: Severity::Error,
            revision: "r1".to_owned(),
            file: "versions/r1.py".to_owned(),
            line: 2,
            message: "`users.phone` is dropped\u{1b}[2J".to_owned(),
        };
        let source = "def upgrade():\n\top.drop_column(\"users\", \"phone\")\n".to_owned();
        let sources = BTreeMap::from([("versions/r1.py".to_owned(), source)]);
        Checked { findings: vec![finding], sources, files: 1, ..Checked::default() }
    }

    #[test]
    fn a_finding_shows_its_line() {
        insta::assert_snapshot!(text(&[checked()], false));
    }

    #[test]
    fn a_line_that_is_not_there_is_no_reason_to_end() {
        let mut checked = checked();
        checked.findings[0].line = 4_000_000_000;
        assert!(text(&[checked], false).contains("MRT201"));
    }

    #[test]
    fn json_begins_as_the_interface_says() {
        let text = json(&[checked()]).unwrap_or_default();
        insta::assert_snapshot!(text);
    }
}
