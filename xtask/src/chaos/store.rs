//! Where a coordinator's state is.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::chain::POSTGRES;
use super::wait::beside;
use crate::process::{Problem, command, is_root, read};
use crate::servers::Server;

/// Bytes of a disk that can be filled.
const SMALL: usize = 32 << 20;

/// What kind of a state a fault asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// SQLite in a directory.
    Directory,
    /// SQLite in a directory on a disk of its own, which is small.
    SmallDisk,
    /// A PostgreSQL server.
    Server,
}

/// A state.
pub(super) enum Store {
    /// SQLite in a directory, and the disk of its own that it may have.
    Directory(PathBuf, Option<Disk>),
    /// A PostgreSQL server.
    Server(std::sync::Arc<Server>),
}

impl Store {
    /// Makes an empty one.
    pub(super) async fn make(kind: Kind, directory: &Path) -> Result<Self, Problem> {
        let path = directory.join("state");
        Ok(match kind {
            Kind::Directory => Self::Directory(path, None),
            Kind::SmallDisk => {
                let disk = Disk::mount(&path)?;
                Self::Directory(path, Some(disk))
            }
            Kind::Server => Self::Server(beside(|| Server::start_durable(POSTGRES)).await?.into()),
        })
    }

    /// What a coordinator is told: arguments, and the environment.
    pub(super) fn told(&self) -> (Vec<String>, Vec<(String, String)>) {
        match self {
            Self::Directory(path, _) => (vec!["--data".to_owned(), path.display().to_string()], Vec::new()),
            // It holds a password.
            Self::Server(server) => (Vec::new(), vec![("MRT_DATABASE_URL".to_owned(), server.url())]),
        }
    }

    /// The server.
    pub(super) fn server(&self) -> Result<std::sync::Arc<Server>, Problem> {
        match self {
            Self::Server(server) => Ok(std::sync::Arc::clone(server)),
            Self::Directory(..) => Err(Problem::unusable("the state is on no server")),
        }
    }

    /// The small disk.
    pub(super) fn disk(&self) -> Result<&Disk, Problem> {
        match self {
            Self::Directory(_, Some(disk)) => Ok(disk),
            _ => Err(Problem::unusable("the state is on no disk of its own")),
        }
    }
}

/// A small disk, which goes when this is dropped.
pub(super) struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path) -> Result<Self, Problem> {
        if !is_root() {
            return Err(Problem::Missing("only root can mount a small disk".to_owned()));
        }
        fs::create_dir(path).map_err(|source| Problem::File { path: path.to_owned(), source })?;
        let size = format!("size={SMALL},mode=700");
        let place = path.display().to_string();
        read(&mut command("mount", ["-t", "tmpfs", "-o", &size, "mrt-chaos", &place]))?;
        Ok(Self { path: path.to_owned() })
    }

    /// Fills it to the last byte, and says how many bytes that took.
    pub(super) fn fill(&self) -> Result<usize, Problem> {
        let path = self.ballast();
        let failed = |source| Problem::File { path: path.clone(), source };
        let mut file = File::create(&path).map_err(failed)?;
        let mut written = 0;
        // The last bytes go one by one.
        for part in [vec![0; 64 << 10], vec![0; 1 << 10], vec![0; 1]] {
            loop {
                match file.write(&part) {
                    Ok(bytes) => written += bytes,
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        Ok(written)
    }

    /// Gives the room back.
    pub(super) fn free(&self) -> Result<(), Problem> {
        let path = self.ballast();
        fs::remove_file(&path).map_err(|source| Problem::File { path, source })
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(problem) = read(&mut command("umount", ["--lazy", &self.path.display().to_string()])) {
            eprintln!("warning: {}", crate::process::with_causes(&problem));
        }
    }
}
