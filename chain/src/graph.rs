//! The revision graph of a suite: a DAG with merges, branches, `depends_on`, several heads and bases.

mod error;
mod files;
mod names;
mod resolve;
mod syntax;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::settings::{EngineKind, Framework, Suite};
use crate::text;

pub use error::{GraphError, ResolveError};
pub use names::UnknownRevision;
pub use syntax::Draft;

/// A file that Alembic would load as a revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RevisionFile {
    /// Where it lies, absolute.
    pub path: PathBuf,
    /// The same relative to the suite's directory where it lies below it; with forward slashes.
    pub display: String,
}

/// One revision, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its id.
    pub id: String,
    /// `down_revision`; empty for a base, several for a merge. Full ids.
    pub down: Vec<String>,
    /// `depends_on`, resolved to full ids.
    pub depends_on: Vec<String>,
    /// `branch_labels`, as far as they are literals.
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
///
/// A revision's *parents* are what must be applied before it: `down_revision` and `depends_on` alike. Methods that
/// take an id take a full one (see [`Chain::resolve`]); of an id that is not in the chain they return nothing.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    revisions: Vec<Revision>,
    positions: BTreeMap<String, usize>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
}

impl Suite {
    /// Reads the suite's chain as `engine` has it: every revision file in its version locations.
    ///
    /// # Errors
    /// When a file cannot be read or understood, or the revisions are no DAG.
    pub fn chain(&self, engine: EngineKind) -> Result<Chain, GraphError> {
        if self.framework == Framework::Django {
            return Err(GraphError::Django { dir: self.dir.clone() });
        }
        let locations = self.alembic.locations(engine);
        resolve::chain(files::read(&self.dir, locations, self.alembic.recursive)?)
    }

    /// The files of the suite's chain as `engine` has it, unread, in the order of the locations and then by name.
    ///
    /// # Errors
    /// When a directory cannot be read, or there is no such file.
    pub fn revision_files(&self, engine: EngineKind) -> Result<Vec<RevisionFile>, GraphError> {
        files::find(&self.dir, self.alembic.locations(engine), self.alembic.recursive)
    }
}

impl Chain {
    /// Orders revisions, given in any order, whose `down` and `depends_on` are full ids (or labels in the latter).
    ///
    /// # Errors
    /// When they are no DAG.
    pub fn new(revisions: Vec<Revision>) -> Result<Self, GraphError> {
        let draft = |revision| syntax::Draft { revision, revision_line: 1, down_line: 1, depends_on_line: 1 };
        resolve::chain(revisions.into_iter().map(draft).collect())
    }

    /// The chain of revision files that were read one by one.
    ///
    /// # Errors
    /// When two claim one id, or one names a revision that is not there, or they are no DAG.
    pub fn from_drafts(drafts: Vec<Draft>) -> Result<Self, GraphError> {
        resolve::chain(drafts)
    }

    /// The revisions, parents and dependencies first. A branch is followed to its end, or to the merge that waits for
    /// another branch, before the next one is begun; ties are broken by id.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The revision with this id.
    pub fn get(&self, id: &str) -> Option<&Revision> {
        self.position(id).map(|position| &self.revisions[position])
    }

    /// Where a revision stands in [`Chain::revisions`].
    pub fn position(&self, id: &str) -> Option<usize> {
        self.positions.get(id).copied()
    }

    /// What must be applied directly before a revision: `down_revision` and `depends_on`, each once.
    pub fn parents(&self, id: &str) -> impl Iterator<Item = &Revision> {
        self.linked(&self.parents, id)
    }

    /// The revisions that have this one as a parent.
    pub fn children(&self, id: &str) -> impl Iterator<Item = &Revision> {
        self.linked(&self.children, id)
    }

    /// Everything that must be applied before a revision, without itself, as positions in ascending (and so
    /// topological) order.
    pub fn ancestors(&self, id: &str) -> Vec<usize> {
        self.reachable(&self.parents, id)
    }

    /// Everything that cannot be applied without a revision, without itself, as ascending positions.
    pub fn descendants(&self, id: &str) -> Vec<usize> {
        self.reachable(&self.children, id)
    }

    /// The revisions on which no `down_revision` builds (`alembic heads`).
    pub fn heads(&self) -> Vec<&Revision> {
        let built_on = |position: &usize| {
            let id = &self.revisions[*position].id;
            self.children[*position].iter().any(|child| self.revisions[*child].down.contains(id))
        };
        self.pick(|position| !built_on(position))
    }

    /// The revisions without a `down_revision`.
    pub fn bases(&self) -> Vec<&Revision> {
        self.pick(|position| self.revisions[*position].down.is_empty())
    }

    /// What Alembic's version table holds when exactly the revisions at these positions are applied: those on which
    /// no other one of them builds or depends.
    pub fn version_heads(&self, applied: &[usize]) -> Vec<&Revision> {
        let mut inside = vec![false; self.revisions.len()];
        for position in applied {
            if let Some(flag) = inside.get_mut(*position) {
                *flag = true;
            }
        }
        self.pick(|position| {
            inside[*position] && !self.children[*position].iter().any(|child| inside[*child])
        })
    }

    /// The revision that people mean by a full id, the unique beginning of one, a branch label, or `head` or `base`
    /// where there is one.
    ///
    /// # Errors
    /// When the name stands for no revision, or for several.
    pub fn resolve(&self, name: &str) -> Result<&Revision, ResolveError> {
        if let Some(revision) = self.get(name).or_else(|| self.labelled(name)) {
            return Ok(revision);
        }
        let candidates = match name {
            "head" => self.heads(),
            "base" => self.bases(),
            "" => Vec::new(),
            beginning => self.pick(|position| self.revisions[*position].id.starts_with(beginning)),
        };
        match candidates.as_slice() {
            [revision] => Ok(revision),
            [] => Err(ResolveError::Unknown {
                name: name.to_owned(),
                hint: self.nearest(name).map(str::to_owned),
            }),
            several => Err(ResolveError::Ambiguous {
                name: name.to_owned(),
                candidates: several.iter().map(|revision| revision.id.clone()).collect(),
            }),
        }
    }

    fn labelled(&self, label: &str) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.labels.iter().any(|own| own == label))
    }

    fn nearest(&self, name: &str) -> Option<&str> {
        let words =
            self.revisions.iter().flat_map(|revision| std::iter::once(&revision.id).chain(&revision.labels));
        text::nearest(name, words.map(String::as_str))
    }

    fn pick(&self, wanted: impl Fn(&usize) -> bool) -> Vec<&Revision> {
        (0..self.revisions.len()).filter(wanted).map(|position| &self.revisions[position]).collect()
    }

    fn linked<'a>(&'a self, links: &'a [Vec<usize>], id: &str) -> impl Iterator<Item = &'a Revision> {
        let linked = self.position(id).map_or(&[][..], |position| &links[position]);
        linked.iter().map(|position| &self.revisions[*position])
    }

    fn reachable(&self, links: &[Vec<usize>], id: &str) -> Vec<usize> {
        let Some(own) = self.position(id) else { return Vec::new() };
        let mut reached = vec![false; self.revisions.len()];
        let mut waiting = links[own].clone();
        while let Some(position) = waiting.pop() {
            if !reached[position] {
                reached[position] = true;
                waiting.extend(&links[position]);
            }
        }
        (0..reached.len()).filter(|position| reached[*position]).collect()
    }
}

#[cfg(test)]
mod tests;
