//! Where the files of a bundle are.

use std::fmt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use mrt_bundle::BundleError;
use mrt_ops::connect::CallError;

use crate::shelf::ShelfError;

/// Hands out the files of bundles.
#[async_trait]
pub trait Projects: Send + Sync {
    /// The directory with the files of this bundle (SHA-256, in hexadecimal). Dropping the future gives up on it.
    ///
    /// # Errors
    /// When it cannot be had.
    async fn directory(&self, bundle: &str) -> Result<Files, ProjectsError>;
}

/// A directory with a bundle's files. They stay there until this is dropped.
pub struct Files {
    path: PathBuf,
    keeper: Option<Box<dyn Send + Sync>>,
}

impl Files {
    /// A copy that stays as long as something else does.
    pub fn kept_by(path: PathBuf, keeper: impl Send + Sync + 'static) -> Self {
        Self { path, keeper: Some(Box::new(keeper)) }
    }

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, where it is but a copy of what the user has.
    pub(super) fn copy(&self) -> Option<&Path> {
        self.keeper.as_ref().map(|_| self.path.as_path())
    }
}

impl From<PathBuf> for Files {
    /// A directory that stays by itself.
    fn from(path: PathBuf) -> Self {
        Self { path, keeper: None }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.path).finish()
    }
}

/// Why the files of a bundle cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ProjectsError {
    /// There is none of that name here, or it is no name.
    #[error("there is no bundle {bundle:?}")]
    Unknown {
        /// The name.
        bundle: String,
    },
    /// It cannot be downloaded.
    #[error("cannot fetch bundle {bundle}")]
    Fetch {
        /// Its name.
        bundle: String,
        /// Why not.
        #[source]
        source: Box<CallError>,
    },
    /// The coordinator sends nothing more.
    #[error("cannot fetch bundle {bundle}: nothing came for {seconds} s")]
    Silence {
        /// Its name.
        bundle: String,
        /// How long.
        seconds: u64,
    },
    /// It is not what it should be.
    #[error("cannot unpack bundle {bundle}")]
    Unpack {
        /// Its name.
        bundle: String,
        /// Why not.
        #[source]
        source: Box<BundleError>,
    },
    /// The cache cannot be used.
    #[error("cannot {action} {}", path.display())]
    Cache {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Others remove it as often as it is fetched.
    #[error("bundle {bundle} is removed from the cache as soon as it is there; make the cache larger")]
    Contended {
        /// Its name.
        bundle: String,
    },
}

impl From<ShelfError> for ProjectsError {
    fn from(error: ShelfError) -> Self {
        let ShelfError { action, path, source } = error;
        Self::Cache { action, path, source }
    }
}

impl ProjectsError {
    /// Whether it would be the same on every machine.
    pub fn is_projects_own(&self) -> bool {
        matches!(self, Self::Unpack { source, .. } if matches!(**source, BundleError::Refused { .. }))
    }
}
