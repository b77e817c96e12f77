//! Ini files as Python's `ConfigParser` reads them, as far as Alembic's settings need it.

use std::collections::BTreeMap;
use std::path::Path;

use super::SettingsError;
use super::error::Source;

/// A section that every other one falls back to.
const DEFAULT: &str = "DEFAULT";

/// How deep values may refer to each other.
const DEPTH: usize = 10;

/// An ini file's sections, values not yet interpolated.
pub(super) struct Ini {
    source: Source,
    sections: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Clone)]
struct Entry {
    lines: Vec<String>,
    line: u32,
}

impl Entry {
    fn value(&self) -> String {
        self.lines.join("\n").trim_end().to_owned()
    }
}

impl Ini {
    /// Reads a file; `%(here)s` is its directory.
    pub(super) fn read(file: &Path, here: &Path) -> Result<Self, SettingsError> {
        let source = Source::read(file)?;
        let here = Entry { lines: vec![here.to_string_lossy().into_owned()], line: 1 };
        let mut sections =
            BTreeMap::from([(DEFAULT.to_owned(), BTreeMap::from([("here".to_owned(), here)]))]);
        parse(&source, &mut sections)?;
        Ok(Self { source, sections })
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The named sections, without the one for defaults.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str).filter(|name| *name != DEFAULT)
    }

    /// An option's value, interpolated, with its line. A section that is not there has no options.
    pub(super) fn get(&self, section: &str, option: &str) -> Result<Option<(String, u32)>, SettingsError> {
        if !self.sections.contains_key(section) {
            return Ok(None);
        }
        let Some(entry) = self.entry(section, option) else { return Ok(None) };
        let look_up = |name: &str| self.entry(section, &name.to_lowercase()).map(Entry::value);
        match interpolate(&entry.value(), &look_up) {
            Ok(value) => Ok(Some((value, entry.line))),
            Err(problem) => Err(self.source.at(
                Some((entry.line, 1)),
                format!("`{option}` {problem}"),
                "define the name, or write a plain percent sign as `%%`",
            )),
        }
    }

    fn entry(&self, section: &str, option: &str) -> Option<&Entry> {
        let own = self.sections.get(section).and_then(|options| options.get(option));
        own.or_else(|| self.sections.get(DEFAULT)?.get(option))
    }
}

fn parse(
    source: &Source,
    sections: &mut BTreeMap<String, BTreeMap<String, Entry>>,
) -> Result<(), SettingsError> {
    // Section and option whose value may go on in the next line, and how far the option was indented.
    let mut section: Option<String> = None;
    let mut open: Option<String> = None;
    let mut indent = 0;
    for (number, line) in (1u32..).zip(source.text().lines()) {
        let value = line.trim();
        let entry = match (&section, &open) {
            (Some(section), Some(option)) => {
                sections.get_mut(section).and_then(|options| options.get_mut(option))
            }
            _ => None,
        };
        if value.starts_with(['#', ';']) {
            continue;
        }
        if value.is_empty() {
            entry.into_iter().for_each(|entry| entry.lines.push(String::new()));
            continue;
        }
        let current = line.len() - line.trim_start().len();
        if let Some(entry) = entry.filter(|_| current > indent) {
            entry.lines.push(value.to_owned());
            continue;
        }
        indent = current;
        open = None;
        if let Some(name) = value.strip_prefix('[').and_then(|rest| rest.rfind(']').map(|end| &rest[..end])) {
            section = Some(name.to_owned());
            sections.entry(name.to_owned()).or_default();
            continue;
        }
        let Some(name) = &section else {
            return Err(source.at(
                Some((number, 1)),
                "an option before the first [section]",
                "add a section's header",
            ));
        };
        let Some((option, rest)) = value.split_once(['=', ':']) else {
            return Err(source.at(
                Some((number, 1)),
                format!("no `=` in `{value}`"),
                "write `option = value`",
            ));
        };
        let option = option.trim_end().to_lowercase();
        let lines = vec![rest.trim().to_owned()];
        sections.entry(name.clone()).or_default().insert(option.clone(), Entry { lines, line: number });
        open = Some(option);
    }
    Ok(())
}

/// Replaces `%(name)s` by what `look_up` says and `%%` by `%`.
pub(super) fn interpolate(value: &str, look_up: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    interpolate_to(value, look_up, DEPTH)
}

fn interpolate_to(
    value: &str,
    look_up: &dyn Fn(&str) -> Option<String>,
    depth: usize,
) -> Result<String, String> {
    let mut result = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find('%') {
        result.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        if let Some(after) = after.strip_prefix('%') {
            result.push('%');
            rest = after;
        } else if let Some((name, after)) = after.strip_prefix('(').and_then(|name| name.split_once(")s")) {
            let inner = look_up(name).ok_or_else(|| format!("refers to `{name}`, which is not defined"))?;
            if depth == 0 {
                return Err("refers to itself".to_owned());
            }
            result.push_str(&interpolate_to(&inner, look_up, depth - 1)?);
            rest = after;
        } else {
            return Err("holds a `%` that begins neither `%%` nor `%(name)s`".to_owned());
        }
    }
    result.push_str(rest);
    Ok(result)
}
