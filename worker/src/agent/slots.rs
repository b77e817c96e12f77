//! How much a machine can check side by side.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// What a cell takes at most, more or less: a database server, its interpreter, what both write in memory.
const SLOT: u64 = 1 << 30;

/// How many cells this machine can check side by side, by its processors and its memory, and what a container's limits leave
/// of them.
pub fn default_slots() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let memory = memory(Path::new("/"));
    slots(cores, memory)
}

fn slots(cores: NonZeroUsize, memory: Option<u64>) -> NonZeroUsize {
    // A machine that is sold with 8 GiB shows a little less.
    let fitting = memory.map(|bytes| bytes.saturating_add(SLOT / 4) / SLOT);
    let fitting = fitting.and_then(|slots| usize::try_from(slots).ok()).unwrap_or(usize::MAX);
    cores.min(NonZeroUsize::new(fitting).unwrap_or(NonZeroUsize::MIN))
}

/// Bytes of memory that this process may use: the machine's, or what its control groups allow.
fn memory(root: &Path) -> Option<u64> {
    let machine = fs::read_to_string(root.join("proc/meminfo")).ok().and_then(|text| total(&text));
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let files = groups.lines().flat_map(|line| limit_files(root, line));
    let limits = files.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    machine.into_iter().chain(limits).min()
}

fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1 << 10)
}

/// Where the limits of a group (a line of `/proc/self/cgroup`) and of those around it stand. In a container the group may be
/// named as it is outside, and then only the outermost is there.
fn limit_files(root: &Path, line: &str) -> Vec<PathBuf> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { return Vec::new() };
    let (mount, name) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        _ if controllers.split(',').any(|controller| controller == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    let mount = root.join(mount);
    let group = Path::new(group.trim_start_matches('/'));
    group.ancestors().map(|group| mount.join(group).join(name)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn machine(files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        memory(root.path())
    }

    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       16384 kB\nMemFree:         1024 kB\nSwapTotal:   9999999 kB\n");

    #[test]
    fn the_smaller_of_cores_and_memory_counts() {
        let of = |cores, memory| slots(NonZeroUsize::new(cores).unwrap(), memory).get();
        assert_eq!(of(8, Some(16 << 30)), 8);
        assert_eq!(of(8, Some(4 << 30)), 4);
        // 8 GiB less what the firmware keeps.
        assert_eq!(of(16, Some(8_000_000_000)), 7);
        assert_eq!(of(16, Some((8 << 30) - (200 << 20))), 8);
        assert_eq!(of(8, Some(1)), 1);
        assert_eq!(of(8, None), 8);
    }

    #[test]
    fn the_machines_memory_is_read() {
        assert_eq!(machine(&[MEMINFO]), Some(16 << 20));
        assert_eq!(machine(&[]), None);
        assert_eq!(machine(&[("proc/meminfo", "MemTotal: a lot\n")]), None);
    }

    #[test]
    fn a_groups_limit_counts_and_that_of_a_group_around_it() {
        let group = ("proc/self/cgroup", "0::/outer/inner\n");
        let limits = |inner, outer| {
            machine(&[
                MEMINFO,
                group,
                ("sys/fs/cgroup/outer/inner/memory.max", inner),
                ("sys/fs/cgroup/outer/memory.max", outer),
            ])
        };
        assert_eq!(limits("1048576\n", "max\n"), Some(1 << 20));
        assert_eq!(limits("max\n", "2097152\n"), Some(2 << 20));
        assert_eq!(limits("max\n", "max\n"), Some(16 << 20));
        // More than there is helps nobody.
        assert_eq!(limits("1099511627776\n", "max\n"), Some(16 << 20));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_outermost() {
        let limit = ("sys/fs/cgroup/memory.max", "4194304\n");
        assert_eq!(machine(&[MEMINFO, ("proc/self/cgroup", "0::/\n"), limit]), Some(4 << 20));
        assert_eq!(machine(&[MEMINFO, ("proc/self/cgroup", "0::/docker/12ab\n"), limit]), Some(4 << 20));
    }

    #[test]
    fn groups_of_the_first_version_are_known() {
        let groups = ("proc/self/cgroup", "12:cpu,cpuacct:/docker/12ab\n11:memory:/docker/12ab\n0::/\n");
        let limit = ("sys/fs/cgroup/memory/docker/12ab/memory.limit_in_bytes", "5242880\n");
        assert_eq!(machine(&[MEMINFO, groups, limit]), Some(5 << 20));
        let around = ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3145728\n");
        assert_eq!(machine(&[MEMINFO, groups, limit, around]), Some(3 << 20));
    }
}
