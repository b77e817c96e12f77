//! Files of an archive, looked at without writing any.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use crate::error::refused;
use crate::unpack::{most, name};
use crate::{BundleError, Limits};

/// Goes through the files of a bundle: of those whose name is `wanted` the first `bytes` are given to `found`, which says whether
/// to go on.
///
/// Nothing is written, and links are not followed. Whether the archive is what its name says is not looked at: it was when it
/// came in.
///
/// # Errors
/// When the archive cannot be read, or holds what no bundle does: names that lead out of it, more than the limits allow.
pub fn read(
    archive: impl Read,
    limits: Limits,
    bytes: u64,
    mut wanted: impl FnMut(&Path) -> bool,
    mut found: impl FnMut(&Path, Vec<u8>) -> ControlFlow<()>,
) -> Result<(), BundleError> {
    let mut archive = Archive::new(GzDecoder::new(archive.take(most(limits))).take(most(limits)));
    let mut left = limits.entries;
    for entry in archive.entries().map_err(BundleError::Archive)? {
        let entry = entry.map_err(BundleError::Archive)?;
        left = left.checked_sub(1).ok_or_else(|| refused("it holds too many files"))?;
        let name = name(&entry)?;
        if entry.header().entry_type() != EntryType::Regular || !wanted(&name) {
            continue;
        }
        let mut content = Vec::new();
        entry.take(bytes).read_to_end(&mut content).map_err(BundleError::Archive)?;
        if found(&name, content).is_break() {
            break;
        }
    }
    Ok(())
}
