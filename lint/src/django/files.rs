//! Which files of a project are migrations.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use mrt_chain::graph::RevisionFile;

/// Deeper directories hold no project.
const DEEPEST: usize = 24;
/// More files are no project, but a disk.
const MOST: usize = 200_000;

/// A project whose migrations cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// There is none.
    #[error(
        "{}: no migration of Django below it (a `migrations` directory with a file that has a class `Migration`); name the \
         directory that holds manage.py",
        path.display()
    )]
    Empty {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// There is far too much.
    #[error("{}: more than {MOST} files and directories below it; name the directory that holds manage.py", path.display())]
    TooMany {
        /// Where they were looked for.
        path: PathBuf,
    },
}

/// Every file in a directory `migrations` below the suite's, but for what git ignores and what others have installed there.
/// Directories that are links are not entered, so that none is entered twice.
///
/// # Errors
/// When there is none, or no end of files.
pub fn find(suite: &Path) -> Result<Vec<RevisionFile>, DiscoveryError> {
    let mut walk = WalkBuilder::new(suite);
    walk.max_depth(Some(DEEPEST))
        .require_git(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(is_own);
    let mut found = Vec::new();
    // What cannot be read holds nothing that could be checked.
    for (seen, entry) in walk.build().filter_map(Result::ok).enumerate() {
        if seen >= MOST {
            return Err(DiscoveryError::TooMany { path: suite.to_owned() });
        }
        let path = entry.path();
        if is_migration(path) && path.is_file() {
            let shown = path.strip_prefix(suite).unwrap_or(path);
            let display = shown.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            found.push(RevisionFile { path: path.to_owned(), display });
        }
    }
    if found.is_empty() {
        return Err(DiscoveryError::Empty { path: suite.to_owned() });
    }
    Ok(found)
}

/// A directory of the project's own: no virtual environment, nothing installed.
fn is_own(entry: &DirEntry) -> bool {
    if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    !matches!(&*name, "site-packages" | "dist-packages" | "node_modules" | "__pycache__")
        && !entry.path().join("pyvenv.cfg").exists()
}

/// Django imports every module of the directory whose name begins with neither `_` nor `~`.
fn is_migration(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let inside = path.parent().and_then(Path::file_name).is_some_and(|name| name == "migrations");
    inside && name.ends_with(".py") && !name.starts_with(['_', '~', '.'])
}

/// The application's directory of a migration.
pub(super) fn app_directory(file: &Path) -> &Path {
    file.parent().and_then(Path::parent).unwrap_or(Path::new(""))
}
