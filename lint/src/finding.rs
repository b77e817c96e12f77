//! What was found.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Hangs on rows, sizes or on what cannot be read; somebody should look.
    Warning,
    /// Certain: rows or schema are lost, or a step fails.
    Error,
}

impl Severity {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Note, Self::Warning, Self::Error]
            .into_iter()
            .find(|severity| severity.as_str() == word)
            .ok_or_else(|| format!("`{word}` is no severity; write note, warning or error"))
    }
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// `MRT201`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The revision's id; empty where the file has none.
    pub revision: String,
    /// The file, relative to the suite's directory where it lies below it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What happens, and what to do.
    pub message: String,
}
