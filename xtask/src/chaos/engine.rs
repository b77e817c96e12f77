//! A container engine of our own, which can be restarted without anybody else's noticing: other data, another socket, another
//! bridge, and no rules for packets.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::chain::POSTGRES;
use super::containers::Docker;
use super::program::dying_with_us;
use crate::process::{Problem, cannot_run, command, is_installed, is_root, read, succeeds};

/// A name that fits into what the kernel allows.
const BRIDGE: &str = "mrt-chaos0";
/// Of a range that is for experiments (RFC 2544), so that it is nobody's.
const SUBNET: &str = "198.19.250.1/24";
const LIMIT: Duration = Duration::from_secs(60);

/// A running engine. It goes with its containers when this is dropped. It is for the main thread, which it keeps waiting.
pub(super) struct Engine {
    directory: PathBuf,
    process: Child,
}

impl Engine {
    /// Starts one in this directory, and gives it the images that the farm needs.
    pub(super) fn start(directory: &Path) -> Result<Self, Problem> {
        let missing = ["dockerd", "ip"].into_iter().find(|program| !is_installed(program));
        if let (false, _) | (_, Some(_)) = (is_root(), missing) {
            let what = missing.map_or("only root can do that".to_owned(), |it| format!("{it} is not there"));
            return Err(Problem::Missing(format!("no container engine of our own: {what}")));
        }
        tidy(directory);
        fs::create_dir_all(directory)
            .map_err(|source| Problem::File { path: directory.to_owned(), source })?;
        read(&mut command("ip", ["link", "add", "name", BRIDGE, "type", "bridge"]))?;
        read(&mut command("ip", ["address", "add", SUBNET, "dev", BRIDGE]))?;
        read(&mut command("ip", ["link", "set", BRIDGE, "up"]))?;
        let engine = Self { directory: directory.to_owned(), process: spawn(directory)? };
        engine.wait()?;
        let archive = directory.join("image.tar").display().to_string();
        read(&mut command("docker", ["save", "--output", &archive, POSTGRES]))?;
        read(&mut engine.docker().command(["load", "--input", &archive]))?;
        // A third of a gigabyte.
        fs::remove_file(&archive).map_err(|source| Problem::File { path: archive.into(), source })?;
        Ok(engine)
    }

    /// Its client.
    pub(super) fn docker(&self) -> Docker {
        Docker { host: Some(format!("unix://{}", socket(&self.directory).display())) }
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as an upgrade of the package does: its containers end with it.
    pub(super) fn stop(&mut self) -> Result<(), Problem> {
        let pid = Pid::from_raw(self.process.id().cast_signed());
        kill(pid, Signal::SIGTERM)
            .map_err(|error| Problem::unusable(format!("cannot stop dockerd: {error}")))?;
        let deadline = Instant::now() + LIMIT;
        loop {
            let ended = self.process.try_wait();
            let ended =
                ended.map_err(|error| Problem::unusable(format!("cannot wait for dockerd: {error}")))?;
            if ended.is_some() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Problem::Late {
                    what: "the end of dockerd".to_owned(),
                    seconds: LIMIT.as_secs(),
                });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts it again after that.
    pub(super) fn start_again(&mut self) -> Result<(), Problem> {
        self.process = spawn(&self.directory)?;
        self.wait()
    }

    fn wait(&self) -> Result<(), Problem> {
        let deadline = Instant::now() + LIMIT;
        while !succeeds(&mut self.docker().command(["version"])) {
            if Instant::now() > deadline {
                let what = format!("dockerd, whose log is {}", log(&self.directory).display());
                return Err(Problem::Late { what, seconds: LIMIT.as_secs() });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let left = read(&mut self.docker().command(["ps", "--all", "--quiet"])).unwrap_or_default();
        let remove = ["rm", "--force", "--volumes"].into_iter().chain(left.lines());
        if !left.is_empty() && !succeeds(&mut self.docker().command(remove)) {
            eprintln!("warning: containers are left in {}", self.directory.display());
        }
        if self.stop().is_err() {
            // It is ours, and may have ended before.
            let _ = self.process.kill().and_then(|()| self.process.wait());
        }
        tidy(&self.directory);
    }
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("docker.sock")
}

fn log(directory: &Path) -> PathBuf {
    directory.join("dockerd.log")
}

fn spawn(directory: &Path) -> Result<Child, Problem> {
    let log = log(directory);
    let file = |source| Problem::File { path: log.clone(), source };
    let out = File::options().create(true).append(true).open(&log).map_err(file)?;
    let err = out.try_clone().map_err(file)?;
    let mut dockerd = dying_with_us(Path::new("dockerd"), "TERM");
    dockerd.args(["--host", &format!("unix://{}", socket(directory).display())]);
    for (option, name) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid")] {
        dockerd.arg(option).arg(directory.join(name));
    }
    // Chains of rules have names that all engines share.
    dockerd.args(["--bridge", BRIDGE, "--iptables=false", "--ip6tables=false"]);
    dockerd.args(["--ip-forward=false", "--ip-masq=false"]);
    dockerd.env_remove("DOCKER_HOST").stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
    dockerd.spawn().map_err(|source| cannot_run(&dockerd, source))
}

/// Removes what an engine has left, whether it ended well or was killed.
fn tidy(directory: &Path) {
    if let Ok(mounts) = fs::read_to_string("/proc/self/mounts") {
        let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for place in places.filter(|place| Path::new(place).starts_with(directory)) {
            succeeds(&mut command("umount", ["--lazy", place]));
        }
    }
    if Path::new("/sys/class/net").join(BRIDGE).exists() {
        succeeds(&mut command("ip", ["link", "delete", BRIDGE]));
    }
    // Where it cannot be removed the next start says so.
    let _ = fs::remove_dir_all(directory);
}
