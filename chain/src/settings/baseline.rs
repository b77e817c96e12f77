//! `mrt-baseline.toml`: findings that were there when somebody began, accepted in bulk.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::Source;
use super::raw::{RawAccept, RawBaseline};
use super::{Accept, Project, SettingsError, suite};

/// The file's name, beside `mrt.toml` or `alembic.ini`.
const NAME: &str = "mrt-baseline.toml";

const HEADER: &str = "\
# Findings that are accepted for now. Written by `mrt-cli run --write-baseline` and
# `mrt-cli check --update-baseline`; remove an entry, and the finding counts again.
";

/// Adds what the baseline accepts to the suites' own lists.
pub(super) fn read(project: &mut Project, shown: &Path) -> Result<(), SettingsError> {
    if !project.baseline_path().is_file() {
        return Ok(());
    }
    let source = Source::read(&shown.join(NAME))?;
    let raw: RawBaseline = source.parse()?;
    let accept = |entries: Vec<RawAccept>| entries.into_iter().map(suite::accept).collect::<Vec<_>>();
    let mut baseline: BTreeMap<String, Vec<Accept>> = BTreeMap::new();
    if !raw.accept.is_empty() {
        let [suite] = project.suites.as_slice() else {
            let help = "write [[suite.NAME.accept]]";
            return Err(source.at(None, "[[accept]] does not say which suite it means", help));
        };
        baseline.insert(suite.name.clone(), accept(raw.accept));
    }
    for (name, entries) in raw.suite {
        if !project.suites.iter().any(|suite| suite.name == *name.get_ref()) {
            let names: Vec<&str> = project.suites.iter().map(|suite| suite.name.as_str()).collect();
            let help = format!("the suites are {}; rename the entry, or remove it", names.join(", "));
            return Err(source.invalid(name.span(), format!("there is no suite `{}`", name.get_ref()), help));
        }
        baseline.entry(name.into_inner()).or_default().extend(accept(entries.accept));
    }
    for suite in &mut project.suites {
        suite.accept.extend(baseline.get(&suite.name).into_iter().flatten().cloned());
    }
    project.baseline = baseline;
    Ok(())
}

impl Project {
    /// Where the baseline lies, or would.
    pub fn baseline_path(&self) -> PathBuf {
        self.root.join(NAME)
    }

    /// The text of a baseline that accepts these findings, by suite. The same entries, in any order, are the same
    /// text; entries that say the same are one.
    pub fn render_baseline(&self, accepted: &BTreeMap<String, Vec<Accept>>) -> String {
        let mut text = HEADER.to_owned();
        for (suite, entries) in accepted {
            let header = match self.suites.as_slice() {
                // A single suite may be called after its directory, which differs from machine to machine.
                [only] if only.name == *suite => "accept".to_owned(),
                _ => format!("suite.{}.accept", key(suite)),
            };
            let mut entries: Vec<&Accept> = entries.iter().collect();
            entries.sort_by_key(|entry| order(entry));
            entries.dedup();
            for entry in entries {
                render(&mut text, &header, entry);
            }
        }
        text
    }
}

type Order<'a> =
    (&'a str, Option<&'a str>, Option<&'a str>, &'a [String], &'a str, Option<&'a str>, Option<u32>);

fn order(entry: &Accept) -> Order<'_> {
    let Accept { revision, kind, object, targets, reason, until, count } = entry;
    (revision, kind.as_deref(), object.as_deref(), targets, reason, until.as_deref(), *count)
}

fn render(text: &mut String, header: &str, entry: &Accept) {
    let Accept { revision, kind, object, targets, reason, until, count } = entry;
    let quoted = |word: &String| toml::Value::from(word.as_str()).to_string();
    let mut lines = vec![("revision", quoted(revision))];
    lines.extend(kind.as_ref().map(|kind| ("kind", quoted(kind))));
    lines.extend(object.as_ref().map(|object| ("object", quoted(object))));
    if !targets.is_empty() {
        lines.push(("targets", format!("[{}]", targets.iter().map(quoted).collect::<Vec<_>>().join(", "))));
    }
    lines.extend(count.map(|count| ("count", count.to_string())));
    lines.push(("reason", quoted(reason)));
    lines.extend(until.as_ref().map(|until| ("until", quoted(until))));
    // Writing to a String does not fail.
    let _ = write!(text, "\n[[{header}]]\n");
    for (key, value) in lines {
        let _ = writeln!(text, "{key} = {value}");
    }
}

/// A key as TOML writes it: bare where that is allowed.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(bare) { name.to_owned() } else { toml::Value::from(name).to_string() }
}
