//! How many file descriptors this process may have open (`RLIMIT_NOFILE`, the soft limit).
//!
//! Connections of peers take half of them at most: the storage that finds none for a file has failed for
//! good, so whoever opens connections would stop a node. Read each time, since it can be changed from
//! outside (prlimit(1)).

use std::fs;

const LIMITS: &str = "/proc/self/limits";
const ROW: &str = "Max open files";

/// The limit; none where there is none, or where it cannot be read.
pub(super) fn limit() -> Option<usize> {
    soft(&fs::read_to_string(LIMITS).ok()?)
}

/// The first column of the row (proc_pid_limits(5)).
fn soft(limits: &str) -> Option<usize> {
    let row = limits.lines().find_map(|line| line.strip_prefix(ROW))?;
    row.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max open files            1024                 524288               files\n";
        assert_eq!(soft(text), Some(1024));
        let none = text.replace("1024  ", "unlimited");
        assert_eq!(soft(&none), None);
        assert!(limit().is_some());
    }
}
