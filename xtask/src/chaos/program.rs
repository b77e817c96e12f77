//! Programs that run beside us, each with its log in a file. They die with us, and what they leave becomes ours to see.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::wait::within;
use crate::process::{Problem, is_installed};

/// A running program.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    child: Child,
    pid: u32,
    log: PathBuf,
}

impl Program {
    /// Starts it; what it writes to standard error goes to `logs/NAME.log`, after what is there.
    pub(super) fn start<A: AsRef<OsStr>>(
        name: &str,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        environment: &[(String, String)],
        logs: &Path,
    ) -> Result<Self, Problem> {
        let log = logs.join(format!("{name}.log"));
        let opened = File::options().create(true).append(true).open(&log);
        let opened = opened.map_err(|source| Problem::File { path: log.clone(), source })?;
        let mut command = Command::from(dying_with_us(program, "KILL"));
        // Ours are not theirs.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MRT_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(opened);
        // A group of its own, so that Ctrl-C comes to us alone.
        command.process_group(0).kill_on_drop(true);
        let cannot = |source| Problem::CannotRun { program: program.display().to_string(), source };
        let child = command.spawn().map_err(cannot)?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { name: name.to_owned(), child, pid, log })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal; to one that has ended, none.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Problem> {
        if self.child.id().is_none() {
            return Ok(());
        }
        kill(pid(self.pid), signal)
            .map_err(|error| Problem::unusable(format!("cannot send {signal} to {}: {error}", self.name)))
    }

    /// SIGKILL; it is gone afterwards.
    pub(super) async fn kill(&mut self) -> Result<(), Problem> {
        self.signal(Signal::SIGKILL)?;
        self.ended(Duration::from_secs(30)).await.map(drop)
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self, limit: Duration) -> Result<ExitStatus, Problem> {
        let waited = tokio::time::timeout(limit, self.child.wait()).await;
        let waited = waited.map_err(|_| Problem::Late {
            what: format!("the end of {}", self.name),
            seconds: limit.as_secs(),
        })?;
        waited.map_err(|source| Problem::CannotRun { program: self.name.clone(), source })
    }

    /// Whether it still runs, as far as it is known.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has written to its log, by all programs of this name.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its log holds a text.
    pub(super) async fn says(&self, text: &str, limit: Duration) -> Result<(), Problem> {
        let what = format!("{:?} in the log of {}", text, self.name);
        within(limit, &what, async || Ok(self.said().contains(text).then_some(()))).await
    }
}

/// A program that gets this signal when we are gone, however we go. It has to be started by our main thread: that is whose end
/// the kernel means.
pub(super) fn dying_with_us(program: &Path, signal: &str) -> std::process::Command {
    if !is_installed("setpriv") {
        return std::process::Command::new(program);
    }
    let mut command = std::process::Command::new("setpriv");
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Makes us the parent of what our programs leave behind when they die, so that it can be seen.
pub(super) fn adopt() -> Result<(), Problem> {
    nix::sys::prctl::set_child_subreaper(true)
        .map_err(|error| Problem::unusable(format!("cannot look after left processes: {error}")))
}

/// The processes that were left to us and still run, by what they are called. None of `ours` is among them.
pub(super) fn adopted(ours: &[u32]) -> Vec<(u32, String)> {
    let me = std::process::id();
    let children = processes().into_iter().filter(|it| it.parent == me && !ours.contains(&it.pid));
    let running = children.filter(|it| {
        // The dead are ours to bury.
        it.state != 'Z' || waitpid(pid(it.pid), Some(WaitPidFlag::WNOHANG)).is_err()
    });
    running.map(|it| (it.pid, it.name)).collect()
}

/// Kills a process.
pub(super) fn end(process: u32) {
    // It may have ended by itself.
    let _ = kill(pid(process), Signal::SIGKILL);
}

/// Whether a process is `ancestor`, or comes from it.
pub(super) fn is_below(process: u32, ancestor: u32) -> bool {
    let processes = processes();
    let mut at = process;
    while at != ancestor {
        match processes.iter().find(|it| it.pid == at) {
            Some(it) => at = it.parent,
            None => return false,
        }
    }
    true
}

struct Process {
    pid: u32,
    parent: u32,
    state: char,
    name: String,
}

fn processes() -> Vec<Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stat = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The second field is the command in parentheses and may hold anything.
        let (head, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let name = head.split_once('(')?.1.to_owned();
        Some(Process { pid, parent, state, name })
    });
    stat.collect()
}

fn pid(process: u32) -> Pid {
    Pid::from_raw(process.cast_signed())
}
