//! Files that options name, and what stands in the environment instead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};

/// Why a file that an option names cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}; correct {option}, or let this user read the file", path.display())]
    Read {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It is to hold certificates.
    #[error("{} holds no certificates; {option} needs a PEM file, with lines of BEGIN CERTIFICATE", path.display())]
    Certificates {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, unless there is just none.
        #[source]
        source: Option<PemError>,
    },
}

pub(crate) fn read(option: &'static str, path: &Path) -> Result<String, FileError> {
    fs::read_to_string(path).map_err(|source| FileError::Read { option, path: path.to_owned(), source })
}

/// The certificates of a file that was read.
pub(crate) fn certificates(
    option: &'static str,
    path: &Path,
    text: &str,
) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let wrong = |source| FileError::Certificates { option, path: path.to_owned(), source };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let certificates = certificates.map_err(|error| wrong(Some(error)))?;
    if certificates.is_empty() { Err(wrong(None)) } else { Ok(certificates) }
}

/// A file with tokens: whoever can read it is let in.
pub(crate) fn read_secret(option: &'static str, path: &Path) -> Result<String, FileError> {
    use std::os::unix::fs::PermissionsExt;
    let text = read(option, path)?;
    if fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0) {
        tracing::warn!("others than its owner can read the tokens in {0}; chmod 600 {0}", path.display());
    }
    Ok(text)
}

/// What is no option, so that nobody sees it. What is not text is not passed over, but is wrong like other text.
pub(crate) fn secret_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
