//! `[check]`: what `mrt-cli check` looks for in a suite, and how heavy it is. What the words mean, the rules know.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet};
use toml::Spanned;

use super::error::Source;
use super::paths::Bases;
use super::raw::{RawCheck, RawCheckPath};
use super::values::Words;
use super::{Place, SettingsError};

/// One layer of what is said: `[check]`, or one `[[check.path]]`. A later layer wins over those before it.
#[derive(Debug, Clone)]
pub struct CheckSettings {
    /// The revision files that it is about; `None` is all of them.
    pub files: Option<Files>,
    /// These codes or families alone; none is what the layers before say.
    pub select: Vec<Word>,
    /// Not these.
    pub ignore: Vec<Word>,
    /// Codes or families, and how heavy their findings are.
    pub severity: Vec<(Word, Word)>,
}

/// A word of the settings that somebody else understands, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub text: String,
    /// Where.
    pub place: Place,
}

/// Files by patterns.
#[derive(Clone)]
pub struct Files {
    patterns: Vec<String>,
    globs: GlobSet,
}

impl Files {
    /// Whether a file, by its absolute path, is one of them.
    pub fn contains(&self, file: &Path) -> bool {
        self.globs.is_match(file)
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.patterns).finish()
    }
}

/// The layers of a suite from its tables, the farthest first. What is said of single files wins over what is said of all,
/// wherever either stands.
pub(super) fn layers(
    source: &Source,
    bases: Bases<'_>,
    raw: Vec<RawCheck>,
) -> Result<Vec<CheckSettings>, SettingsError> {
    let (mut of_all, mut of_files) = (Vec::new(), Vec::new());
    for table in raw {
        let RawCheck { select, ignore, severity, path } = table;
        of_all.push(layer(source, None, (select, ignore, severity)));
        for entry in path {
            let RawCheckPath { files, select, ignore, severity } = entry;
            if select.is_empty() && ignore.is_empty() && severity.is_empty() {
                let help = "add `ignore`, `select` or `severity`, or remove the entry";
                return Err(source.invalid(files.span(), "nothing is said of these files", help));
            }
            let files = self::files(source, bases, &files)?;
            of_files.push(layer(source, Some(files), (select, ignore, severity)));
        }
    }
    of_all.extend(of_files);
    Ok(of_all)
}

type Said = (Vec<Spanned<String>>, Vec<Spanned<String>>, BTreeMap<Spanned<String>, Spanned<String>>);

fn layer(source: &Source, files: Option<Files>, (select, ignore, severity): Said) -> CheckSettings {
    let word = |word: Spanned<String>| {
        let place = source.place(word.span());
        Word { text: word.into_inner(), place }
    };
    CheckSettings {
        files,
        select: select.into_iter().map(word).collect(),
        ignore: ignore.into_iter().map(word).collect(),
        severity: severity.into_iter().map(|(code, severity)| (word(code), word(severity))).collect(),
    }
}

fn files(source: &Source, bases: Bases<'_>, written: &Spanned<Words>) -> Result<Files, SettingsError> {
    let patterns = written.get_ref().0.clone();
    let help = "write one like `versions/2019_*.py`, relative to the suite's directory";
    if patterns.is_empty() {
        return Err(source.invalid(written.span(), "no pattern of files", help));
    }
    let mut globs = GlobSet::builder();
    let failed = |problem: String| source.invalid(written.span(), problem, help);
    for pattern in &patterns {
        let glob = GlobBuilder::new(&bases.pattern(pattern)).literal_separator(true).build();
        globs.add(glob.map_err(|error| {
            let why = error.kind().to_string().replace("; ", ", ");
            failed(format!("`{pattern}` is no pattern of files: {why}"))
        })?);
    }
    let globs = globs.build().map_err(|error| failed(error.kind().to_string().replace("; ", ", ")))?;
    Ok(Files { patterns, globs })
}
