//! A container engine for the tests.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::process::{Problem, can_install, command, excerpt, install, is_installed, read, succeeds};
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

/// Starts an engine that outlives us, and is nobody's child: neither it nor what it starts is found among the
/// processes that tests leave behind.
fn start() -> Result<(), Problem> {
    let log = workshop()?.join("dockerd.log");
    eprintln!("starting dockerd, which writes to {}", log.display());
    // A session of its own, so that Ctrl-C here does not end it.
    let mut start = command("sh", ["-c", r#"setsid dockerd </dev/null >"$0" 2>&1 & echo $!"#]);
    let pid = read(start.arg(&log))?;
    let process = PathBuf::from("/proc").join(pid.trim());

    let deadline = Instant::now() + START_LIMIT;
    loop {
        if answers() {
            return Ok(());
        }
        if !process.exists() {
            return Err(Problem::Unusable(format!(
                "dockerd does not start; its last words{}",
                excerpt(&fs::read_to_string(&log).unwrap_or_default())
            )));
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
