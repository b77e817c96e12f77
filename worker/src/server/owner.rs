//! Whose a container is, and whether its owner is gone.
//!
//! Labels cannot change, so a container says from the start who made it: a process is known by its number, its
//! start time, and the kernel and process namespace in which these hold. Where they do not hold (another machine
//! uses the same engine), only age is left to tell.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

/// Who made the container: one [`Docker`](super::docker::Docker) or [`Kubernetes`](super::kubernetes::Kubernetes) of one process.
pub(super) const OWNER: &str = "mrt.owner";
const PID: &str = "mrt.pid";
const PID_STARTED: &str = "mrt.pid-started";
const HOST: &str = "mrt.host";
const EXPIRES: &str = "mrt.expires";

/// How long a container may live where nobody can ask after its owner.
pub(super) const LIFE: Duration = Duration::from_secs(6 * 60 * 60);

/// This process as the maker of containers.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// Random.
    pub(super) id: String,
    pid: u32,
    started: Option<u64>,
    host: Option<String>,
}

impl Owner {
    pub(super) fn this_process(id: String) -> Self {
        let pid = std::process::id();
        let started = match process(pid) {
            Process::Running { started } => Some(started),
            Process::Unknown | Process::Gone => None,
        };
        Self { id, pid, started, host: host() }
    }

    /// The labels of a container that is made now.
    pub(super) fn labels(&self, now: SystemTime) -> HashMap<String, String> {
        let mut labels = HashMap::from([
            (OWNER.to_owned(), self.id.clone()),
            (PID.to_owned(), self.pid.to_string()),
            (EXPIRES.to_owned(), seconds(now + LIFE).to_string()),
        ]);
        if let (Some(started), Some(host)) = (self.started, &self.host) {
            labels.insert(PID_STARTED.to_owned(), started.to_string());
            labels.insert(HOST.to_owned(), host.clone());
        }
        labels
    }

    /// Whether nobody is left who could use the container with these labels.
    pub(super) fn finds_abandoned(&self, labels: &HashMap<String, String>, now: SystemTime) -> bool {
        let number = |key: &str| labels.get(key).and_then(|value| value.parse::<u64>().ok());
        if labels.get(OWNER) == Some(&self.id) {
            return false;
        }
        let pid = number(PID).and_then(|pid| u32::try_from(pid).ok());
        let same_host = self.host.is_some() && labels.get(HOST) == self.host.as_ref();
        if let (true, Some(pid), Some(started)) = (same_host, pid, number(PID_STARTED)) {
            return match process(pid) {
                Process::Running { started: now_started } => started != now_started,
                Process::Gone => true,
                Process::Unknown => false,
            };
        }
        // A container of ours always has an expiry; one without is not ours to judge.
        number(EXPIRES).is_some_and(|expires| expires < seconds(now))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

enum Process {
    Running {
        /// Clock ticks after the start of the kernel.
        started: u64,
    },
    Gone,
    /// It may be there, but we are not let see it.
    Unknown,
}

fn process(pid: u32) -> Process {
    if let Some(process) =
        fs::read_to_string(format!("/proc/{pid}/stat")).ok().as_deref().and_then(parse_stat)
    {
        return process;
    }
    match i32::try_from(pid).map(|pid| kill(Pid::from_raw(pid), None)) {
        Ok(Err(Errno::ESRCH)) => Process::Gone,
        _ => Process::Unknown,
    }
}

/// Reads `/proc/PID/stat`. The second field is the program's name in parentheses, which may hold anything.
fn parse_stat(stat: &str) -> Option<Process> {
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?;
    // The start time is field 22; the state was field 3.
    let started = fields.nth(18)?.parse().ok()?;
    Some(match state {
        // Dead, and only waiting for its parent to notice.
        "Z" | "X" => Process::Gone,
        _ => Process::Running { started },
    })
}

/// The kernel that runs now, and the namespace in which its process numbers hold for us.
fn host() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn me() -> Owner {
        Owner::this_process("me".to_owned())
    }

    fn labels(change: impl FnOnce(&mut Owner)) -> HashMap<String, String> {
        let mut owner = Owner::this_process("other".to_owned());
        change(&mut owner);
        owner.labels(SystemTime::now())
    }

    fn after(time: Duration) -> SystemTime {
        SystemTime::now() + time
    }

    const LATER: Duration = Duration::from_secs(7 * 60 * 60);

    #[test]
    fn a_living_process_keeps_its_containers_however_old() {
        assert!(!me().finds_abandoned(&labels(|_| {}), after(LATER)));
    }

    #[test]
    fn a_dead_process_loses_its_containers_at_once() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(me().finds_abandoned(&labels(|owner| owner.pid = pid), SystemTime::now()));
    }

    #[test]
    fn a_dead_process_that_nobody_has_reaped_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        while !stat().contains(") Z ") {
            std::thread::yield_now();
        }
        let started = stat()[stat().rfind(')').unwrap() + 1..].split(' ').nth(20).unwrap().parse().unwrap();
        let dead = labels(|owner| (owner.pid, owner.started) = (child.id(), Some(started)));
        assert!(me().finds_abandoned(&dead, SystemTime::now()));
        child.wait().unwrap();
    }

    #[test]
    fn a_process_number_that_was_given_to_another_process_is_no_owner() {
        let reused = labels(|owner| owner.started = owner.started.map(|ticks| ticks - 1));
        assert!(me().finds_abandoned(&reused, SystemTime::now()));
    }

    #[test]
    fn where_process_numbers_mean_nothing_age_decides() {
        let elsewhere = labels(|owner| owner.host = Some("another machine".to_owned()));
        assert!(!me().finds_abandoned(&elsewhere, SystemTime::now()));
        assert!(me().finds_abandoned(&elsewhere, after(LATER)));
        let unknown = labels(|owner| (owner.pid, owner.host) = (1, None));
        assert!(!me().finds_abandoned(&unknown, SystemTime::now()));
    }

    #[test]
    fn ones_own_and_unlabelled_containers_stay() {
        let own = Owner { host: None, ..me() }.labels(SystemTime::now());
        assert!(!me().finds_abandoned(&own, after(LATER)));
        let foreign = HashMap::from([(OWNER.to_owned(), "somebody".to_owned())]);
        assert!(!me().finds_abandoned(&foreign, after(LATER)));
    }

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "7 (a) Z (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        assert!(matches!(parse_stat(stat), Some(Process::Running { started: 4242 })));
    }
}
