//! Keeping an address: BOUND, RENEWING, REBINDING (RFC 2131 §4.4.5).

use super::machine::{Client, Lease, State};
use super::{LocalTime, MessageKind};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The least time between two copies. The RFC says a minute, which our leases may not last.
const LEAST_PAUSE: Duration = Duration::from_secs(5);

impl Client {
    /// T1 or T2 has passed, or it is time for another copy.
    pub(super) fn extend(&mut self) {
        let Some(lease) = self.lease else {
            return;
        };
        let rebinds = self.local() >= lease.rebinds;
        match (&self.state, rebinds) {
            (State::Bound, false) => {
                self.new_exchange();
                self.state = State::Renewing;
            }
            (State::Bound | State::Renewing, true) => {
                self.new_exchange();
                self.state = State::Rebinding;
            }
            _ => {}
        }
        self.began = if self.exchange.copies == 0 {
            self.local()
        } else {
            self.began
        };
        self.send_extension(lease, rebinds);
    }

    fn send_extension(&mut self, lease: Lease, rebinds: bool) {
        let message = self.message(MessageKind::Request).ciaddr(lease.address);
        let to = if rebinds {
            Ipv4Addr::BROADCAST
        } else {
            lease.server
        };
        self.send(to, lease.address, &message);
        let end = if rebinds { lease.ends } else { lease.rebinds };
        self.wake = self.halfway_to(end);
    }

    /// "One-half of the remaining time", but not without end.
    fn halfway_to(&self, end: LocalTime) -> LocalTime {
        let now = self.local();
        let left = end.since(now);
        end.min(now + (left / 2).max(LEAST_PAUSE))
    }
}
