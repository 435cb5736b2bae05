//! The routes to the configured relays: by which interface each is reached.
//!
//! Looked up in the kernel once a second rather than for each packet, so that a relay's packet costs one
//! comparison. Packets of a relay without a route are refused.

use super::netlink::Netlink;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// No interface has this index.
const NO_WAY: u32 = 0;

/// Each relay, and the index of the interface that leads to it.
#[derive(Debug)]
pub(super) struct RelayRoutes(Vec<(Ipv4Addr, AtomicU32)>);

impl RelayRoutes {
    /// These relays, with no route known yet.
    pub(super) fn new(relays: &[Ipv4Addr]) -> Self {
        let ways = relays.iter().map(|relay| (*relay, AtomicU32::new(NO_WAY)));
        Self(ways.collect())
    }

    /// Looks all routes up.
    pub(super) fn refresh(&self, netlink: &Netlink) {
        for (relay, way) in &self.0 {
            let found = netlink.route_to(*relay);
            if let Err(error) = &found {
                tracing::debug!(%relay, %error, "no way leads to the relay");
            }
            let index = found.ok().flatten().unwrap_or(NO_WAY);
            way.store(index, Ordering::Relaxed);
        }
    }

    /// Whether `source` is a relay to which an interface leads that `is_it`.
    pub(super) fn is_reached_by(&self, source: Ipv4Addr, is_it: impl Fn(u32) -> bool) -> bool {
        let mut ways = self.0.iter().filter(|(relay, _)| *relay == source);
        ways.any(|(_, way)| {
            let index = way.load(Ordering::Relaxed);
            index != NO_WAY && is_it(index)
        })
    }
}
