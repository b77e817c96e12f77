//! Where the report goes, and what is said beside it.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tempfile::NamedTempFile;

use crate::error::CliError;

/// Says something on standard error. Whoever read it may be gone, which is no reason to stop.
pub(crate) fn tell(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The report's destination, checked before anything runs.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout,
    File(PathBuf),
}

impl Output {
    pub(crate) fn new(file: Option<&Path>) -> Result<Self, CliError> {
        let Some(file) = file else { return Ok(Self::Stdout) };
        let parent = parent(file);
        let error =
            |source| CliError::Path { what: "the directory of the report", path: parent.clone(), source };
        if !fs::metadata(&parent).map_err(error)?.is_dir() {
            return Err(error(io::ErrorKind::NotADirectory.into()));
        }
        if file.is_dir() {
            return Err(CliError::usage(format!(
                "{} is a directory; name a file for the report",
                file.display()
            )));
        }
        if !file.exists() || file.is_file() {
            // As it will be written; nothing stays.
            temporary(file, 0o600).map_err(error)?;
        }
        Ok(Self::File(file.to_owned()))
    }

    /// Whether somebody may still read what is written: the other end of a pipe can be gone.
    pub(crate) fn is_read(&self) -> bool {
        let stdout = io::stdout();
        let mut ends = [PollFd::new(stdout.as_fd(), PollFlags::empty())];
        let asked = poll(&mut ends, PollTimeout::ZERO);
        let gone = || ends[0].revents().is_some_and(|events| events.contains(PollFlags::POLLERR));
        !matches!(self, Self::Stdout) || asked.is_err() || !gone()
    }

    pub(crate) fn write(&self, text: &str) -> Result<(), CliError> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
                    // Whoever read has read enough (`| head`).
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    result => result.map_err(CliError::Stdout),
                }
            }
            Self::File(file) => {
                write_file(file, text).map_err(|source| CliError::Write { path: file.clone(), source })
            }
        }
    }
}

fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Writes a whole file or none of it: readers never see half a report.
pub(crate) fn write_file(file: &Path, text: &str) -> io::Result<()> {
    // A link is written through; a device or pipe cannot be replaced by a file, and should not be.
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut mode = 0o666;
    match fs::metadata(&file) {
        Ok(metadata) if !metadata.is_file() => return fs::write(&file, text),
        Ok(metadata) => mode = metadata.permissions().mode(),
        Err(_) => {}
    }
    let mut temporary = temporary(&file, mode & 0o777)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

/// A file beside `file`, to take its place.
fn temporary(file: &Path, mode: u32) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".mrt-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(parent(file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read as _;
    use std::os::unix::fs::FileTypeExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_links_stay_links() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("report.json"), dir.path().join("latest.json"));
        Output::new(Some(&file)).unwrap().write("one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Output::new(Some(&link)).unwrap().write("two").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left behind");
    }

    /// A pipe of our own stands for every special file: a device that a broken build replaces is gone for the whole machine.
    #[test]
    fn what_is_not_a_plain_file_is_written_to_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // Open for reading and writing, so that neither side waits for the other.
        let mut reader = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
        write_file(&pipe, "text").unwrap();
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo(), "the pipe was replaced");
        let mut text = [0; 4];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"text");
    }

    #[test]
    fn a_missing_directory_is_told_before_anything_runs() {
        let dir = tempfile::tempdir().unwrap();
        let error = Output::new(Some(&dir.path().join("missing/report.json"))).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert_eq!(Output::new(Some(dir.path())).unwrap_err().exit_code(), 2);
        // There is nowhere that a file could be made, not even for root.
        assert_eq!(Output::new(Some(Path::new("/proc/report.json"))).unwrap_err().exit_code(), 2);
        let file = dir.path().join("report.json");
        assert!(Output::new(Some(&file)).is_ok());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
