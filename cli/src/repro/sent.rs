//! The project of a cell.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mrt_bundle::{Digest, Limits, unpack};
use mrt_chain::settings::{Project, Suite};
use mrt_proto::v1;
use mrt_report::Cell;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::args::{Repro, Seed};
use crate::error::CliError;
use crate::farm::{Farm, Sent};
use crate::local::Place;
use crate::{saved, submission};

/// What a cell is checked of, and how.
pub(super) struct Subject {
    pub(super) place: Place,
    /// The suite, on the cell's target alone.
    pub(super) suite: Suite,
    pub(super) options: v1::CheckOptions,
    /// Where the project was put that was sent.
    pub(super) put: Put,
}

/// Where a project was put.
pub(super) enum Put {
    /// It lay there.
    Nowhere,
    /// Into the directory that was asked for.
    Asked(PathBuf),
    /// Where it goes with us.
    Temporary(TempDir),
}

impl Put {
    /// Leaves it there, and says where that is.
    pub(super) fn leave(self) -> Option<PathBuf> {
        match self {
            Self::Nowhere => None,
            Self::Asked(path) => Some(path),
            Self::Temporary(directory) => Some(directory.keep()),
        }
    }
}

/// Refuses a directory in which something is.
pub(super) fn is_free(directory: &Path) -> Result<(), CliError> {
    let failed = |source| CliError::Path { what: "the directory", path: directory.to_owned(), source };
    match fs::read_dir(directory) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(failed(io::ErrorKind::DirectoryNotEmpty.into())),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Gets the project of a cell.
pub(super) fn subject(
    arguments: &Repro,
    cell: &Cell,
    runtime: &tokio::runtime::Runtime,
    cancel: &CancellationToken,
) -> Result<Subject, CliError> {
    let here = PathBuf::from(".");
    if saved::file(&arguments.run).is_some() {
        let options = v1::CheckOptions { today: submission::today(), ..v1::CheckOptions::default() };
        return read(arguments, cell, Place::Own(here), options, Put::Nowhere);
    }
    let request = v1::FetchProjectRequest {
        run: arguments.run.clone(),
        suite: cell.suite.clone(),
        target: cell.target.clone(),
    };
    let fetch = |archive| {
        runtime.block_on(async {
            let farm = Farm::at(&arguments.connection)?;
            tokio::select! {
                sent = farm.project(&request, archive) => sent,
                () = cancel.cancelled() => Err(CliError::Interrupted),
            }
        })
    };
    if arguments.here {
        let Sent { options, .. } = fetch(None)?;
        return read(arguments, cell, Place::Own(here), options, Put::Nowhere);
    }
    let archive = tempfile::tempfile().map_err(CliError::Archive)?;
    let Sent { options, bundle } = fetch(Some(&archive))?;
    let bundle = bundle.ok_or_else(|| CliError::BundleGone { run: arguments.run.clone() })?;
    let (path, put) = match &arguments.directory {
        Some(directory) => {
            let path = std::path::absolute(directory).map_err(CliError::Archive)?;
            (path.clone(), Put::Asked(path))
        }
        None => {
            let directory = tempfile::Builder::new()
                .prefix("mrt-repro-")
                // To be gone through by the user as whom migrations run where we are root.
                .permissions(Permissions::from_mode(0o711))
                .tempdir()
                .map_err(CliError::Archive)?;
            (directory.path().join("project"), Put::Temporary(directory))
        }
    };
    put_into(&path, &archive, bundle)?;
    read(arguments, cell, Place::Copy(path), options, put)
}

fn put_into(path: &Path, archive: &File, bundle: Digest) -> Result<(), CliError> {
    unpack(archive, bundle, path, Limits::default()).map_err(CliError::Bundle)?;
    fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(CliError::Archive)
}

/// Reads the suite of a cell out of its project, as a worker does.
fn read(
    arguments: &Repro,
    cell: &Cell,
    place: Place,
    mut options: v1::CheckOptions,
    put: Put,
) -> Result<Subject, CliError> {
    let (Place::Own(root) | Place::Copy(root)) = &place;
    // A name, and no way out of the project.
    let is_name = Path::new(&options.settings).file_name() == Some(options.settings.as_ref());
    let project = Project::load(&if is_name { root.join(&options.settings) } else { root.clone() })
        .map_err(CliError::Settings)?;
    let wanted = |suite: &Suite| suite.name == cell.suite;
    let suite = match project.suites.as_slice() {
        // One that does not say its name has that of its directory, which may be another one here.
        [only] => Some(only),
        suites => suites.iter().find(|suite| wanted(suite)),
    };
    let mut suite = suite.cloned().ok_or_else(|| {
        let dir = root.display();
        CliError::usage(format!("the project in {dir} has no suite {}, which the report names", cell.suite))
    })?;
    // Rows are made of it.
    suite.name.clone_from(&cell.suite);
    suite.select_targets(std::slice::from_ref(&cell.target)).map_err(CliError::Target)?;
    options.settings = project.file.to_string_lossy().into_owned();
    options.seed_all |= arguments.check.seed == Seed::All;
    if let Some(limit) = arguments.check.timeout {
        options.timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    }
    Ok(Subject { place, suite, options, put })
}
