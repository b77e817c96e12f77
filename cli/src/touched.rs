//! Which suites a change touches.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use mrt_chain::settings::{Project, Suite};

use crate::error::CliError;

/// The suites that differ from what they were where the present branch left this one: committed or not.
pub(crate) fn since(project: &Project, suites: Vec<Suite>, reference: &str) -> Result<Vec<Suite>, CliError> {
    let root = &project.root;
    // An option is no reference.
    let base =
        git(root, ["merge-base".as_ref(), "--end-of-options".as_ref(), reference.as_ref(), "HEAD".as_ref()])?;
    let base = OsStr::from_bytes(base.trim_ascii());
    let diff = [
        "diff".as_ref(),
        "--name-only".as_ref(),
        "--no-renames".as_ref(),
        "-z".as_ref(),
        "--relative".as_ref(),
        base,
    ];
    let mut changed = paths(root, &git(root, diff)?);
    let untracked = ["ls-files", "--others", "--exclude-standard", "-z"].map(OsStr::new);
    changed.extend(paths(root, &git(root, untracked)?));
    Ok(suites.into_iter().filter(|suite| is_touched(project, suite, &changed)).collect())
}

/// Whether a change to one of these files may change what becomes of the suite: its own files, those that its settings
/// name, and the settings that all suites share.
fn is_touched(project: &Project, suite: &Suite, changed: &[PathBuf]) -> bool {
    let root = &project.root;
    let python = &suite.python;
    let shared = [root.join("mrt.toml"), project.baseline_path()];
    let mut own =
        vec![suite.dir.as_path(), suite.alembic.file.as_path(), suite.alembic.script_location.as_path()];
    own.extend(suite.alembic.version_locations.values().flatten().map(PathBuf::as_path));
    own.extend(python.requirements.iter().map(PathBuf::as_path));
    own.extend(python.project.as_deref());
    own.extend(shared.iter().map(PathBuf::as_path));
    changed.iter().any(|path| own.iter().any(|own| path.starts_with(own)))
}

fn paths(root: &Path, output: &[u8]) -> Vec<PathBuf> {
    let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| root.join(OsStr::from_bytes(name))).collect()
}

fn git<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Vec<u8>, CliError> {
    let arguments: Vec<OsString> = arguments.into_iter().map(OsStr::to_owned).collect();
    let command = || format!("git {}", arguments.join(OsStr::new(" ")).to_string_lossy());
    let output = Command::new("git").arg("-C").arg(root).args(&arguments).output();
    let output = output.map_err(|source| CliError::Git { command: command(), source })?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(CliError::GitSays { command: command(), reason });
    }
    Ok(output.stdout)
}
