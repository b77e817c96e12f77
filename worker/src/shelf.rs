//! Things on a disk that can be had again: what is there, what is in use, what has to go.
//!
//! ```text
//! bundles/DIGEST/files/…    a thing: a bundle, an environment
//! bundles/DIGEST/bytes      what it takes; written last
//! bundles/partial/…         what is being made or removed
//! ```
//!
//! A thing appears whole: by a rename, or, where it knows its own place (an environment), with `bytes`, which comes last.
//! Whoever uses one, or makes one, has its directory locked (`flock`, shared; alone while it is made in its place), and only
//! who gets it alone may remove it. So several processes can share a shelf, and what a dead one has left is known by that
//! nobody has it locked. When a thing was last handed out is its directory's time of change.

use std::fs::{self, File, Permissions, TryLockError};
use std::future::pending;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::unistd::geteuid;
use tempfile::TempDir;
use tracing::{info, warn};

const FILES: &str = "files";
const BYTES: &str = "bytes";
const PARTIAL: &str = "partial";

/// A shelf cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub(crate) struct ShelfError {
    /// What was tried.
    pub(crate) action: &'static str,
    /// On what.
    pub(crate) path: PathBuf,
    /// Why not.
    pub(crate) source: io::Error,
}

/// A directory of things that takes no more than so many bytes, but for what is in use.
#[derive(Debug)]
pub(crate) struct Shelf {
    root: PathBuf,
    bound: u64,
}

/// A thing in use.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) files: PathBuf,
    /// As long as it is open, nobody removes them.
    lock: File,
}

/// A thing that is being made aside. What is not put on the shelf is removed.
#[derive(Debug)]
pub(crate) struct Partial {
    directory: TempDir,
    lock: File,
}

/// A thing that is being made in its place. What is not finished is removed.
#[derive(Debug)]
pub(crate) struct Making {
    path: PathBuf,
    /// Nobody else has it; gone once it is finished.
    alone: Option<File>,
}

/// What became of wanting to make something.
#[derive(Debug)]
pub(crate) enum Claim {
    /// Somebody else has made it meanwhile.
    There(Taken),
    /// It is to be made.
    Ours(Making),
}

impl Shelf {
    /// Makes the shelf where there is none, and removes what the dead have left half done.
    pub(crate) fn open(root: PathBuf, bound: u64) -> Result<Self, ShelfError> {
        let partial = root.join(PARTIAL);
        fs::create_dir_all(&partial).map_err(failed("make", &partial))?;
        open_to_all(&root)?;
        // As others will say it.
        let root = fs::canonicalize(&root).map_err(failed("find", &root))?;
        let (partial, shelf) = (root.join(PARTIAL), Self { root: root.clone(), bound });
        let unfinished = |path: &PathBuf| *path != partial && path.is_dir() && !is_whole(path);
        let in_place: Vec<PathBuf> = entries(&root)?.into_iter().filter(unfinished).collect();
        for entry in entries(&partial)?.iter().chain(&in_place) {
            let Some(_alone) = alone(entry) else { continue };
            // It may have come to its end in between.
            if is_whole(entry) && entry.parent() != Some(&*partial) {
                continue;
            }
            info!(path = %entry.display(), "removing what was left half done");
            if let Err(error) = fs::remove_dir_all(entry) {
                warn!(path = %entry.display(), "cannot be removed: {error}");
            }
        }
        shelf.make_room()?;
        Ok(shelf)
    }

