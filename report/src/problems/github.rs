//! GitHub's workflow commands: a job that prints them has annotations beside the lines.

use super::{Problem, Severity};
use crate::text::printable;

/// How many annotations of one kind GitHub shows for a step; it drops the rest without a word.
const SHOWN: usize = 10;

/// How many places are named of those that have no annotation of their own: GitHub shows 4,096 characters.
const NAMED: usize = 30;

/// Problems as annotations. Where there are more of a kind than GitHub shows, the last one says how many, and where they are.
/// What the problems do not say comes first, in one warning that is at no line.
pub fn github(problems: &[Problem<'_>], unsaid: &[String]) -> String {
    let mut out = String::new();
    if !unsaid.is_empty() {
        let text: Vec<_> = unsaid.iter().map(|text| printable(text)).collect();
        out.push_str(&format!("::warning title=not everything was judged::{}\n", data(&text.join("\n"))));
    }
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let all: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == severity).collect();
        let shown = SHOWN - usize::from(severity == Severity::Warning && !unsaid.is_empty());
        let own = if all.len() > shown { shown - 1 } else { all.len() };
        let (own, rest) = all.split_at(own);
        for problem in own {
            let title = format!("{}: {}", problem.rule.id, problem.rule.name);
            out.push_str(&annotation(problem, &title, &problem.message()));
        }
        if let Some(first) = rest.first() {
            let title = format!("{} more {}s", rest.len(), severity.as_str());
            out.push_str(&annotation(first, &title, &places(rest)));
        }
    }
    out
}

fn annotation(at: &Problem<'_>, title: &str, message: &str) -> String {
    let kind = match at.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    format!(
        "::{kind} file={},line={},title={}::{}\n",
        property(&printable(&at.file)),
        at.line,
        property(&printable(title)),
        data(message)
    )
}

fn places(problems: &[&Problem<'_>]) -> String {
    let mut lines: Vec<String> = problems
        .iter()
        .take(NAMED)
        .map(|problem| format!("{} {}", problem.place(), problem.rule.id))
        .collect();
    if problems.len() > NAMED {
        lines.push(format!("and {} more", problems.len() - NAMED));
    }
    lines.join("\n")
}

/// What follows the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands between commas before it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
