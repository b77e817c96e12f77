//! Paths as settings write them.

use std::path::{Component, Path, PathBuf};

/// What relative paths start from.
#[derive(Clone, Copy)]
pub(super) struct Bases<'a> {
    /// Directory of `mrt.toml`, `{root}` in a path.
    pub(super) root: &'a Path,
    /// The suite's directory.
    pub(super) suite: &'a Path,
}

impl Bases<'_> {
    /// The absolute path that a setting means.
    pub(super) fn path(self, written: &str) -> PathBuf {
        match written.strip_prefix("{root}") {
            Some(rest) => join(self.root, rest.trim_start_matches('/')),
            None => join(self.suite, written),
        }
    }
}

/// Joins, and removes `.` and leading `..`: correct because `base` is canonical and so holds no symbolic link.
pub(super) fn join(base: &Path, written: impl AsRef<Path>) -> PathBuf {
    let mut path = base.to_owned();
    let mut leading = true;
    for component in written.as_ref().components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if leading => {
                path.pop();
            }
            component => {
                leading = false;
                path.push(component);
            }
        }
    }
    path
}
