//! How much memory this process has, as the kernel counts it.

use std::fs;

/// The largest that it had so far begins anew. Returns what it has now, in bytes.
pub fn begin() -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    figure("VmRSS:")
}

/// How much larger than `before` it has been since [`begin`], in bytes.
pub fn grown(before: u64) -> u64 {
    figure("VmHWM:").saturating_sub(before)
}

fn figure(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    let kibibytes = line.split_whitespace().nth(1).unwrap();
    kibibytes.parse::<u64>().unwrap() * 1024
}