    /// Where it is, as others see it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The thing of this name (a plain one), if it is there. It stays until it is dropped. Waits for one that is being made.
    pub(crate) fn find(&self, name: &str) -> Result<Option<Taken>, ShelfError> {
        let path = self.root.join(name);
        let lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("open", &path)(source)),
        };
        lock.lock_shared().map_err(failed("lock", &path))?;
        if !is_at(&lock, &path) || !is_whole(&path) {
            // It was removed meanwhile, or did not come to its end.
            return Ok(None);
        }
        // Only the order of removal hangs on it.
        let _ = lock.set_modified(SystemTime::now());
        Ok(Some(Taken { files: path.join(FILES), lock }))
    }

    /// A place aside to make something in.
    pub(crate) fn begin(&self) -> Result<Partial, ShelfError> {
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

    /// Puts something on the shelf, and makes room for it. Where another process was quicker there is none to use.
    pub(crate) fn put(&self, name: &str, partial: Partial) -> Result<Option<Taken>, ShelfError> {
        let files = partial.files();
        open_to_all(&files)?;
        measure(partial.directory.path())?;
        open_to_all(partial.directory.path())?;
        let path = self.root.join(name);
        if let Err(source) = fs::rename(partial.directory.path(), &path) {
            return match source.kind() {
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => Ok(None),
                _ => Err(failed("put a copy at", &path)(source)),
            };
        }
        // It has moved; there is nothing to remove.
        let _ = partial.directory.keep();
        let taken = Taken { files: path.join(FILES), lock: partial.lock };
        self.make_room_if_possible();
        Ok(Some(taken))
    }

    /// The right to make something in the place where it is to be. Waits while somebody else does so.
    pub(crate) fn claim(&self, name: &str) -> Result<Claim, ShelfError> {
        let path = self.root.join(name);
        loop {
            match fs::create_dir(&path) {
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("make", &path)(source));
                }
                _ => {}
            }
            let lock = match File::open(&path) {
                Ok(lock) => lock,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed("open", &path)(source)),
            };
            match lock.try_lock() {
                Ok(()) if !is_at(&lock, &path) => {}
                Ok(()) if !is_whole(&path) => {
                    let making = Making { path, alone: Some(lock) };
                    making.clear()?;
                    return Ok(Claim::Ours(making));
                }
                // Until who makes it has done so. To wait for being alone would be to wait for all who use it, too.
                Ok(()) | Err(TryLockError::WouldBlock) => {
                    drop(lock);
                    if let Some(taken) = self.find(name)? {
                        return Ok(Claim::There(taken));
                    }
                }
                Err(TryLockError::Error(source)) => return Err(failed("lock", &path)(source)),
            }
        }
    }

    /// Says that something is whole, and makes room for it.
    pub(crate) fn finish(&self, mut making: Making) -> Result<Taken, ShelfError> {
        open_to_all(&making.files())?;
        open_to_all(&making.path)?;
        measure(&making.path)?;
        let Some(lock) = making.alone.take() else {
            return Err(failed("lock", &making.path)(io::ErrorKind::NotFound.into()));
        };
        // Not in one step: whoever comes in between may take it away, which is as if it had become too old.
        lock.lock_shared().map_err(failed("lock", &making.path))?;
        if !is_at(&lock, &making.path) {
            return Err(failed("keep", &making.path)(io::Error::other("others have removed it at once")));
        }
        let taken = Taken { files: making.files(), lock };
        self.make_room_if_possible();
        Ok(taken)
    }

    fn make_room_if_possible(&self) {
        if let Err(error) = self.make_room() {
            // What was made is there all the same.
            warn!("nothing was removed: {error}");
        }
    }

    /// Removes what was not used for longest until the rest fits. What is in use stays.
    fn make_room(&self) -> Result<(), ShelfError> {
        let mut all: Vec<(SystemTime, u64, PathBuf)> = entries(&self.root)?
            .into_iter()
            .filter_map(|path| {
                let bytes = fs::read_to_string(path.join(BYTES)).ok()?.parse().ok()?;
                Some((fs::metadata(&path).ok()?.modified().ok()?, bytes, path))
            })
            .collect();
        all.sort();
        let mut total: u64 = all.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in all {
            if total <= self.bound {
                break;
            }
            let Some(_alone) = alone(&path) else { continue };
            info!(path = %path.display(), "removing what was not used for longest, to make room");
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
    pub(crate) fn archive(&self) -> PathBuf {
        self.directory.path().join("archive")
    }

    /// Where the files come.
    pub(crate) fn files(&self) -> PathBuf {
        self.directory.path().join(FILES)
    }
}

impl Making {
    /// Where the files come.
    pub(crate) fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }

    /// A place beside them for what is needed meanwhile.
    pub(crate) fn aside(&self) -> PathBuf {
        self.path.join(PARTIAL)
    }

    /// Takes away what was needed meanwhile, or what another has left.
    fn clear(&self) -> Result<(), ShelfError> {
        for path in entries(&self.path)? {
            fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path)).map_err(failed("remove", &path))?;
        }
        Ok(())
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if self.alone.is_some()
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            warn!(path = %self.path.display(), "cannot be removed: {error}");
        }
    }
}

