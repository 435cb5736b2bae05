//! How much is sent to a peer at once, and how long it may take: as much as its answers show that the way to
//! it bears.
//!
//! A connection that loses a tenth of its segments over 400 ms carries some 14 kB a second (Mathis et al.
//! 1997). A megabyte of entries never comes through there within the time of a heartbeat, and to send the
//! same again does not help: the follower would never catch up (contract L7). So a call that takes too long
//! makes the next one smaller, and then more patient; one that is answered takes that back. Pure.

use crate::limits::MAX_APPEND_BYTES;
use std::time::Duration;

/// Less is not sent at once, in bytes: some dozens of entries. Below that only patience helps.
const LEAST_BYTES: usize = 4 * 1024;
/// How much patience grows at most: one entry of a megabyte over such a link takes 75 s.
const MOST_PATIENCE: u32 = 64;
/// What a link carries at least, in bytes a second. A transfer may take as long as that says.
const LEAST_RATE: u64 = 8 * 1024;

/// What the way to one peer bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SendWindow {
    bytes: usize,
    patience: u32,
}

impl Default for SendWindow {
    fn default() -> Self {
        Self {
            bytes: MAX_APPEND_BYTES,
            patience: 1,
        }
    }
}

impl SendWindow {
    /// How many bytes of entries may go at once.
    pub(super) const fn bytes(self) -> usize {
        self.bytes
    }

    /// How long a call may take that carries entries, where `usual` is what it may take at best.
    pub(super) fn limit(self, usual: Duration) -> Duration {
        usual * self.patience
    }

    /// A call that carried entries was answered, or took too long.
    pub(super) fn after(self, answered: bool) -> Self {
        if answered {
            return Self {
                bytes: (self.bytes * 2).min(MAX_APPEND_BYTES),
                patience: (self.patience / 2).max(1),
            };
        }
        if self.bytes > LEAST_BYTES {
            return Self {
                bytes: (self.bytes / 4).max(LEAST_BYTES),
                ..self
            };
        }
        Self {
            patience: (self.patience * 2).min(MOST_PATIENCE),
            ..self
        }
    }
}

/// How long so many bytes may take to come, a snapshot's or a request's; `usual` at least.
pub(crate) fn transfer_limit(usual: Duration, bytes: u64) -> Duration {
    usual.max(Duration::from_secs(bytes / LEAST_RATE))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L7: 14 kB/s, as TCP has it at 400 ms and 10 % of loss, and 1.8 s a call.
    #[test]
    fn entries_come_through_a_narrow_way() {
        const RATE: usize = 14_000;
        let usual = Duration::from_millis(1800);
        let takes = |bytes: usize| Duration::from_secs_f64(bytes as f64 / RATE as f64);
        let mut window = SendWindow::default();
        let mut through = 0;
        let mut spent = Duration::ZERO;
        while spent < Duration::from_secs(60) {
            let answered = takes(window.bytes()) <= window.limit(usual);
            spent += takes(window.bytes()).min(window.limit(usual));
            through += if answered { window.bytes() } else { 0 };
            window = window.after(answered);
        }
        assert!(through > RATE * 60 / 3, "{through} bytes in a minute");
    }

    #[test]
    fn a_large_entry_comes_through_in_the_end() {
        let usual = Duration::from_millis(1800);
        let mut window = SendWindow::default();
        let mut attempts = 0;
        while window.limit(usual) < Duration::from_secs(75) {
            window = window.after(false);
            attempts += 1;
        }
        assert!(attempts < 12, "{attempts} attempts");
        assert_eq!(window.after(false).patience, MOST_PATIENCE);
    }

    #[test]
    fn a_wide_way_is_used_as_before() {
        let mut window = SendWindow::default();
        assert_eq!(window.after(true), window);
        window = window.after(false).after(true).after(true);
        assert_eq!(window, SendWindow::default());
    }

    #[test]
    fn a_snapshot_has_the_time_that_its_size_takes() {
        let usual = Duration::from_secs(10);
        assert_eq!(transfer_limit(usual, 50_000), usual);
        assert_eq!(transfer_limit(usual, 10 << 20), Duration::from_secs(1280));
    }
}
