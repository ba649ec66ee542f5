//! The memory of the machine, of the container, and of this process (Linux, proc(5) and cgroups(7)).

use std::fs;

/// Where the system does not tell how much there is.
const UNKNOWN: u64 = 4 << 30;

/// A container's limit: control groups of version 2 (which say `max` for none), and of version 1 (a huge number).
const CONTAINER: [&str; 2] = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Memory that this process may have: the machine's, or its container's if that is less.
pub(crate) fn available() -> u64 {
    let machine = kibibytes("/proc/meminfo", "MemTotal:");
    let container = CONTAINER.map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    container.into_iter().chain([machine]).flatten().min().unwrap_or(UNKNOWN)
}

/// Largest resident memory of this process so far, where the system reports it.
pub(crate) fn peak() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}
