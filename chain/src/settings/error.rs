//! What can be wrong with the settings, and where.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::EngineKind;
use crate::text;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The directory holds no migration project.
    #[error(
        "{}: no mrt.toml, no alembic.ini, no pyproject.toml with [tool.alembic] and no manage.py; name the directory of a migration \
         project, or the file that configures it",
        path.display()
    )]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {}; check that it exists and may be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file says something that cannot be used.
    #[error("{place}: {problem}; {help}")]
    Invalid {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: String,
    },
}

/// A place in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as people named it.
    pub file: PathBuf,
    /// 1-based line and column; `None` when something is missing from the whole file.
    pub position: Option<(u32, u32)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.strip_prefix(".").unwrap_or(&self.file).display();
        match self.position {
            Some((line, column)) => write!(f, "{file}:{line}:{column}"),
            None => write!(f, "{file}"),
        }
    }
}

/// A target's name that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No such engine.
    #[error(
        "unknown engine `{engine}` in target `{name}`; known are {}, as in `postgres:16`",
        EngineKind::names()
    )]
    UnknownEngine {
        /// The target as written.
        name: String,
        /// Its part before the colon.
        engine: String,
    },
    /// A version that is not supported.
    #[error("{engine} has no supported version `{version}`; {help}")]
    UnsupportedVersion {
        /// The engine.
        engine: EngineKind,
        /// The version as written.
        version: String,
        /// What can be asked for.
        help: String,
    },
    /// One target twice.
    #[error("target `{name}` is listed twice; remove one")]
    Duplicate {
        /// The target.
        name: String,
    },
    /// No target at all.
    #[error("no target; name at least one, `sqlite` or `postgres:16`")]
    None,
}

/// A settings file's text, to say where something in it is wrong.
pub(super) struct Source {
    file: PathBuf,
    text: String,
}

impl Source {
    pub(super) fn read(file: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: file.to_owned(), source };
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        Ok(Self { file: file.to_owned(), text })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads the text as TOML of the shape `T`.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, SettingsError> {
        toml::from_str(&self.text).map_err(|error| {
            let (problem, help) = explain(error.message());
            self.invalid(error.span(), problem, help)
        })
    }

    pub(super) fn invalid(
        &self,
        span: impl Into<Option<Range<usize>>>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> SettingsError {
        let position = span.into().map(|span| text::line_column(&self.text, span.start));
        self.at(position, problem, help)
    }

    pub(super) fn place(&self, span: Range<usize>) -> Place {
        Place { file: self.file.clone(), position: Some(text::line_column(&self.text, span.start)) }
    }

    pub(super) fn at(
        &self,
        position: Option<(u32, u32)>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> SettingsError {
        let place = Place { file: self.file.clone(), position };
        SettingsError::Invalid { place, problem: problem.into(), help: help.into() }
    }
}

/// Says in our words, and with a hint, what a TOML or serde error means.
fn explain(message: &str) -> (String, String) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let kinds = [("unknown field ", "key"), ("unknown variant ", "value"), ("missing field ", "")];
    let kind = kinds.iter().find(|(beginning, _)| message.starts_with(beginning));
    match (kind, quoted.as_slice()) {
        (Some((_, "")), [missing, ..]) => (format!("no `{missing}` here"), format!("add `{missing} = …`")),
        (Some((_, what)), [word, known @ ..]) if !known.is_empty() => {
            let top_level = ["suite", "defaults"];
            let help = match text::nearest(word, known.iter().copied().chain(top_level)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known == ["defaults", "suite"] => {
                    "beside suites there is only [defaults]: put it there, or into a suite".to_owned()
                }
                None => format!("known {what}s are {}", known.join(", ")),
            };
            (format!("unknown {what} `{word}`"), help)
        }
        _ => match message.split_once("; ") {
            // A value that one of our own types refused: it says itself what to do.
            Some((problem, help)) => (problem.to_owned(), help.to_owned()),
            None => (message.trim_end().replace('\n', ", "), "correct it".to_owned()),
        },
    }
}
