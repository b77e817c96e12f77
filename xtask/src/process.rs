//! Running programs, and what can go wrong with it.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

/// Why a task could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A program is not there or cannot be run.
    #[error("cannot run {program}")]
    CannotRun {
        program: String,
        #[source]
        source: io::Error,
    },
    /// A program ran and failed.
    #[error("`{command}` failed ({status}){}", excerpt(output))]
    Failed { command: String, status: ExitStatus, output: String },
    /// A file cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// What was waited for did not come.
    #[error("waited {seconds} s for {what}")]
    Late { what: String, seconds: u64 },
    /// Something is missing that a person has to provide.
    #[error("{0}")]
    Missing(String),
    /// Something is there and cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl Problem {
    pub(crate) fn unusable(what: impl Into<String>) -> Self {
        Self::Unusable(what.into())
    }
}

/// The last lines of an output, after a colon; nothing of nothing.
pub(crate) fn excerpt(output: &str) -> String {
    let lines: Vec<_> = output.trim().lines().collect();
    let last = &lines[lines.len().saturating_sub(15)..];
    if last.is_empty() { String::new() } else { format!(":\n{}", last.join("\n")) }
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// `program` with these arguments.
pub(crate) fn command<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Runs a command with its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), Problem> {
    let status = command.status().map_err(|source| cannot_run(command, source))?;
    check(command, status, String::new())
}

/// Runs a command and returns what it wrote to stdout; the rest is shown when it fails.
pub(crate) fn read(command: &mut Command) -> Result<String, Problem> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| cannot_run(command, source))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    check(command, output.status, format!("{stdout}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(stdout.trim().to_owned())
}

/// Whether a command is there and ends well; its output is thrown away.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    read(command).is_ok()
}

/// Whether a program can be found.
pub(crate) fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps an administrator's programs out of other users' path.
    let usual = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).any(|dir| dir.join(program).is_file())
}

/// Whether we are root and this is a machine with Debian's package manager.
pub(crate) fn can_install() -> bool {
    is_root() && is_installed("apt-get")
}

pub(crate) fn is_root() -> bool {
    read(&mut command("id", ["-u"])).is_ok_and(|id| id == "0")
}

/// Installs Debian packages.
pub(crate) fn install(packages: &[&str]) -> Result<(), Problem> {
    eprintln!("installing {}", packages.join(", "));
    // A third party's source that is out of order must not stop us: what counts is whether the install works.
    succeeds(command("apt-get", ["update", "-q"]).env("DEBIAN_FRONTEND", "noninteractive"));
    let arguments = ["install", "-q", "-y"].into_iter().chain(packages.iter().copied());
    read(command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive")).map(drop)
}

pub(crate) fn cannot_run(command: &Command, source: io::Error) -> Problem {
    Problem::CannotRun { program: command.get_program().to_string_lossy().into_owned(), source }
}

pub(crate) fn check(command: &Command, status: ExitStatus, output: String) -> Result<(), Problem> {
    match status.success() {
        true => Ok(()),
        false => Err(Problem::Failed { command: shown(command), status, output }),
    }
}

/// A command as it would be typed.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// How the product is built.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Build {
    /// As people use it.
    #[default]
    Release,
    /// As the tests have it: when they have run it is there, and a second build of everything would take longer than what it
    /// speeds up.
    Tests,
}

impl Build {
    /// Where its programs lie, from the repository's root.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Release => "target/release",
            Self::Tests => "target/debug",
        }
    }
}

/// The product.
pub(crate) fn mrt_cli(build: Build) -> Result<PathBuf, Problem> {
    built(build, ["mrt-cli"]).map(|[program]| program)
}

/// Programs of the product, each named as its package.
pub(crate) fn built<const N: usize>(build: Build, packages: [&str; N]) -> Result<[PathBuf; N], Problem> {
    let arguments = match build {
        Build::Release => {
            let named = packages.iter().flat_map(|package| ["--package", package]);
            ["build", "--quiet", "--release"].into_iter().chain(named).collect()
        }
        // With fewer packages or targets cargo may choose other features, and compile anew.
        Build::Tests => vec!["test", "--quiet", "--no-run", "--workspace"],
    };
    run(command("cargo", arguments).current_dir(crate::root()))?;
    Ok(packages.map(|package| crate::root().join(build.directory()).join(package)))
}
