//! How much memory the machine has free for this process: what the kernel says is available, or less if a control group (of a container,
//! say) or a limit on the address space leaves less. Where there is no `/proc`, [`ELSEWHERE`] is taken to be free.

use std::fs;
use std::path::{Path, PathBuf};

/// What is taken to be free on systems that are not asked.
pub const ELSEWHERE: usize = 8 << 30;

/// Bytes that can be taken without pushing anything else out of memory.
pub fn bytes() -> usize {
    let found = [available(Path::new("/")), address_space(Path::new("/")), control_groups(Path::new("/"))];
    found.into_iter().flatten().min().unwrap_or(ELSEWHERE)
}

fn read(root: &Path, file: &str) -> Option<String> {
    fs::read_to_string(root.join(file)).ok()
}

/// `MemAvailable` of `/proc/meminfo`, in KiB there.
fn available(root: &Path) -> Option<usize> {
    let text = read(root, "proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// What `ulimit -v` leaves.
fn address_space(root: &Path) -> Option<usize> {
    let limits = read(root, "proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: usize = line.split_whitespace().next()?.parse().ok()?;
    let status = read(root, "proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: usize = size.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(limit.saturating_sub(kib.saturating_mul(1024)))
}

/// The files of a version of control groups: what marks the line of `/proc/self/cgroup`, where the groups are, limit, use, and the name of
/// what is in use but can be given up at once.
struct Version {
    mark: fn(&str) -> Option<&str>,
    place: &'static str,
    limit: &'static str,
    usage: &'static str,
    cache: &'static str,
}

const VERSIONS: [Version; 2] = [
    Version {
        mark: |line| line.strip_prefix("0::"),
        place: "sys/fs/cgroup",
        limit: "memory.max",
        usage: "memory.current",
        cache: "inactive_file ",
    },
    Version {
        mark: |line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|one| one == "memory").then_some(path)
        },
        place: "sys/fs/cgroup/memory",
        limit: "memory.limit_in_bytes",
        usage: "memory.usage_in_bytes",
        cache: "total_inactive_file ",
    },
];

/// What the group of this process and those around it leave; nothing if none has a limit.
fn control_groups(root: &Path) -> Option<usize> {
    let lines = read(root, "proc/self/cgroup")?;
    let left = VERSIONS.iter().flat_map(|version| {
        let path = lines.lines().find_map(version.mark);
        let place = root.join(version.place);
        path.into_iter().flat_map(move |path| {
            // In a container the path may be that of the host, and only the outermost group is to be seen.
            let inner = place.join(path.trim_start_matches('/'));
            let groups: Vec<PathBuf> =
                inner.ancestors().take_while(|at| at.starts_with(&place)).map(PathBuf::from).collect();
            groups.into_iter().filter_map(|group| left(&group, version))
        })
    });
    left.min()
}

fn left(group: &Path, version: &Version) -> Option<usize> {
    let number = |file: &str| read(group, file)?.trim().parse::<usize>().ok();
    let limit = number(version.limit)?;
    let stat = read(group, "memory.stat").unwrap_or_default();
    let cache = stat.lines().find_map(|line| line.strip_prefix(version.cache)?.trim().parse::<usize>().ok());
    let used = number(version.usage)?.saturating_sub(cache.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn the_kernel_says_what_is_available() {
        let root = machine(&[
            ("proc/meminfo", "MemTotal:       16000000 kB\nMemFree: 12 kB\nMemAvailable:    8000000 kB\n"),
            (
                "proc/self/limits",
                "Limit  Soft Limit  Hard Limit  Units\nMax address space         5000000 unlimited bytes\n",
            ),
            ("proc/self/status", "Name:\truff\nVmSize:\t    1000 kB\n"),
        ]);
        assert_eq!(available(root.path()), Some(8_192_000_000));
        assert_eq!(address_space(root.path()), Some(5_000_000 - 1_024_000));
        let unlimited = machine(&[("proc/self/limits", "Max address space      unlimited unlimited bytes\n")]);
        assert_eq!((available(unlimited.path()), address_space(unlimited.path())), (None, None));
        if cfg!(target_os = "linux") {
            assert!(bytes() > 1 << 20 && available(Path::new("/")).is_some());
        }
    }

    #[test]
    fn groups_and_those_around_them_leave_what_the_least_leaves() {
        let second = machine(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/b/memory.current", "100\n"),
            ("sys/fs/cgroup/a/memory.max", "5000\n"),
            ("sys/fs/cgroup/a/memory.current", "3000\n"),
            ("sys/fs/cgroup/a/memory.stat", "active_file 7\ninactive_file 500\n"),
            ("sys/fs/cgroup/memory.max", "4000\n"),
            ("sys/fs/cgroup/memory.current", "1000\n"),
        ]);
        assert_eq!(control_groups(second.path()), Some(2500));
        let first = machine(&[
            ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 300\n"),
        ]);
        assert_eq!(control_groups(first.path()), Some(7300));
        assert_eq!(control_groups(machine(&[("proc/self/cgroup", "0::/\n")]).path()), None);
        assert_eq!(control_groups(machine(&[]).path()), None);
    }
}
