//! A database as files: the main one, and what SQLite leaves beside it.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

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
        .and_then(|file| give(&file, owner))
        .map_err(|error| io_error(directory_gone(error), "create a database", path))
}

/// Copies a database that is complete in its main file.
pub(super) fn copy(from: &Path, to: &Path, owner: Option<Owner>) -> Result<(), DatabaseError> {
    if !from.exists() {
        return Err(missing(from, "clone a database"));
    }
    // Never over the old file: a process that still has it open must not see the new one.
    remove(to)?;
    copy_file(from, to, owner).map_err(|error| io_error(directory_gone(error), "clone a database", to))
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

/// Migrations can write in the directory, and may not have the rights that we have: nothing that they put in our way is followed.
fn copy_file(from: &Path, to: &Path, owner: Option<Owner>) -> io::Result<()> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let mut source = fs::File::options().read(true).custom_flags(flags.bits()).open(from)?;
    if !source.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file any more"));
    }
    let mut copy = fs::File::create_new(to)?;
    io::copy(&mut source, &mut copy)?;
    give(&copy, owner)
}

fn give(file: &fs::File, owner: Option<Owner>) -> io::Result<()> {
    match owner {
        Some(owner) => fchown(file, Some(owner.uid), Some(owner.gid)),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_was_put_in_our_way_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("secret"), "ours").unwrap();
        symlink(path("secret"), path("link")).unwrap();
        assert!(copy(&path("link"), &path("copy"), None).is_err());
        assert!(!path("copy").exists());
        // Nor is what stands in a copy's place written through.
        create(&path("real"), None).unwrap();
        copy(&path("real"), &path("link"), None).unwrap();
        assert_eq!(fs::read_to_string(path("secret")).unwrap(), "ours");
        assert!(fs::symlink_metadata(path("link")).unwrap().is_file());
    }
}
