//! A container engine for the tests.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::process::{Problem, can_install, cannot_run, command, install, is_installed, read, succeeds};
use crate::workshop;

const START_LIMIT: Duration = Duration::from_secs(60);

/// Makes sure that an engine answers. On Debian and Ubuntu root gets one installed and started.
pub(crate) fn ensure() -> Result<(), Problem> {
    if answers() {
        return Ok(());
    }
    if std::env::var_os("DOCKER_HOST").is_some() || !can_install() {
        return Err(Problem::Missing(format!(
            "no container engine answers: {}\nstart Docker or Podman's Docker API, set DOCKER_HOST to where it \
             listens, or run this as root on Debian or Ubuntu, where it installs and starts one",
            match read(&mut version()) {
                Err(problem) => crate::process::with_causes(&problem),
                Ok(_) => "it does now; try again".to_owned(),
            }
        )));
    }
    if !is_installed("dockerd") {
        install(&["docker.io"])?;
    }
    if !is_installed("docker") {
        install(&["docker-cli"])?;
    }
    // The package may have started it.
    if answers() { Ok(()) } else { start() }
}

fn version() -> std::process::Command {
    command("docker", ["version", "--format", "{{.Server.Version}}"])
}

fn answers() -> bool {
    is_installed("docker") && succeeds(&mut version())
}

/// Starts an engine that outlives us.
fn start() -> Result<(), Problem> {
    let dir = workshop()?;
    let log = dir.join("dockerd.log");
    eprintln!("starting dockerd, which writes to {}", log.display());
    let file = |source| Problem::File { path: log.clone(), source };
    let out = File::create(&log).map_err(file)?;
    let err = out.try_clone().map_err(file)?;
    let mut dockerd = command("dockerd", []);
    // A process group of its own, so that Ctrl-C here does not end it.
    dockerd.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
    let mut dockerd_process = dockerd.spawn().map_err(|source| cannot_run(&dockerd, source))?;
    let pid_file = dir.join("dockerd.pid");
    fs::write(&pid_file, dockerd_process.id().to_string())
        .map_err(|source| Problem::File { path: pid_file, source })?;

    let deadline = Instant::now() + START_LIMIT;
    loop {
        if answers() {
            return Ok(());
        }
        let ended = dockerd_process.try_wait().map_err(|source| cannot_run(&dockerd, source))?;
        if let Some(status) = ended {
            let output = fs::read_to_string(&log).unwrap_or_default();
            return Err(Problem::Failed { command: "dockerd".to_owned(), status, output });
        }
        if Instant::now() > deadline {
            return Err(Problem::Missing(format!(
                "dockerd does not answer within {} s; see {}",
                START_LIMIT.as_secs(),
                log.display()
            )));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
