//! The servers that get the same packets: our cluster, and others, each in a network of its own with the same
//! addresses, pool and lease time.

mod cable;
mod dnsmasq;
mod isc_dhcpd;
mod kea;
mod ours;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;

pub(in crate::scenarios) use self::dnsmasq::{Dnsmasq, dhcp_only};
pub(super) use self::isc_dhcpd::IscDhcpd;
pub(super) use self::kea::Kea;
pub(super) use self::ours::Ours;
use crate::netns::Netns;
use crate::topology::address::overlay;

/// What a server may take to start.
const START: Duration = Duration::from_secs(10);

/// What a row needs to know of a server.
pub(in crate::scenarios) trait DhcpServer: Sync {
    /// As the tables call it.
    fn name(&self) -> &'static str;
    /// Where its clients are.
    fn clients(&self) -> &Netns;
    /// An address that answers.
    fn address(&self) -> Ipv4Addr {
        overlay(1)
    }
    /// After this long it is silent, and its table has changed if it ever does. This is for one that decides
    /// alone and without a disk.
    fn answers_within(&self) -> Duration {
        Duration::from_millis(400)
    }
    /// After the first answer others may follow: of another node, or a copy, which comes at once.
    fn others_follow_within(&self) -> Duration {
        Duration::from_millis(20)
    }
    /// How many clients may speak at once.
    fn at_once(&self) -> usize;
    /// Whether its table says that the address is leased.
    fn is_leased(&self, address: Ipv4Addr) -> Result<bool>;
}
