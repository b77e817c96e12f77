//! What all faults share: the programs, the chain, its gates, and the report of a single process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::chain;
use super::gates::Gates;
use super::report::Report;
use crate::process::{Build, Problem, built, check};
use crate::{images, python, workshop};

/// The programs of the farm.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) cli: PathBuf,
    pub(super) coordinator: PathBuf,
    pub(super) worker: PathBuf,
}

/// See the module.
pub(super) struct Ground {
    pub(super) programs: Programs,
    /// What migrations run with.
    pub(super) python: PathBuf,
    pub(super) gates: Gates,
    /// The project's directory.
    pub(super) project: PathBuf,
    pub(super) revisions: usize,
    /// How long a worker may be silent.
    pub(super) lease: Duration,
    pub(super) reference: Report,
    /// How `mrt-cli` ends when the report is the reference.
    pub(super) exit_code: Option<i32>,
    /// What a single process takes.
    pub(super) alone: Duration,
    /// Where everything is that goes at the end.
    pub(super) place: TempDir,
}

impl Ground {
    /// Builds, and checks the chain in a single process.
    pub(super) fn prepare(build: Build, revisions: usize, lease: Duration) -> Result<Self, Problem> {
        let programs = programs(build)?;
        images::provide(&[chain::POSTGRES.to_owned()], false)?;
        let python = match std::env::var_os("MRT_TEST_PYTHON").filter(|path| !path.is_empty()) {
            Some(python) => PathBuf::from(python),
            None => python::environment("venv", "xtask/requirements.txt")?,
        };
        let made = tempfile::Builder::new().prefix("mrt-chaos-").tempdir();
        let place = made.map_err(|error| Problem::unusable(format!("no temporary directory: {error}")))?;
        open_to_all(place.path())?;
        let gates = Gates::make(place.path().join("gates"))?;
        let project = chain::write(&place.path().join("project"), revisions, &gates)?;
        let clock = Instant::now();
        let (reference, exit_code) = alone(&programs.cli, &python, &project, place.path())?;
        let alone = clock.elapsed();
        let verdicts: Vec<&str> = reference.verdicts().into_values().collect();
        if let Some(missing) = ["pass", "warn", "fail", "blocked"].iter().find(|it| !verdicts.contains(it)) {
            return Err(Problem::unusable(format!("the chain is too tame: no cell of it is `{missing}`")));
        }
        Ok(Self { programs, python, gates, project, revisions, lease, reference, exit_code, alone, place })
    }
}

fn programs(build: Build) -> Result<Programs, Problem> {
    let [cli, coordinator, worker] = built(build, ["mrt-cli", "mrt-coordinator", "mrt-worker"])?;
    Ok(Programs { cli, coordinator, worker })
}

/// The report of one process, which says what the farm has to say.
fn alone(cli: &Path, python: &Path, project: &Path, place: &Path) -> Result<(Report, Option<i32>), Problem> {
    let output = place.join("alone.json");
    let mut mrt = std::process::Command::new(cli);
    mrt.arg("run").arg(project).arg("--python").arg(python);
    mrt.args(["--quiet", "--format", "json", "--output"]).arg(&output);
    mrt.env("TMPDIR", place);
    let ended = mrt.output().map_err(|source| crate::process::cannot_run(&mrt, source))?;
    if !output.exists() {
        check(&mrt, ended.status, String::from_utf8_lossy(&ended.stderr).into_owned())?;
    }
    Ok((Report::read(&output)?, ended.status.code()))
}

/// Migrations run as somebody else, who has to come to their files.
pub(super) fn open_to_all(directory: &Path) -> Result<(), Problem> {
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755))
        .map_err(|source| Problem::File { path: directory.to_owned(), source })
}

/// An address of this machine at which nobody listens.
pub(super) fn free_address() -> Result<SocketAddr, Problem> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Problem::unusable(format!("there is no free port: {error}")))
}

/// Where the logs of a fault go; those of an earlier time go away.
pub(super) fn logs(fault: &str) -> Result<PathBuf, Problem> {
    let path = workshop()?.join("chaos").join(fault);
    // One that is not there need not go.
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).map_err(|source| Problem::File { path: path.clone(), source })?;
    Ok(path)
}
