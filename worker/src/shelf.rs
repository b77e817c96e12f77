//! Bundles on a disk: what is there, what is in use, what has to go.
//!
//! ```text
//! bundles/DIGEST/files/…    a bundle
//! bundles/DIGEST/bytes      what it takes
//! bundles/partial/…         what is being made or removed
//! ```
//!
//! A bundle appears whole, by a rename. Whoever uses one, or makes one, has its directory locked (`flock`, shared), and
//! only who gets it alone may remove it. So several processes can share a shelf, and what a dead one has left is known by
//! that nobody has it locked. When a bundle was last handed out is its directory's time of change.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mrt_bundle::Digest;
use nix::unistd::geteuid;
use tempfile::TempDir;
use tracing::{info, warn};

use super::ProjectsError;

const FILES: &str = "files";
const BYTES: &str = "bytes";
const PARTIAL: &str = "partial";

/// A directory of bundles that takes no more than so many bytes, but for what is in use.
#[derive(Debug)]
pub(super) struct Shelf {
    root: PathBuf,
    bound: u64,
}

/// A bundle in use.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) files: PathBuf,
    /// As long as it is open, nobody removes them.
    lock: File,
}

/// A bundle that is being made. What is not put on the shelf is removed.
#[derive(Debug)]
pub(super) struct Partial {
    directory: TempDir,
    lock: File,
}

impl Shelf {
    /// Makes the shelf where there is none, and removes what the dead have left half done.
    pub(super) fn open(root: PathBuf, bound: u64) -> Result<Self, ProjectsError> {
        let partial = root.join(PARTIAL);
        fs::create_dir_all(&partial).map_err(failed("make", &partial))?;
        open_to_all(&root)?;
        // As others will say it.
        let root = fs::canonicalize(&root).map_err(failed("find", &root))?;
        let (partial, shelf) = (root.join(PARTIAL), Self { root, bound });
        for entry in entries(&partial)? {
            let Some(_alone) = alone(&entry) else { continue };
            info!(path = %entry.display(), "removing what was left half done");
            if let Err(error) = fs::remove_dir_all(&entry) {
                warn!(path = %entry.display(), "cannot be removed: {error}");
            }
        }
        shelf.make_room()?;
        Ok(shelf)
    }

    /// The bundle, if it is there. It stays until it is dropped.
    pub(super) fn find(&self, digest: Digest) -> Result<Option<Taken>, ProjectsError> {
        let path = self.root.join(digest.to_string());
        let lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("open", &path)(source)),
        };
        lock.lock_shared().map_err(failed("lock", &path))?;
        if !is_at(&lock, &path) {
            // It was removed meanwhile.
            return Ok(None);
        }
        // Only the order of removal hangs on it.
        let _ = lock.set_modified(SystemTime::now());
        Ok(Some(Taken { files: path.join(FILES), lock }))
    }

    /// A place to make a bundle in.
    pub(super) fn begin(&self) -> Result<Partial, ProjectsError> {
        let partial = self.root.join(PARTIAL);
        loop {
            let directory =
                tempfile::tempdir_in(&partial).map_err(failed("make a directory in", &partial))?;
            let lock = File::open(directory.path()).map_err(failed("open", directory.path()))?;
            lock.lock_shared().map_err(failed("lock", directory.path()))?;
            // Who came in between took it for one that is left.
            if is_at(&lock, directory.path()) {
                return Ok(Partial { directory, lock });
            }
        }
    }

    /// Puts a bundle on the shelf, and makes room for it. Where another process was quicker there is none to use.
    pub(super) fn put(&self, digest: Digest, partial: Partial) -> Result<Option<Taken>, ProjectsError> {
        let files = partial.files();
        open_to_all(&files)?;
        let bytes = partial.directory.path().join(BYTES);
        let size = size(&files).map_err(failed("look through", &files))?;
        fs::write(&bytes, size.to_string()).map_err(failed("write", &bytes))?;
        open_to_all(partial.directory.path())?;
        let path = self.root.join(digest.to_string());
        if let Err(source) = fs::rename(partial.directory.path(), &path) {
            return match source.kind() {
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => Ok(None),
                _ => Err(failed("put a bundle at", &path)(source)),
            };
        }
        // It has moved; there is nothing to remove.
        let _ = partial.directory.keep();
        let taken = Taken { files: path.join(FILES), lock: partial.lock };
        if let Err(error) = self.make_room() {
            // The bundle is there all the same.
            warn!("no bundle was removed: {error}");
        }
        Ok(Some(taken))
    }

    /// Removes the bundles that were not used for longest until the others fit. What is in use stays.
    fn make_room(&self) -> Result<(), ProjectsError> {
        let mut bundles: Vec<(SystemTime, u64, PathBuf)> = entries(&self.root)?
            .into_iter()
            .filter(|path| path.file_name().and_then(|name| Digest::parse(name.to_str()?)).is_some())
            .filter_map(|path| {
                let bytes = fs::read_to_string(path.join(BYTES)).ok()?.parse().ok()?;
                Some((fs::metadata(&path).ok()?.modified().ok()?, bytes, path))
            })
            .collect();
        bundles.sort();
        let mut total: u64 = bundles.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in bundles {
            if total <= self.bound {
                break;
            }
            let Some(_alone) = alone(&path) else { continue };
            info!(path = %path.display(), "removing a bundle to make room");
            // First out of sight, so that nobody finds half of it.
            let aside = self.begin()?;
            fs::rename(&path, aside.files()).map_err(failed("remove", &path))?;
            total = total.saturating_sub(bytes);
        }
        Ok(())
    }
}

impl Partial {
    /// Where the archive comes.
    pub(super) fn archive(&self) -> PathBuf {
        self.directory.path().join("archive")
    }

    /// Where the files come.
    pub(super) fn files(&self) -> PathBuf {
        self.directory.path().join(FILES)
    }
}

impl Taken {
    /// What keeps the files in their place.
    pub(super) fn into_parts(self) -> (PathBuf, File) {
        (self.files, self.lock)
    }
}

/// The directory, locked, if nobody else has it.
fn alone(path: &Path) -> Option<File> {
    let lock = File::open(path).ok()?;
    match lock.try_lock() {
        Ok(()) => is_at(&lock, path).then_some(lock),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(error)) => {
            warn!(path = %path.display(), "cannot be locked, and so not be removed: {error}");
            None
        }
    }
}

/// Whether a directory that is open is still there.
fn is_at(open: &File, path: &Path) -> bool {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((open.metadata(), fs::metadata(path)), (Ok(open), Ok(there)) if same(&open, &there))
}

/// Where we are root, migrations run as somebody else, who has to read what is in there.
fn open_to_all(directory: &Path) -> Result<(), ProjectsError> {
    if !geteuid().is_root() {
        return Ok(());
    }
    fs::set_permissions(directory, Permissions::from_mode(0o755)).map_err(failed("open to others", directory))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, ProjectsError> {
    let read = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    read.map_err(failed("look through", directory))
}

/// What a directory takes on the disk, more or less.
fn size(directory: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += metadata.blocks() * 512;
        if metadata.is_dir() {
            total += size(&entry.path())?;
        }
    }
    Ok(total)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ProjectsError {
    let path = path.to_owned();
    move |source| ProjectsError::Cache { action, path, source }
}
