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

    /// The pattern of absolute paths that a setting means. One that has no directory is about a file's name, wherever that lies.
    pub(super) fn pattern(self, written: &str) -> String {
        let literal = |directory: &Path| globset::escape(&directory.to_string_lossy());
        if let Some(rest) = written.strip_prefix("{root}") {
            return format!("{}/{}", literal(self.root), rest.trim_start_matches('/'));
        }
        if written.starts_with('/') {
            return written.to_owned();
        }
        if !written.contains('/') {
            return format!("**/{written}");
        }
        let (mut base, mut rest) = (self.suite, written);
        loop {
            if let Some(further) = rest.strip_prefix("./") {
                rest = further;
            } else if let Some(further) = rest.strip_prefix("../") {
                (base, rest) = (base.parent().unwrap_or(base), further);
            } else {
                return format!("{}/{rest}", literal(base));
            }
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
