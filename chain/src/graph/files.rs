//! The revision files: which ones Alembic would load, and their texts.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::syntax::{self, Draft};
use super::{GraphError, RevisionFile};

/// Reads every revision file in `locations`, a location that does not exist being an empty one.
pub(super) fn read(suite: &Path, locations: &[PathBuf], recursive: bool) -> Result<Vec<Draft>, GraphError> {
    let files = find(suite, locations, recursive)?;
    files.iter().map(|file| syntax::read(file, &text(&file.path)?)).collect()
}

/// Every revision file in `locations`; there is at least one.
pub(super) fn find(
    suite: &Path,
    locations: &[PathBuf],
    recursive: bool,
) -> Result<Vec<RevisionFile>, GraphError> {
    let mut found = Found::default();
    for location in locations {
        list(location, recursive, &mut found)?;
    }
    if found.files.is_empty() {
        return Err(GraphError::Empty {
            locations: locations.to_vec(),
            hint: hint(locations, &found.subdirectories),
        });
    }
    let file = |path: PathBuf| RevisionFile { display: display(suite, &path), path };
    Ok(found.files.into_iter().map(file).collect())
}

#[derive(Default)]
struct Found {
    /// In the order of the locations, then by path.
    files: Vec<PathBuf>,
    /// Symbolic links resolved, so that a file under two names is loaded once.
    real: BTreeSet<OsString>,
    /// Directories below a location that were not entered.
    subdirectories: Vec<PathBuf>,
}

fn list(directory: &Path, recursive: bool, found: &mut Found) -> Result<(), GraphError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| GraphError::Unreadable { path, source }
    };
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(unreadable(directory))?,
    };
    let mut entries: Vec<fs::DirEntry> = entries.collect::<Result<_, _>>().map_err(unreadable(directory))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let real_directory = fs::canonicalize(directory).map_err(unreadable(directory))?;

    let mut subdirectories = Vec::new();
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(unreadable(&path))?;
        if kind.is_dir() {
            subdirectories.push(path);
            continue;
        }
        let (real, is_file) = if kind.is_symlink() {
            match fs::canonicalize(&path) {
                // An editor's lock file is a link to nowhere; one that leads round in a circle leads nowhere, too.
                Err(error) if error.kind() != io::ErrorKind::PermissionDenied => continue,
                real => {
                    let real = real.map_err(unreadable(&path))?;
                    let is_file = real.is_file();
                    (real, is_file)
                }
            }
        } else {
            (real_directory.join(entry.file_name()), kind.is_file())
        };
        if is_file && is_revision_file(&real) && found.real.insert(real.into_os_string()) {
            found.files.push(path);
        }
    }
    subdirectories.retain(|path| !path.ends_with("__pycache__"));
    if recursive {
        for subdirectory in &subdirectories {
            list(subdirectory, recursive, found)?;
        }
    } else {
        found.subdirectories.extend(subdirectories);
    }
    Ok(())
}

/// Alembic loads what ends in `.py`, package files and the lock files of Emacs (`.#name.py`) left out.
fn is_revision_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.ends_with(".py") && !name.starts_with(".#") && !name.starts_with("__init__"))
}

/// A file may declare another encoding than UTF-8. What Alembic needs of it is ASCII in practice, so other characters
/// may be replaced; Python itself decides about them when it loads the file.
fn text(file: &Path) -> Result<String, GraphError> {
    let bytes = fs::read(file).map_err(|source| GraphError::Unreadable { path: file.to_owned(), source })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// Relative to the suite's directory where the file lies below it; with forward slashes.
fn display(suite: &Path, file: &Path) -> String {
    let shown = file.strip_prefix(suite).unwrap_or(file);
    shown.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

fn hint(locations: &[PathBuf], subdirectories: &[PathBuf]) -> String {
    let holds_python = |directory: &&PathBuf| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| is_revision_file(&path))
    };
    let names: Vec<String> = subdirectories
        .iter()
        .filter(holds_python)
        .filter_map(|directory| directory.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if !names.is_empty() {
        format!(
            "there are Python files in the directories {} below it: set `recursive = true`, or `version_locations` by \
             engine",
            names.join(", ")
        )
    } else if locations.iter().any(|location| location.is_dir()) {
        "make a first one with `alembic revision`, or set `version_locations`".to_owned()
    } else {
        "there is no such directory: set `script_location` or `version_locations`".to_owned()
    }
}
