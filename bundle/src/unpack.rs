//! From an archive to a directory.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::error::{file, refused};
use crate::hashing::Hashing;
use crate::pack::stays_inside;
use crate::{BundleError, Digest, Limits};

/// Unpacks the bundle of that name into a directory that is not there yet.
///
/// The directory appears when all of it has been written and is what its name says; otherwise nothing is left.
///
/// # Errors
/// When the archive is another one, cannot be read, or holds what no bundle does: names that lead out of the directory,
/// anything but files, directories and links inside of it, or more than the limits allow.
pub fn unpack(
    archive: impl Read,
    expected: Digest,
    directory: &Path,
    limits: Limits,
) -> Result<(), BundleError> {
    let above = directory.parent().unwrap_or(Path::new("."));
    let partial = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(above);
    let partial = partial.map_err(file("make a directory in", above))?;
    let mut hashing = Hashing::new(archive.take(most(limits)));
    extract(&mut hashing, partial.path(), limits)?;
    // What stands behind the archive's end counts for its name, too.
    io::copy(&mut hashing, &mut io::sink()).map_err(BundleError::Archive)?;
    let (_, found, _) = hashing.end();
    if found != expected {
        return Err(BundleError::Digest { expected, found });
    }
    fs::rename(partial.path(), directory).map_err(file("put a bundle at", directory))?;
    // It has moved; there is nothing to remove.
    let _ = partial.keep();
    Ok(())
}

fn extract(archive: impl Read, root: &Path, limits: Limits) -> Result<(), BundleError> {
    let mut archive = Archive::new(GzDecoder::new(archive).take(most(limits)));
    let mut left = limits;
    let mut links: Vec<(PathBuf, PathBuf)> = Vec::new();
    let mut linked = BTreeSet::new();
    for entry in archive.entries().map_err(BundleError::Archive)? {
        let mut entry = entry.map_err(BundleError::Archive)?;
        let name = name(&entry)?;
        left.entries = left.entries.checked_sub(1).ok_or_else(|| refused("it holds too many files"))?;
        left.bytes = left.bytes.checked_sub(entry.size()).ok_or_else(|| refused("it is too large"))?;
        if name.ancestors().any(|above| linked.contains(above)) {
            return Err(refused(format!("{} lies behind a link", name.display())));
        }
        let path = root.join(&name);
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(&path).map_err(file("make", &path))?,
            EntryType::Regular => write(&mut entry, &path)?,
            EntryType::Symlink => {
                let target =
                    entry.link_name().map_err(BundleError::Archive)?.unwrap_or_default().into_owned();
                if !stays_inside(&name, &target) {
                    return Err(refused(format!("{} is a link that leads outside", name.display())));
                }
                linked.insert(name);
                links.push((path, target));
            }
            other => return Err(refused(format!("{} is no file: {other:?}", name.display()))),
        }
    }
    // Last, so that nothing was written through one.
    for (path, target) in links {
        symlink(&target, &path).map_err(file("make", &path))?;
    }
    Ok(())
}

/// The longest archive of what the limits allow, packed or not: headers take a block each, long names further ones, and
/// contents are rounded up to blocks.
pub(crate) fn most(limits: Limits) -> u64 {
    limits.bytes.saturating_add(limits.entries.saturating_mul(4 * 512)).saturating_add(1 << 20)
}

/// The name of an entry: plain names only.
pub(crate) fn name(entry: &Entry<'_, impl Read>) -> Result<PathBuf, BundleError> {
    let name = entry.path().map_err(BundleError::Archive)?.into_owned();
    let is_plain = |component: Component<'_>| matches!(component, Component::Normal(_));
    if name.as_os_str().is_empty() || !name.components().all(is_plain) {
        return Err(refused(format!("the name {} leads outside", name.display())));
    }
    Ok(name)
}

fn write(entry: &mut Entry<'_, impl Read>, path: &Path) -> Result<(), BundleError> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).map_err(file("make", above))?;
    }
    let executable = entry.header().mode().map_err(BundleError::Archive)? & 0o100 != 0;
    let mut options = OpenOptions::new();
    // Each name once.
    options.write(true).create_new(true).mode(if executable { 0o755 } else { 0o644 });
    let mut written = options.open(path).map_err(file("write", path))?;
    let size = entry.size();
    let copied = io::copy(entry, &mut written).map_err(file("write", path))?;
    if copied != size {
        return Err(refused("it ends in the middle of a file"));
    }
    Ok(())
}
