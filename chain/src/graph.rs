//! The revision graph of a suite: a DAG with merges, branches, `depends_on`, several heads and bases.

use std::path::PathBuf;

/// One revision, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its id.
    pub id: String,
    /// `down_revision`; empty for a base, several for a merge. Full ids.
    pub down: Vec<String>,
    /// `depends_on`, resolved to full ids.
    pub depends_on: Vec<String>,
    /// `branch_labels`.
    pub labels: Vec<String>,
    /// First line of the docstring.
    pub title: String,
    /// The file, absolute.
    pub file: PathBuf,
    /// The file, relative to the suite's directory where it lies below it; with forward slashes.
    pub display_file: String,
    /// 1-based line of `def upgrade`, or 1.
    pub upgrade_line: u32,
    /// 1-based line of `def downgrade`; `None` when there is no such function.
    pub downgrade_line: Option<u32>,
}

/// A chain: revisions in a topological order that depends on the files' contents alone.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    revisions: Vec<Revision>,
}

impl Chain {
    /// The revisions, parents and dependencies first; ties are broken by id.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }
}
