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

impl Finding {
    /// The revision that it is in, or else the file.
    pub fn subject(&self) -> &str {
        if self.revision.is_empty() { &self.file } else { &self.revision }
    }

    /// What it is about, by which it is known again when its line and the words around it are others: the first name in its
    /// message, or what the message says where it names nothing.
    pub fn object(&self) -> &str {
        let what = self.message.split("; ").next().unwrap_or_default();
        let mut names = what.split('`').skip(1).step_by(2);
        names.find(|name| !matches!(*name, "upgrade()" | "downgrade()")).unwrap_or(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_about_what_it_names_first() {
        let object = |message: &str| {
            let finding = Finding {
                code: "MRT201",
                severity: Severity::Error,
                revision: String::new(),
                file: "a.py".to_owned(),
                line: 1,
                message: message.to_owned(),
            };
            finding.object().to_owned()
        };
        assert_eq!(object("`t.c` is dropped, and `downgrade()` fills it; look (on SQLite)"), "t.c");
        assert_eq!(object("`downgrade()` removes all rows of `t`, also older ones; remove less"), "t");
        assert_eq!(
            object("several heads: a, b; merge them with `alembic merge heads`"),
            "several heads: a, b"
        );
    }
}
