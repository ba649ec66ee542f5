//! The memory of the machine, of the container, and of this process (Linux, proc(5) and cgroups(7)).

use std::fs;

/// Where the system does not tell how much there is.
const UNKNOWN: u64 = 4 << 30;

/// Memory that this process may have: the machine's, or its container's if that is less.
pub(crate) fn available() -> u64 {
    let machine = kibibytes("/proc/meminfo", "MemTotal:");
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    [machine, container].into_iter().flatten().min().unwrap_or(UNKNOWN)
}

/// Largest resident memory of this process so far, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

fn kibibytes(file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = value.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}
