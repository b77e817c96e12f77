//! What can be wrong with a bundle.

use std::io;
use std::path::{Path, PathBuf};

use crate::Digest;

/// Why a bundle cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The directory cannot be walked.
    #[error("cannot look through {}", root.display())]
    Walk {
        /// The bundle's root.
        root: PathBuf,
        /// Why not.
        #[source]
        source: ignore::Error,
    },
    /// It holds more than it may.
    #[error("the bundle of {} would hold more than {limit}; name what migrations do not need in a .mrtignore file there{largest}", root.display())]
    TooLarge {
        /// The bundle's root.
        root: PathBuf,
        /// Which limit.
        limit: String,
        /// What takes most of it, for people.
        largest: String,
    },
    /// A link leads out of the bundle.
    #[error("{} is a link to {}, which lies outside of {}; copy what it leads to, or name it in .mrtignore", path.display(), target.display(), root.display())]
    LeadsOutside {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
        /// The bundle's root.
        root: PathBuf,
    },
    /// A name that other systems could not read.
    #[error("the name of {} is not UTF-8; rename it, or name it in .mrtignore", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// An archive that no program of ours made.
    #[error("the bundle is refused: {why}")]
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// An archive is not what its name says.
    #[error("the bundle {expected} has other contents than its name says ({found}); fetch it again")]
    Digest {
        /// The name.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// The archive cannot be read.
    #[error("cannot read the bundle")]
    Archive(#[source] io::Error),
}

pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    let path = path.to_owned();
    move |source| BundleError::File { action, path, source }
}

pub(crate) fn refused(why: impl Into<String>) -> BundleError {
    BundleError::Refused { why: why.into() }
}
