//! Gates at which upgrades stop: files. A migration says that it has come to its gate, and waits while it is closed, so that a
//! fault strikes in the middle of a step that is known, and not after some time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::chain::POSTGRES;
use crate::process::Problem;

const CLOSED: &str = "closed";

/// A directory of gates.
#[derive(Debug)]
pub(super) struct Gates {
    directory: PathBuf,
}

impl Gates {
    /// Makes the directory. Migrations run as somebody else.
    pub(super) fn make(directory: PathBuf) -> Result<Self, Problem> {
        let open = fs::create_dir(&directory)
            .and_then(|()| fs::set_permissions(&directory, fs::Permissions::from_mode(0o1777)));
        open.map_err(|source| Problem::File { path: directory.clone(), source })?;
        Ok(Self { directory })
    }

    /// What migrations import.
    pub(super) fn module(&self) -> String {
        format!(
            r#"import os
import time

from alembic import op

PLACE = {:?}


def hold(revision):
    gate = os.path.join(PLACE, f"{{revision}}.{{op.get_bind().dialect.name}}")
    here = f"{{gate}}.{{os.getpid()}}"
    open(here, "w").close()
    try:
        while os.path.exists(f"{{gate}}.{CLOSED}"):
            time.sleep(0.02)
    finally:
        os.remove(here)
"#,
            self.directory.display().to_string()
        )
    }

    /// Whoever comes to this revision on this target waits from now on.
    pub(super) fn close(&self, revision: &str, target: &str) -> Result<(), Problem> {
        let path = self.directory.join(format!("{}.{CLOSED}", gate(revision, target)));
        fs::write(&path, "").map_err(|source| Problem::File { path, source })
    }

    /// Opens them all.
    pub(super) fn open(&self) -> Result<(), Problem> {
        for path in self.files()? {
            if path.extension().is_some_and(|end| end == CLOSED) {
                fs::remove_file(&path).map_err(|source| Problem::File { path, source })?;
            }
        }
        Ok(())
    }

    /// The processes that are in this upgrade: numbers, and the workers among `workers` that they belong to.
    pub(super) fn at(&self, revision: &str, target: &str) -> Result<Vec<u32>, Problem> {
        let gate = format!("{}.", gate(revision, target));
        let here = |path: PathBuf| path.file_name()?.to_str()?.strip_prefix(&gate)?.parse::<u32>().ok();
        // One that was killed has left its file.
        let lives = |pid: &u32| Path::new("/proc").join(pid.to_string()).exists();
        Ok(self.files()?.into_iter().filter_map(here).filter(lives).collect())
    }

    /// Removes what killed processes have left.
    pub(super) fn clear(&self) -> Result<(), Problem> {
        for path in self.files()? {
            fs::remove_file(&path).map_err(|source| Problem::File { path, source })?;
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PathBuf>, Problem> {
        let failed = |source| Problem::File { path: self.directory.clone(), source };
        let entries = fs::read_dir(&self.directory).map_err(failed)?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
    }
}

/// As the migration knows it: by SQLAlchemy's dialect.
fn gate(revision: &str, target: &str) -> String {
    let dialect = if target == POSTGRES { "postgresql" } else { target };
    format!("{revision}.{dialect}")
}
