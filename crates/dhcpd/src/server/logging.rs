//! Log lines about packets, at most one of a kind in [`LOG_INTERVAL`]: a flood must not fill the
//! log. The counters have the rest.

use crate::MonotonicTime;
use crate::codec::DropReason;
use crate::decide::NoReplyReason;
use crate::limits::LOG_INTERVAL;
use crate::port::LeaseView;
use crate::probe::ProbeError;
use ipam::HardwareAddress;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

/// When a line of each kind was last written.
#[derive(Debug, Default)]
pub(super) struct LogLimiter {
    dropped: [Limit; DropReason::ALL.len()],
    no_reply: [Limit; NoReplyReason::ALL.len()],
    receive: Limit,
    send: Limit,
    probe: Limit,
    conflict: Limit,
    indiscriminate: Limit,
}

/// Milliseconds since the origin at which the next line may be written.
#[derive(Debug, Default)]
struct Limit(AtomicU64);

impl Limit {
    fn allows(&self, now: MonotonicTime) -> bool {
        let millis =
            |moment: MonotonicTime| u64::try_from(moment.0.as_millis()).unwrap_or(u64::MAX);
        let next = self.0.load(Ordering::Relaxed);
        let (now, later) = (millis(now), millis(now + LOG_INTERVAL));
        let exchanged = || {
            self.0
                .compare_exchange(next, later, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        now >= next && exchanged()
    }
}

impl LogLimiter {
    pub(super) fn dropped(&self, now: MonotonicTime, reason: DropReason) {
        if self.dropped[reason.index()].allows(now) {
            tracing::warn!(%reason, "malformed packets are dropped");
        }
    }

    pub(super) fn no_reply(
        &self,
        now: MonotonicTime,
        reason: NoReplyReason,
        client: &HardwareAddress,
        view: &dyn LeaseView,
    ) {
        tracing::debug!(%client, %reason, "no reply");
        if !self.no_reply[reason.index()].allows(now) {
            return;
        }
        match reason {
            // Everyday life on a link with several servers.
            NoReplyReason::OtherServer
            | NoReplyReason::OtherResponder
            | NoReplyReason::DuplicateRequest
            | NoReplyReason::NoSuchLease
            | NoReplyReason::UnknownClient => {}
            NoReplyReason::OutOfService => {
                let reason = view.service().reason.unwrap_or_default();
                tracing::warn!(%reason, "silent to DHCP clients: this node is out of service");
            }
            NoReplyReason::PoolExhausted => {
                tracing::warn!("no address is free: new clients get no answer");
            }
            other => tracing::warn!(%client, reason = %other, "a client gets no answer"),
        }
    }

    pub(super) fn receive_failed(&self, now: MonotonicTime, error: &io::Error) {
        if self.receive.allows(now) {
            tracing::warn!(%error, "receiving from the link failed");
        }
    }

    pub(super) fn send_failed(&self, now: MonotonicTime, error: &io::Error) {
        if self.send.allows(now) {
            tracing::warn!(%error, "sending a reply failed");
        }
    }

    pub(super) fn conflict(&self, now: MonotonicTime, address: Ipv4Addr, hardware: [u8; 6]) {
        if self.conflict.allows(now) {
            let user = HardwareAddress::ethernet(hardware);
            tracing::warn!(%address, %user, "a free address is in use by somebody who has no lease");
        }
    }

    pub(super) fn indiscriminate(&self, now: MonotonicTime, hardware: [u8; 6]) {
        if self.indiscriminate.allows(now) {
            let user = HardwareAddress::ethernet(hardware);
            tracing::warn!(
                %user,
                "a machine answers for every free address: what it answers does not count (proxy ARP left on, or an attack)"
            );
        }
    }

    pub(super) fn probe_failed(&self, now: MonotonicTime, error: &ProbeError) {
        if self.probe.allows(now) {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::warn!(%error, cause, "new clients get no offer without a probe");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn limit_allows_one_line_per_interval() {
        let limit = Limit::default();
        let at = |seconds| MonotonicTime(Duration::from_secs(seconds));
        assert!(limit.allows(at(0)));
        assert!(!limit.allows(at(9)));
        assert!(limit.allows(at(10)));
        assert!(!limit.allows(at(19)));
    }
}
