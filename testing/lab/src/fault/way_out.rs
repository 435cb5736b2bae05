//! What leaves the clients of a host without a way out, or takes it away from those who come in.

use anyhow::Result;

use crate::netns::Netns;
use crate::topology::Host;
use crate::topology::address::{INTERNET_ROUTER, UPLINK, VM_BRIDGE, uplink};

/// What the uplink is called while it has another name.
const OTHER_NAME: &str = "uplink9";

/// One thing that blocks the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayOut {
    /// The uplink's interface is gone.
    UplinkGone,
    /// It has another name.
    UplinkRenamed,
    /// It has no address.
    UplinkWithoutAddress,
    /// `net.ipv4.conf.uplink0.forwarding=0`.
    UplinkDoesNotForward,
    /// The same of the clients' bridge.
    BridgeDoesNotForward,
    /// Somebody else's chain drops what is forwarded.
    ForeignFirewall,
}

impl WayOut {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::UplinkGone => "uplink gone",
            Self::UplinkRenamed => "uplink renamed",
            Self::UplinkWithoutAddress => "uplink without an address",
            Self::UplinkDoesNotForward => "forwarding off at the uplink",
            Self::BridgeDoesNotForward => "forwarding off at the clients' bridge",
            Self::ForeignFirewall => "a foreign chain drops",
        }
    }

    /// Blocks the way on `host`.
    pub fn block(self, host: &Host) -> Result<()> {
        let netns = host.netns();
        match self {
            Self::UplinkGone => netns.ip(&format!("link del {UPLINK}\n")),
            Self::UplinkRenamed => rename(netns, UPLINK, OTHER_NAME),
            Self::UplinkWithoutAddress => netns.ip(&format!("addr flush dev {UPLINK}\n")),
            Self::UplinkDoesNotForward => forwarding(netns, UPLINK, "0"),
            Self::BridgeDoesNotForward => forwarding(netns, VM_BRIDGE, "0"),
            Self::ForeignFirewall => netns.nft(
                "add table inet other\n\
                 add chain inet other f { type filter hook forward priority 0; policy drop; }\n",
            ),
        }
    }

    /// Undoes [`WayOut::block`].
    pub fn restore(self, host: &Host) -> Result<()> {
        let netns = host.netns();
        match self {
            Self::UplinkGone => {
                host.plug_uplink()?;
                netns.ip(&host.uplink_batch())
            }
            Self::UplinkRenamed => rename(netns, OTHER_NAME, UPLINK),
            Self::UplinkWithoutAddress => netns.ip(&format!(
                "addr replace {}/24 dev {UPLINK}\nroute replace default via {INTERNET_ROUTER}\n",
                uplink(host.node())
            )),
            Self::UplinkDoesNotForward => forwarding(netns, UPLINK, "1"),
            Self::BridgeDoesNotForward => forwarding(netns, VM_BRIDGE, "1"),
            // Whoever flushed the ruleset meanwhile has deleted it already.
            Self::ForeignFirewall => netns.nft("add table inet other\ndelete table inet other\n"),
        }
    }
}

fn forwarding(host: &Netns, interface: &str, on: &str) -> Result<()> {
    host.sysctl(&[(&format!("ipv4/conf/{interface}/forwarding"), on)])
}

fn rename(host: &Netns, from: &str, to: &str) -> Result<()> {
    host.ip(&format!(
        "link set {from} down\n\
         link set {from} name {to}\n\
         link set {to} up\n\
         route replace default via {INTERNET_ROUTER}\n"
    ))
}
