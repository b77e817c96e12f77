//! Where suites lie, as those know files who show findings beside lines of code: from the top of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mrt_chain::settings::{Project, Suite};

/// The directories of suites.
#[derive(Debug, Default)]
pub(crate) struct Places {
    project: PathBuf,
    suites: BTreeMap<String, PathBuf>,
}

impl Places {
    pub(crate) fn of(project: &Project) -> Self {
        let suites = project.suites.iter().map(|suite| (suite.name.clone(), suite.dir.clone())).collect();
        Self { project: project.root.clone(), suites }
    }

    /// Those of the project in this directory. A report can be shown without one; its files are then named as it names them.
    pub(crate) fn around(dir: &Path) -> Self {
        Project::load(dir).map(|project| Self::of(&project)).unwrap_or_default()
    }

    /// A file of a suite, which is named from the suite's directory.
    pub(crate) fn file(&self, suite: &str, file: &str) -> String {
        match self.suites.get(suite) {
            Some(dir) => named(&self.project, dir, file),
            None => file.to_owned(),
        }
    }
}

/// A file of a suite, from the top of the git repository, or from the project's directory where there is none.
pub(crate) fn from_top(project: &Path, suite: &Suite, file: &str) -> String {
    named(project, &suite.dir, file)
}

fn named(project: &Path, dir: &Path, file: &str) -> String {
    below(repository(dir).unwrap_or(project), &dir.join(file))
}

/// The top of the working tree that a directory is in. What says so is a directory, or a file in worktrees and submodules.
fn repository(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.join(".git").exists())
}

fn below(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned()
}
