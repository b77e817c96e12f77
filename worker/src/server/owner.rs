//! Whose a container is, and whether its owner is gone.
//!
//! Labels cannot change, so a container says from the start who made it: a process is known by its number, its
//! start time, and the kernel and process namespace in which these hold. A process that is itself in a container of the
//! same engine has a namespace of its own, so its container says also which one that is, and when that was started:
//! the engine knows whether it still runs. Where nothing of this holds (another machine uses the same engine), only age
//! is left to tell.

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
const CONTAINER: &str = "mrt.container";
const CONTAINER_STARTED: &str = "mrt.container-started";
const EXPIRES: &str = "mrt.expires";

/// How long a container may live where nobody can ask after its owner.
pub(super) const LIFE: Duration = Duration::from_secs(6 * 60 * 60);

/// The container that a process is in, from one start of it to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) container: String,
    /// As the engine says it.
    pub(super) started: String,
}

/// Whether nobody is left who could use a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Abandoned {
    Yes,
    No,
    /// Yes, unless this is still so: the engine has to be asked.
    Unless(Home),
}

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

    /// The labels of a container that is made now, by a process that is in this container if in any.
    pub(super) fn labels(&self, home: Option<&Home>, now: SystemTime) -> HashMap<String, String> {
        let mut labels = HashMap::from([
            (OWNER.to_owned(), self.id.clone()),
            (PID.to_owned(), self.pid.to_string()),
            (EXPIRES.to_owned(), seconds(now + LIFE).to_string()),
        ]);
        if let (Some(started), Some(host)) = (self.started, &self.host) {
            labels.insert(PID_STARTED.to_owned(), started.to_string());
            labels.insert(HOST.to_owned(), host.clone());
        }
        if let Some(home) = home {
            labels.insert(CONTAINER.to_owned(), home.container.clone());
            labels.insert(CONTAINER_STARTED.to_owned(), home.started.clone());
        }
        labels
    }

    /// Whether nobody is left who could use the container with these labels.
    pub(super) fn finds_abandoned(&self, labels: &HashMap<String, String>, now: SystemTime) -> Abandoned {
        let number = |key: &str| labels.get(key).and_then(|value| value.parse::<u64>().ok());
        if labels.get(OWNER) == Some(&self.id) {
            return Abandoned::No;
        }
        let pid = number(PID).and_then(|pid| u32::try_from(pid).ok());
        let same_host = self.host.is_some() && labels.get(HOST) == self.host.as_ref();
        if let (true, Some(pid), Some(started)) = (same_host, pid, number(PID_STARTED)) {
            return match process(pid) {
                Process::Running { started: now_started } => (started != now_started).into(),
                Process::Gone => Abandoned::Yes,
                Process::Unknown => Abandoned::No,
            };
        }
        if let (Some(container), Some(started)) = (labels.get(CONTAINER), labels.get(CONTAINER_STARTED)) {
            return Abandoned::Unless(Home { container: container.clone(), started: started.clone() });
        }
        // A container of ours always has an expiry; one without is not ours to judge.
        number(EXPIRES).is_some_and(|expires| expires < seconds(now)).into()
    }
}

impl From<bool> for Abandoned {
    fn from(is_abandoned: bool) -> Self {
        if is_abandoned { Self::Yes } else { Self::No }
    }
}

/// The container that this process is in, by the name that its engine gave it. The engine that we use may be another one.
pub(super) fn own_container() -> Option<String> {
    container_of(&fs::read_to_string("/proc/self/mountinfo").ok()?)
}

/// Engines mount files from the container's own directory, which is named by its id.
fn container_of(mounts: &str) -> Option<String> {
    const FILES: [&str; 3] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
    let is_id = |part: &&str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    mounts.lines().find_map(|line| {
        // Id, parent, device, what of that is mounted, and where.
        let mut fields = line.split(' ').skip(3);
        let (mounted, place) = (fields.next()?, fields.next()?);
        let id = mounted.split('/').find(is_id)?;
        FILES.contains(&place).then(|| id.to_owned())
    })
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
        owner.labels(None, SystemTime::now())
    }

    fn is_abandoned(labels: &HashMap<String, String>, now: SystemTime) -> bool {
        me().finds_abandoned(labels, now) == Abandoned::Yes
    }

    fn after(time: Duration) -> SystemTime {
        SystemTime::now() + time
    }

    const LATER: Duration = Duration::from_secs(7 * 60 * 60);

    #[test]
    fn a_living_process_keeps_its_containers_however_old() {
        assert!(!is_abandoned(&labels(|_| {}), after(LATER)));
    }

    #[test]
    fn a_dead_process_loses_its_containers_at_once() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(is_abandoned(&labels(|owner| owner.pid = pid), SystemTime::now()));
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
        assert!(is_abandoned(&dead, SystemTime::now()));
        child.wait().unwrap();
    }

    #[test]
    fn a_process_number_that_was_given_to_another_process_is_no_owner() {
        let reused = labels(|owner| owner.started = owner.started.map(|ticks| ticks - 1));
        assert!(is_abandoned(&reused, SystemTime::now()));
    }

    #[test]
    fn where_process_numbers_mean_nothing_age_decides() {
        let elsewhere = labels(|owner| owner.host = Some("another machine".to_owned()));
        assert!(!is_abandoned(&elsewhere, SystemTime::now()));
        assert!(is_abandoned(&elsewhere, after(LATER)));
        let unknown = labels(|owner| (owner.pid, owner.host) = (1, None));
        assert!(!is_abandoned(&unknown, SystemTime::now()));
    }

    #[test]
    fn ones_own_and_unlabelled_containers_stay() {
        let own = Owner { host: None, ..me() }.labels(None, SystemTime::now());
        assert!(!is_abandoned(&own, after(LATER)));
        let foreign = HashMap::from([(OWNER.to_owned(), "somebody".to_owned())]);
        assert!(!is_abandoned(&foreign, after(LATER)));
    }

    #[test]
    fn of_a_process_in_a_container_the_engine_knows() {
        let home = Home { container: "c1".to_owned(), started: "2026-01-01T00:00:00.5Z".to_owned() };
        let inside = |host: &str| {
            let owner = Owner { host: Some(host.to_owned()), ..Owner::this_process("other".to_owned()) };
            owner.labels(Some(&home), SystemTime::now())
        };
        let found = me().finds_abandoned(&inside("another namespace"), after(LATER));
        assert_eq!(found, Abandoned::Unless(home.clone()));
        // Who can see the process itself need not ask.
        let own = me().host.unwrap();
        assert_eq!(me().finds_abandoned(&inside(&own), after(LATER)), Abandoned::No);
    }

    #[test]
    fn the_container_of_a_process_is_told_by_its_mounts() {
        let id = "4f".repeat(32);
        let docker = format!(
            "1 2 8:1 / / rw - overlay overlay rw\n3 2 8:1 /var/lib/docker/containers/{id}/hosts /etc/hosts rw"
        );
        assert_eq!(container_of(&docker), Some(id.clone()));
        let podman =
            format!("3 2 0:9 /containers/overlay-containers/{id}/userdata/hostname /etc/hostname rw,nosuid");
        assert_eq!(container_of(&podman), Some(id.clone()));
        let other = format!("3 2 8:1 /srv/{id} /data rw\n4 2 8:1 /etc/hosts /etc/hosts rw\n5");
        assert_eq!(container_of(&other), None);
    }

    #[test]
    fn a_program_may_be_called_anything() {
        let stat = "7 (a) Z (b) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        assert!(matches!(parse_stat(stat), Some(Process::Running { started: 4242 })));
    }
}