impl Taken {
    /// What keeps the files in their place.
    pub(crate) fn into_parts(self) -> (PathBuf, File) {
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

/// Whether something has come to its end.
fn is_whole(path: &Path) -> bool {
    path.join(BYTES).exists()
}

/// Writes down what the files take, by which they are whole.
fn measure(path: &Path) -> Result<(), ShelfError> {
    let (files, bytes) = (path.join(FILES), path.join(BYTES));
    let size = size(&files).map_err(failed("look through", &files))?;
    fs::write(&bytes, size.to_string()).map_err(failed("write", &bytes))
}

/// Whether a directory that is open is still there.
fn is_at(open: &File, path: &Path) -> bool {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((open.metadata(), fs::metadata(path)), (Ok(open), Ok(there)) if same(&open, &there))
}

/// Where we are root, migrations run as somebody else, who has to read what is in there.
fn open_to_all(directory: &Path) -> Result<(), ShelfError> {
    if !geteuid().is_root() {
        return Ok(());
    }
    fs::set_permissions(directory, Permissions::from_mode(0o755)).map_err(failed("open to others", directory))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, ShelfError> {
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

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ShelfError {
    let path = path.to_owned();
    move |source| ShelfError { action, path, source }
}

/// Work with files. Its panic is the caller's.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and nothing is polled again.
            Err(_) => pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    //! What is made in its place; what is made aside is tested with bundles.
    #![allow(clippy::unwrap_used)]

    use std::fs::FileTimes;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn make(shelf: &Shelf, name: &str) -> Taken {
        let Claim::Ours(making) = shelf.claim(name).unwrap() else { panic!("{name} is there") };
        fs::create_dir(making.files()).unwrap();
        fs::write(making.files().join("text"), vec![b'x'; 40 << 10]).unwrap();
        shelf.finish(making).unwrap()
    }

    fn age(path: &Path, seconds: u64) {
        let then = SystemTime::now() - Duration::from_secs(seconds);
        File::open(path).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let root = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(root.path().to_owned(), 100 << 10).unwrap();
        for (name, seconds) in [("old", 100), ("used", 200)] {
            drop(make(&shelf, name));
            age(&root.path().join(name), seconds);
        }
        drop(shelf.find("used").unwrap().unwrap());
        drop(make(&shelf, "new"));
        let there = ["old", "used", "new"].map(|name| shelf.find(name).unwrap().is_some());
        assert_eq!(there, [false, true, true]);
    }

    #[test]
    fn what_is_in_use_or_being_made_stays() {
        let root = tempfile::tempdir().unwrap();
        let open = || Shelf::open(root.path().to_owned(), 1).unwrap();
        let shelf = open();
        let taken = make(&shelf, "used");
        let Claim::Ours(making) = shelf.claim("half").unwrap() else { panic!() };
        fs::create_dir(making.files()).unwrap();
        fs::write(making.files().join("text"), "half").unwrap();
        // As another process does it.
        open();
        assert!(taken.files.join("text").exists() && making.files().exists());
        drop(taken);
        drop(shelf.finish(making).unwrap());
        open();
        assert_eq!(["used", "half"].map(|name| root.path().join(name).exists()), [false, false]);
    }

    #[test]
    fn what_was_not_finished_is_nobodys() {
        let root = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(root.path().to_owned(), 1 << 30).unwrap();
        let Claim::Ours(making) = shelf.claim("given-up").unwrap() else { panic!() };
        fs::create_dir(making.files()).unwrap();
        drop(making);
        assert!(!root.path().join("given-up").exists());
        // Of a process that was killed.
        fs::create_dir_all(root.path().join("dead/files")).unwrap();
        assert!(shelf.find("dead").unwrap().is_none());
        let Claim::Ours(making) = shelf.claim("dead").unwrap() else { panic!() };
        assert!(!making.files().exists());
        drop(making);
        fs::create_dir_all(root.path().join("dead/files")).unwrap();
        Shelf::open(root.path().to_owned(), 1 << 30).unwrap();
        assert!(!root.path().join("dead").exists());
    }

    #[test]
    fn who_wants_the_same_waits_for_it() {
        let root = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(root.path().to_owned(), 1 << 30).unwrap();
        let Claim::Ours(making) = shelf.claim("wanted").unwrap() else { panic!() };
        thread::scope(|scope| {
            let (asked, finder) = (
                scope.spawn(|| shelf.claim("wanted").unwrap()),
                scope.spawn(|| shelf.find("wanted").unwrap()),
            );
            fs::create_dir(making.files()).unwrap();
            fs::write(making.files().join("text"), "whole").unwrap();
            let mine = shelf.finish(making).unwrap();
            let Claim::There(theirs) = asked.join().unwrap() else { panic!("made twice") };
            let found = finder.join().unwrap();
            for taken in [Some(mine), Some(theirs), found].into_iter().flatten() {
                assert_eq!(fs::read_to_string(taken.files.join("text")).unwrap(), "whole");
            }
        });
    }
}
