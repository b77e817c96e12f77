//! What the rules say of themselves: for one who asks for a code, and for the page of all of them.

use crate::rules::{self, Rule};

const INTRODUCTION: &str = "\
# The static rules

What `mrt-cli check` looks for. This page is made of the rules themselves (`lint/src/rules/`); a test keeps it in step.

An **error** is certain, as far as a file can be read: rows or schema are lost, or a step fails. A **warning** hangs on rows, sizes,
or on something that only running the migration tells. Where less is certain than a rule's own severity, its finding is a warning.
A comment at the end of a line silences it: `# noqa: MRT201`, or `# noqa` for every rule. The rules of rolling
deployments (MRT7) look with `--rolling` or `--select MRT7` alone. The examples have `op`, `sa`, `revision` and
`down_revision` besides, those of Django the imports and `dependencies`; those of MRT85x are of an `env.py`. What is said of
`upgrade()` and `downgrade()` holds for the operations of a migration of Django, and for what Django does to reverse them.
";

/// One rule, as `--explain` shows it.
pub fn explain(rule: &Rule) -> String {
    format!(
        "{} ({}), {}{}\n\n{}\n\nFlagged:\n\n{}\nNot flagged:\n\n{}",
        rule.code,
        rule.severity,
        rule.name,
        engines(rule),
        wrapped(rule.about),
        indented(rule.bad),
        indented(rule.good)
    )
}

/// One rule, in Markdown and without its code, which whoever shows it has above it.
pub fn markdown(rule: &Rule) -> String {
    format!(
        "**{}** ({}{}). {}\n\nFlagged:\n\n```python\n{}```\n\nNot flagged:\n\n```python\n{}```\n",
        rule.name,
        rule.severity,
        engines(rule),
        rule.about,
        rule.bad,
        rule.good
    )
}

/// The page of all rules, in Markdown.
pub fn document() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| code | | at worst | |\n|---|---|---|---|\n");
    for rule in rules::all() {
        let (code, anchor) = (rule.code, rule.code.to_lowercase());
        page.push_str(&format!(
            "| [{code}](#{anchor}) | {} | {} | {} |\n",
            rule.name,
            rule.severity,
            engines(rule).trim()
        ));
    }
    for rule in rules::all() {
        page.push_str(&format!("\n## {}\n\n{}", rule.code, markdown(rule)));
    }
    page
}

fn engines(rule: &Rule) -> String {
    if rule.engines.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = rule.engines.iter().map(|engine| engine.title()).collect();
    format!(" on {}", names.join(", "))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        if width > 0 && width + word.len() >= 100 {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += word.len();
    }
    out
}
