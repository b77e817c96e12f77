//! The directory of a running target: databases of embedded engines, what hosts need. It goes with the process; what one
//! that was killed has left goes at the next start.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const PREFIX: &str = "mrt-";
/// Locked for as long as the process lives; a directory without it is not (or not any more) one to be swept.
const LOCK: &str = "lock";

pub(super) struct Directory {
    dir: TempDir,
    _alive: File,
}

impl Directory {
    /// Makes one below `root`, and removes those of processes that are gone.
    pub(super) fn make(root: &Path) -> io::Result<Self> {
        sweep(root);
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root)?;
        // It gets its name when it is locked: nobody sees it before.
        let unlocked = dir.path().join("unlocked");
        let alive = File::create_new(&unlocked)?;
        alive.lock()?;
        fs::rename(unlocked, dir.path().join(LOCK))?;
        Ok(Self { dir, _alive: alive })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Leaves it for a look.
    pub(super) fn keep(self) -> PathBuf {
        // Without it no later start takes the directory away; one that cannot be removed is not worth an error.
        let _ = fs::remove_file(self.path().join(LOCK));
        self.dir.keep()
    }
}

fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&path) {
            match fs::remove_dir_all(&path) {
                Ok(()) => tracing::debug!(path = %path.display(), "removed what a killed process had left"),
                Err(error) => tracing::warn!("cannot remove {}: {error}", path.display()),
            }
        }
    }
}

fn is_abandoned(directory: &Path) -> bool {
    let lock = directory.join(LOCK);
    let ours = |file: fs::Metadata| file.is_file() && file.uid() == nix::unistd::geteuid().as_raw();
    if !fs::symlink_metadata(&lock).is_ok_and(ours) {
        return false;
    }
    match File::open(&lock).map(|file| file.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_the_dead_have_left_is_swept() {
        let root = tempfile::tempdir().unwrap();
        let living = Directory::make(root.path()).unwrap();
        let kept = Directory::make(root.path()).unwrap().keep();
        let foreign = root.path().join("mrt-cli");
        fs::create_dir(&foreign).unwrap();
        let dead = root.path().join("mrt-dead");
        fs::create_dir_all(dead.join("databases")).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();

        let later = Directory::make(root.path()).unwrap();
        assert!(!dead.exists());
        for path in [living.path(), &kept, &foreign, later.path()] {
            assert!(path.exists(), "{}", path.display());
        }
        let gone = later.path().to_owned();
        drop(later);
        assert!(!gone.exists());
    }
}
