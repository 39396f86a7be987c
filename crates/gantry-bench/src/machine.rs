//! The machine that figures are from.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// What a reader needs to know of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// The processor's name.
    pub(crate) processor: String,
    /// Its cores, as the scheduler sees them.
    pub(crate) cores: usize,
    /// Memory.
    pub(crate) memory_gib: u64,
    /// What the servers' data is on: file system, device, and whether that spins.
    pub(crate) disk: String,
    /// The kernel's release.
    pub(crate) kernel: String,
}

impl Machine {
    /// This machine, with the disk that `directory` is on.
    pub(crate) fn here(directory: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        let kib =
            value(&memory, "MemTotal").and_then(|text| text.strip_suffix(" kB")?.parse().ok());
        Self {
            processor: value(&cpu, "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            // A GiB that the kernel keeps for itself is in the machine all the same.
            memory_gib: kib.map_or(0, |kib: u64| kib.div_ceil(1 << 20)),
            disk: disk(&read("/proc/self/mountinfo"), directory),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// The value of a `name : value` line.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim())
    })
}

/// `ext4 on /dev/vda`, from the longest mount point above the directory (proc(5), mountinfo).
fn disk(mounts: &str, directory: &Path) -> String {
    let mount = |line: &str| {
        let (mount, source) = line.split_once(" - ")?;
        let point = mount.split(' ').nth(4)?.to_owned();
        let mut source = source.split(' ');
        let (kind, device) = (source.next()?, source.next()?);
        directory.starts_with(&point).then(|| (point.len(), format!("{kind} on {device}")))
    };
    mounts
        .lines()
        .filter_map(mount)
        .max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, disk)| disk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_that_of_the_innermost_mount() {
        let mounts = "22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
23 22 0:5 / /tmp rw - tmpfs tmpfs rw
24 22 254:1 / /data rw - xfs /dev/vdb rw";
        assert_eq!(disk(mounts, Path::new("/data/bench")), "xfs on /dev/vdb");
        assert_eq!(disk(mounts, Path::new("/work")), "ext4 on /dev/vda");
    }

    #[test]
    fn this_machine_has_cores_and_memory() {
        let machine = Machine::here(Path::new("/"));
        assert!(machine.cores > 0 && machine.memory_gib > 0, "{machine:?}");
    }
}
