//! A database as files: the main one, and what SQLite leaves beside it.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use super::Owner;
use super::error::io_error;
use crate::database::DatabaseError;

/// What SQLite puts beside a database. Without its main file each of them would spoil the next one of that name.
const SIBLINGS: [&str; 3] = ["-wal", "-shm", "-journal"];

fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes an empty database: to SQLite that is an empty file.
pub(super) fn create(path: &Path, owner: Option<Owner>) -> Result<(), DatabaseError> {
    remove(path)?;
    // Whatever fails here, the directory is at fault: a missing one is no missing database.
    fs::File::create_new(path)
        .and_then(|_| give(path, owner))
        .map_err(|error| io_error(directory_gone(error), "create a database", path))
}

/// Copies a database that is complete in its main file.
pub(super) fn copy(from: &Path, to: &Path, owner: Option<Owner>) -> Result<(), DatabaseError> {
    if !from.exists() {
        return Err(missing(from, "clone a database"));
    }
    // Never over the old file: a process that still has it open must not see the new one.
    remove(to)?;
    fs::copy(from, to)
        .and_then(|_| give(to, owner))
        .map_err(|error| io_error(directory_gone(error), "clone a database", to))
}

/// Renames a database with everything that belongs to it.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), DatabaseError> {
    if !from.exists() {
        return Err(missing(from, "rename a database"));
    }
    remove(to)?;
    for suffix in SIBLINGS {
        ignore_missing(fs::rename(sibling(from, suffix), sibling(to, suffix)))
            .map_err(|error| io_error(error, "rename a database", from))?;
    }
    fs::rename(from, to).map_err(|error| io_error(error, "rename a database", from))
}

/// Removes a database; no error where there is none.
pub(super) fn remove(path: &Path) -> Result<(), DatabaseError> {
    let siblings = SIBLINGS.map(|suffix| sibling(path, suffix));
    for file in siblings.iter().map(PathBuf::as_path).chain([path]) {
        ignore_missing(fs::remove_file(file)).map_err(|error| io_error(error, "drop a database", path))?;
    }
    Ok(())
}

/// Whether a process that was killed has left something that belongs to the main file and is not in it yet.
pub(super) fn has_left_overs(path: &Path) -> bool {
    ["-wal", "-journal"]
        .iter()
        .any(|suffix| fs::metadata(sibling(path, suffix)).is_ok_and(|metadata| metadata.len() > 0))
}

pub(super) fn missing(path: &Path, action: &str) -> DatabaseError {
    io_error(io::ErrorKind::NotFound.into(), action, path)
}

fn give(path: &Path, owner: Option<Owner>) -> io::Result<()> {
    match owner {
        Some(owner) => chown(path, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// "Not found" while writing a file means its directory, which [`io_error`] must not take for the database.
fn directory_gone(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound { io::Error::other(error) } else { error }
}
