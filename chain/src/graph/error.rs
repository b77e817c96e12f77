//! What can be wrong with a chain, and what to do about it.

use std::io;
use std::path::PathBuf;

/// A chain that cannot be read. Files are shown relative to the suite's directory where they lie below it.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// A directory or file could not be read.
    #[error("cannot read {}; make it readable for the user who runs mrt", path.display())]
    Unreadable {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A suite of Django has no chain of Alembic's revisions.
    #[error("{} holds migrations of Django, which are read and not run; `mrt-cli check` reads them", dir.display())]
    Django {
        /// The suite's directory.
        dir: PathBuf,
    },
    /// No version location holds a revision.
    #[error("no revision in {}; {hint}", list(locations))]
    Empty {
        /// Where revisions were looked for, absolute.
        locations: Vec<PathBuf>,
        /// What to do.
        hint: String,
    },
    /// A file is not Python.
    #[error("{file}:{line}:{column}: {message}; Alembic cannot import this file, correct it")]
    Syntax {
        /// The file.
        file: String,
        /// 1-based line.
        line: u32,
        /// 1-based column.
        column: u32,
        /// The parser's words.
        message: String,
    },
    /// A variable that Alembic needs is computed while the file runs.
    #[error(
        "{file}:{line}: `{variable}` cannot be read without running the file; assign a literal (a string, a tuple \
         of strings or None)"
    )]
    NotConstant {
        /// The file.
        file: String,
        /// 1-based line.
        line: u32,
        /// `revision`, `down_revision` or `depends_on`.
        variable: &'static str,
    },
    /// A file in a version location that is no revision. Alembic refuses such a file, too.
    #[error("{file}: no `{variable}`; Alembic refuses such a file: assign it{advice}", advice = advice(variable))]
    NoVariable {
        /// The file.
        file: String,
        /// `revision` or `down_revision`.
        variable: &'static str,
    },
    /// An id that Alembic does not allow.
    #[error("{file}:{line}: revision id `{id}` is {problem}; Alembic refuses it, choose another id")]
    IllegalId {
        /// The file.
        file: String,
        /// 1-based line.
        line: u32,
        /// The id.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Two files claim one id.
    #[error("revision `{id}` stands in two files, {first} and {second}; give one of them another id")]
    DuplicateId {
        /// The id.
        id: String,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// A branch label is an id or stands at two revisions.
    #[error("branch label `{label}` of {second} is already used by {first}; rename one of them")]
    DuplicateLabel {
        /// The label.
        label: String,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// A revision names another one that is not there.
    #[error(
        "{file}:{line}: `{variable}` of revision `{revision}` names `{missing}`, which no file defines; {hint}"
    )]
    MissingParent {
        /// The file.
        file: String,
        /// 1-based line of the variable.
        line: u32,
        /// `down_revision` or `depends_on`.
        variable: &'static str,
        /// The revision that names it.
        revision: String,
        /// What it names.
        missing: String,
        /// What to do.
        hint: String,
    },
    /// Revisions come before themselves.
    #[error(
        "revisions come before themselves: {}; correct `down_revision` or `depends_on` in one of them",
        cycle(members)
    )]
    Cycle {
        /// Id and file of each, every one naming the next, the last one naming the first.
        members: Vec<(String, String)>,
    },
}

fn list(locations: &[PathBuf]) -> String {
    locations.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn advice(variable: &str) -> &'static str {
    if variable == "revision" {
        ", or move the file out of the versions directory"
    } else {
        " (a first revision says `down_revision = None`)"
    }
}

fn cycle(members: &[(String, String)]) -> String {
    let mut words: Vec<String> = members.iter().map(|(id, file)| format!("{id} ({file})")).collect();
    words.extend(members.first().map(|(id, _)| id.clone()));
    words.join(" -> ")
}

/// A name that does not stand for one revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Nothing is called like this.
    #[error("no revision or branch is called `{name}`{}", hint.as_ref().map_or_else(
        || "; give a revision's id, or its beginning".to_owned(),
        |hint| format!("; did you mean `{hint}`?")
    ))]
    Unknown {
        /// The name.
        name: String,
        /// The nearest id or label.
        hint: Option<String>,
    },
    /// Several revisions are called like this.
    #[error("`{name}` can be any of {}; give one of these ids", candidates.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// Full ids, in the chain's order.
        candidates: Vec<String>,
    },
}
