//! What a client holds, by its own count.

use std::net::Ipv4Addr;
use std::time::Duration;

/// A lease as its client knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
    /// When the last copy of the DHCPREQUEST was sent.
    pub(super) requested_at: Duration,
    pub(super) lifetime: Duration,
}

impl Lease {
    /// When the client must stop using the address (§4.4.1).
    pub(super) fn end(&self) -> Duration {
        self.requested_at + self.lifetime
    }

    /// T1 at 1/2 (§4.4.5).
    pub(super) fn renew_at(&self) -> Duration {
        self.requested_at + self.lifetime / 2
    }

    /// T2 at 7/8 (§4.4.5).
    pub(super) fn rebind_at(&self) -> Duration {
        self.requested_at + self.lifetime * 7 / 8
    }
}
