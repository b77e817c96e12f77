//! `mrt-cli check`: what can be known of a project's revisions without a database.

mod baseline;
mod problems;
mod watch;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use mrt_chain::settings::{Project, Suite};
use mrt_lint::project::{CheckError, Checked};
use mrt_lint::selection::Changed;
use mrt_lint::{Finding, Selection, Severity, explain, rules};
use mrt_report::problems::{github, gitlab, junit, sarif};
use mrt_report::{exit_code, printable};
use serde::Serialize;

use crate::args::{CheckFailOn, CheckFormat, CheckRevisions};
use crate::error::CliError;
use crate::output::{Output, tell};
use crate::screen::{self, Screen};
use crate::{project, submission, touched};

/// Runs the command; the value is the process's exit code.
pub(crate) fn command(arguments: &CheckRevisions) -> Result<u8, CliError> {
    Screen::open(&arguments.talk)?;
    let output = Output::new(arguments.output.as_deref())?;
    if let Some(code) = &arguments.explain {
        let rule = rules::find(code).ok_or_else(|| unknown(code))?;
        output.write(&explain::explain(rule))?;
        return Ok(exit_code::OK);
    }
    // Codes that are none stay none, whatever becomes of the files.
    selection(arguments, None)?.verify().map_err(CliError::Choice)?;
    if arguments.watch {
        return watch::watch(&arguments.select.dir, &output, || check(arguments, &output));
    }
    check(arguments, &output)
}

/// Checks once, and writes the report.
fn check(arguments: &CheckRevisions, output: &Output) -> Result<u8, CliError> {
    let project::Loaded { project, suites } = project::load(&arguments.select, None)?;
    let selection = selection(arguments, Some(&project))?;
    let mut all = Vec::with_capacity(suites.len());
    for suite in &suites {
        let checked = mrt_lint::check(suite, &selection).map_err(|error| match error {
            CheckError::Files(source) => {
                CliError::Chain { suite: suite.name.clone(), source: Box::new(source) }
            }
            CheckError::Selection(error) => CliError::Choice(error),
            CheckError::Django(source) => CliError::Discovery(source),
            error @ CheckError::Thread(_) => CliError::Check(error),
        })?;
        all.push(checked);
    }
    are_known(&all, &arguments.select.only)?;
    let least = match arguments.fail_on {
        CheckFailOn::Error => Severity::Error,
        CheckFailOn::Warning => Severity::Warning,
        CheckFailOn::Note => Severity::Note,
    };
    let rules = problems::rules();
    let problems = || problems::problems(&rules, &suites, &all, &project.root);
    let text = match arguments.format {
        CheckFormat::Text => text(&all, screen::on_paper(output, arguments.talk.color)),
        CheckFormat::Json => json(&all)?,
        CheckFormat::Sarif => sarif(&problems(), &[]).map_err(CliError::Render)?,
        CheckFormat::Github => github(&problems(), &[]),
        CheckFormat::Gitlab => gitlab(&problems()).map_err(CliError::Render)?,
        CheckFormat::Junit => {
            let looked_at = problems::looked_at(&suites, &all);
            junit(&problems(), &looked_at, problems::severity(least)).map_err(CliError::Render)?
        }
    };
    output.write(&text)?;
    let written = arguments.update_baseline.then(|| baseline::update(&project, &suites, &all)).transpose()?;
    if !arguments.talk.quiet {
        tell(summary(&all, arguments, &selection, &project, &suites));
        if let Some((path, entries)) = written {
            crate::baseline::told(&path, entries);
        }
    }
    let found = findings(&all).any(|finding| finding.severity >= least);
    Ok(if found { exit_code::FINDINGS } else { exit_code::OK })
}

/// Whether every revision that is asked for by its id, or the beginning of it, is there.
fn are_known(all: &[Checked], wanted: &[String]) -> Result<(), CliError> {
    for wanted in wanted {
        let is_there = |checked: &Checked| checked.revisions.keys().any(|id| id.starts_with(wanted.as_str()));
        if wanted.is_empty() || !all.iter().any(is_there) {
            return Err(CliError::usage(format!(
                "no revision is called `{}`; give its id",
                printable(wanted)
            )));
        }
    }
    Ok(())
}

/// What is asked for; what has changed in a project, git says.
fn selection(arguments: &CheckRevisions, project: Option<&Project>) -> Result<Selection, CliError> {
    let changed = match (project, &arguments.since_git) {
        (Some(Project { root, .. }), Some(reference)) => {
            let paths = touched::changed(root, reference)?.into_iter().collect();
            Some(Changed { root: root.clone(), paths })
        }
        _ => None,
    };
    Ok(Selection {
        select: arguments.select_rules.clone(),
        ignore: arguments.ignore.clone(),
        severity: arguments.severity.clone(),
        only: arguments.select.only.clone(),
        since: arguments.since.clone(),
        changed,
        rolling: arguments.rolling,
        today: Some(submission::today()),
    })
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
            out.push_str(&renderer.render(&[excerpt(finding, &shown(line_of(checked, finding)))]));
            out.push_str("\n\n");
        }
    }
    out
}

/// The line of a finding.
fn line_of<'a>(checked: &'a Checked, finding: &Finding) -> &'a str {
    let source = checked.sources.get(&finding.file).map_or("", String::as_str);
    let index = usize::try_from(finding.line.saturating_sub(1)).unwrap_or(usize::MAX);
    source.lines().nth(index).unwrap_or_default().trim_end()
}

/// A line, as it can be shown.
fn shown(line: &str) -> String {
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

fn summary(
    all: &[Checked],
    arguments: &CheckRevisions,
    selection: &Selection,
    project: &Project,
    suites: &[Suite],
) -> String {
    let sum = |of: fn(&Checked) -> usize| all.iter().map(of).sum::<usize>();
    let (files, asked) = (sum(|checked| checked.files), sum(|checked| checked.asked));
    let count = |severity| findings(all).filter(|finding| finding.severity == severity).count();
    let number = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let mut text = format!("{} read", number(files, "file"));
    if asked < files {
        text.push_str(&format!(", {asked} asked for"));
    }
    text.push_str(&format!(
        ": {}, {}, {}",
        number(count(Severity::Error), "error"),
        number(count(Severity::Warning), "warning"),
        number(count(Severity::Note), "note")
    ));
    let used = all.iter().zip(suites).map(|(checked, suite)| baseline::used(project, suite, checked));
    let (known, idle) = used.fold((0, 0), |(a, b), (known, idle)| (a + known, b + idle));
    let decided = sum(|checked| checked.accepted.len()) - known;
    for (accepted, by) in [(known, "baseline"), (decided, "settings")] {
        if accepted > 0 {
            text.push_str(&format!("; {accepted} accepted by the {by}"));
        }
    }
    if let (0, Some(reference)) = (asked, &arguments.since_git) {
        text.push_str(&format!("\nno revision has changed since {reference}"));
    }
    let is_part = selection.is_part() || !arguments.select.target.is_empty();
    if idle > 0 && !is_part && !arguments.update_baseline {
        text.push_str(&format!(
            "\n{} of the baseline {} nothing any more; --update-baseline drops {}",
            if idle == 1 { "1 entry".to_owned() } else { format!("{idle} entries") },
            if idle == 1 { "accepts" } else { "accept" },
            if idle == 1 { "it" } else { "them" }
        ));
    }
    text
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
