//! From a directory to an archive.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use ignore::WalkBuilder;
use tar::{Builder, EntryType, Header};

use crate::error::file;
use crate::hashing::Hashing;
use crate::{BundleError, Digest, Limits};

/// What no migration needs, however large it is.
const NEVER: [&str; 6] = [".git", ".hg", ".venv", "__pycache__", "node_modules", ".mrtignore"];

/// A bundle on disk, without a name there: it is gone when this is dropped.
#[derive(Debug)]
pub struct Packed {
    /// Its name.
    pub digest: Digest,
    /// The archive, to be read from the beginning.
    pub archive: File,
    /// Bytes of the archive.
    pub size: u64,
    /// Files, directories and links in it, relative to the directory that was packed.
    pub names: BTreeSet<PathBuf>,
}

/// Packs what lies in `root`, less what git ignores and `.mrtignore` files name, and what is never of use (virtual
/// environments, version control).
///
/// # Errors
/// When something cannot be read, leads out of the directory, or is more than the limits allow.
pub fn pack(root: &Path, limits: Limits) -> Result<Packed, BundleError> {
    let archive = tempfile::tempfile().map_err(file("make a temporary file in", &std::env::temp_dir()))?;
    let name = |source| BundleError::File { action: "write the bundle of", path: root.to_owned(), source };
    // No name and no time in its header.
    let gzip = GzEncoder::new(Hashing::new(BufWriter::new(archive)), Compression::fast());
    let mut builder = Builder::new(gzip);
    let mut sum = Sum { root, limits, entries: 0, bytes: 0, files: Vec::new() };
    for path in files(root)? {
        add(&mut builder, root, &path, &mut sum)?;
    }
    let names = sum.files.into_iter().map(|(_, name)| name).collect();
    let hashing = builder.into_inner().and_then(GzEncoder::finish).map_err(name)?;
    let (inner, digest, size) = hashing.end();
    let archive = inner.into_inner().map_err(|error| name(error.into_error()))?;
    let mut packed = Packed { digest, archive, size, names };
    io::Seek::rewind(&mut packed.archive).map_err(name)?;
    Ok(packed)
}

/// All that goes into the bundle, in the order of names.
fn files(root: &Path) -> Result<Vec<PathBuf>, BundleError> {
    let failed = |source| BundleError::Walk { root: root.to_owned(), source };
    let mut walk = WalkBuilder::new(root);
    // What git would not take along stays behind, whoever told it so; it looks no further up than to its repository's root.
    // Elsewhere only what lies in the directory counts, since nobody knows where above it to stop.
    let in_git = root.ancestors().any(|above| above.join(".git").exists());
    walk.hidden(false).ignore(false);
    walk.require_git(in_git).parents(in_git).git_global(in_git).git_exclude(in_git);
    walk.add_custom_ignore_filename(".mrtignore");
    walk.filter_entry(|entry| {
        let is_never = NEVER.iter().any(|never| entry.file_name() == *never);
        // A virtual environment, whatever it is called.
        entry.depth() == 0 || !(is_never || entry.path().join("pyvenv.cfg").is_file())
    });
    walk.sort_by_file_name(Ord::cmp);
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(failed)?;
        if entry.depth() > 0 {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

fn add(
    builder: &mut Builder<impl Write>,
    root: &Path,
    path: &Path,
    sum: &mut Sum<'_>,
) -> Result<(), BundleError> {
    let name = path.strip_prefix(root).unwrap_or(path);
    if name.to_str().is_none() {
        return Err(BundleError::Name { path: path.to_owned() });
    }
    let metadata = fs::symlink_metadata(path).map_err(file("read", path))?;
    let mut header = Header::new_gnu();
    header.set_mtime(0);
    header.set_mode(if is_executable(&metadata) { 0o755 } else { 0o644 });
    header.set_size(0);
    let written = if metadata.is_dir() {
        sum.add(0, name)?;
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o755);
        builder.append_data(&mut header, name, io::empty())
    } else if metadata.is_symlink() {
        sum.add(0, name)?;
        let target = fs::read_link(path).map_err(file("read", path))?;
        if !stays_inside(name, &target) {
            let (path, root) = (path.to_owned(), root.to_owned());
            return Err(BundleError::LeadsOutside { path, target, root });
        }
        header.set_entry_type(EntryType::Symlink);
        builder.append_link(&mut header, name, &target)
    } else if metadata.is_file() {
        let opened = File::open(path).map_err(file("read", path))?;
        let size = opened.metadata().map_err(file("read", path))?.len();
        sum.add(size, name)?;
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        // One that grows while it is read ends where it ended; one that shrinks is an error.
        builder.append_data(&mut header, name, opened.take(size))
    } else {
        // Sockets and the like are no part of a project.
        return Ok(());
    };
    written.map_err(file("pack", path))
}

/// Whether a link in a bundle leads to something in the bundle: up as far as directories go, and then down only.
pub(crate) fn stays_inside(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(1);
    let mut down = false;
    target.components().all(|component| match component {
        Component::CurDir => true,
        Component::Normal(_) => {
            down = true;
            true
        }
        // After a name that may itself be a link nobody knows where `..` is.
        Component::ParentDir if down || depth == 0 => false,
        Component::ParentDir => {
            depth -= 1;
            true
        }
        Component::RootDir | Component::Prefix(_) => false,
    })
}

fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

/// What has been packed.
struct Sum<'a> {
    root: &'a Path,
    limits: Limits,
    entries: u64,
    bytes: u64,
    /// Sizes and names.
    files: Vec<(u64, PathBuf)>,
}

impl Sum<'_> {
    fn add(&mut self, bytes: u64, name: &Path) -> Result<(), BundleError> {
        self.entries += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.files.push((bytes, name.to_owned()));
        let limit = match self.limits {
            Limits { entries, .. } if self.entries > entries => format!("{entries} files"),
            Limits { bytes, .. } if self.bytes > bytes => format!("{} MiB", bytes >> 20),
            _ => return Ok(()),
        };
        self.files.sort_by(|one, other| other.cmp(one));
        let largest = self.files.iter().take(3).filter(|(bytes, _)| *bytes > 1 << 20);
        let largest: Vec<String> =
            largest.map(|(bytes, name)| format!("{} has {} MiB", name.display(), bytes >> 20)).collect();
        let largest = if largest.is_empty() { String::new() } else { format!(" ({})", largest.join(", ")) };
        Err(BundleError::TooLarge { root: self.root.to_owned(), limit, largest })
    }
}
