//! A packet of ours at a hook. Pure.
//!
//! Only what is true of *every* packet of its kind is known of it: which client sends, to which port on the
//! internet, is not. So a rule for one client or one port decides nothing, and no alarm comes of it.

use super::registers::Bits;
use ipam::{Ipv4Network, Protocol, ResolvedForward};
use std::net::Ipv4Addr;

/// `NF_CT_STATE_BIT`.
const STATE_ESTABLISHED: u32 = 1 << 1;
const STATE_NEW: u32 = 1 << 3;
/// `IPS_DST_NAT`.
const STATUS_DNAT: u32 = 1 << 5;
/// IPv4's EtherType.
const ETHERTYPE: [u8; 2] = [0x08, 0x00];
const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;

/// Which packet of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// The first packet.
    New,
    /// A packet of a connection that is known.
    Established,
}

/// One end of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    /// The host's interface there; none if the host itself is the end.
    interface: Option<String>,
    address: Bits,
    port: Bits,
}

/// What a packet of ours looks like on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// For people: what it is.
    pub(super) what: String,
    /// For people: a rule's words that mean it.
    pub(super) rule: String,
    from: End,
    to: End,
    protocol: Bits,
    traffic: Traffic,
    /// Whether its connection's destination is translated, or is the answer to one whose source is.
    translated: bool,
}

/// Where a packet is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// `NF_INET_*`.
    pub(super) hook: i32,
    /// Of the chain that sees it.
    pub(super) priority: i32,
}

impl Position {
    /// Connection tracking has not seen it.
    const fn is_untracked(self) -> bool {
        let at_the_entrance = matches!(
            self.hook,
            libc::NF_INET_PRE_ROUTING | libc::NF_INET_LOCAL_OUT
        );
        at_the_entrance && self.priority <= libc::NF_IP_PRI_CONNTRACK
    }
}

impl End {
    fn client(lan: &str, network: Ipv4Network) -> Self {
        let address = Bits::some(network.address().octets(), network.mask().octets());
        Self {
            interface: Some(lan.to_owned()),
            address,
            port: Bits::unknown(2),
        }
    }

    fn elsewhere(uplink: &str) -> Self {
        Self {
            interface: Some(uplink.to_owned()),
            address: Bits::unknown(4),
            port: Bits::unknown(2),
        }
    }

    fn exactly(interface: Option<&str>, address: Ipv4Addr, port: u16) -> Self {
        Self {
            interface: interface.map(str::to_owned),
            address: Bits::all(address.octets()),
            port: Bits::all(port.to_be_bytes()),
        }
    }
}

impl Probe {
    /// What clients send to the internet, and its answers.
    pub(in crate::host) fn outbound(lan: &str, uplink: &str, network: Ipv4Network) -> [Self; 2] {
        let out = Self {
            what: format!("what clients send from {lan} to {uplink}"),
            rule: format!("iifname \"{lan}\" oifname \"{uplink}\""),
            from: End::client(lan, network),
            to: End::elsewhere(uplink),
            protocol: Bits::unknown(1),
            traffic: Traffic::New,
            translated: false,
        };
        let back = Self {
            what: format!("what comes back from {uplink} to clients on {lan}"),
            rule: format!("iifname \"{uplink}\" oifname \"{lan}\" ct state established"),
            from: out.to.clone(),
            to: out.from.clone(),
            traffic: Traffic::Established,
            translated: true,
            ..out.clone()
        };
        [out, back]
    }

    /// What a forward leads to a client.
    pub(in crate::host) fn inbound(lan: &str, uplink: &str, forward: &ResolvedForward) -> Self {
        let protocol = match forward.key.protocol {
            Protocol::Tcp => libc::IPPROTO_TCP,
            Protocol::Udp => libc::IPPROTO_UDP,
        };
        Self {
            what: format!(
                "what the forward of {} leads from {uplink} to {lan}",
                forward.key
            ),
            rule: format!("iifname \"{uplink}\" oifname \"{lan}\" ct status dnat"),
            from: End::elsewhere(uplink),
            to: End::exactly(Some(lan), forward.address, forward.port),
            protocol: Bits::all([protocol as u8]),
            traffic: Traffic::New,
            translated: true,
        }
    }

    /// A client that looks for a server, one that renews, and the answer to that.
    pub(in crate::host) fn dhcp(lan: &str, network: Ipv4Network, listen_ip: Ipv4Addr) -> [Self; 3] {
        let client = End {
            port: Bits::all(CLIENT_PORT.to_be_bytes()),
            ..End::client(lan, network)
        };
        let renews = Self {
            what: format!("clients' DHCP messages on {lan}"),
            rule: format!("iifname \"{lan}\" udp dport {SERVER_PORT}"),
            from: client.clone(),
            to: End::exactly(None, listen_ip, SERVER_PORT),
            protocol: Bits::all([libc::IPPROTO_UDP as u8]),
            traffic: Traffic::New,
            translated: false,
        };
        let looks = Self {
            what: format!("clients' DHCP broadcasts on {lan}"),
            from: End::exactly(Some(lan), Ipv4Addr::UNSPECIFIED, CLIENT_PORT),
            to: End::exactly(None, Ipv4Addr::BROADCAST, SERVER_PORT),
            ..renews.clone()
        };
        let answered = Self {
            what: format!("answers to clients' DHCP messages on {lan}"),
            rule: format!("oifname \"{lan}\" udp sport {SERVER_PORT}"),
            from: renews.to.clone(),
            to: client,
            traffic: Traffic::Established,
            ..renews.clone()
        };
        [looks, renews, answered]
    }

    /// What clients on the bridge send to each other, where the kernel shows that to IP's chains too.
    pub(in crate::host) fn bridged(lan: &str, network: Ipv4Network) -> Self {
        Self {
            what: format!(
                "what clients on {lan} send to each other, which the kernel shows to it \
                 (`sysctl -w net.bridge.bridge-nf-call-iptables=0` ends that)"
            ),
            rule: format!("iifname \"{lan}\" oifname \"{lan}\""),
            from: End::client(lan, network),
            to: End::client(lan, network),
            protocol: Bits::unknown(1),
            traffic: Traffic::New,
            translated: false,
        }
    }

    /// Whether it passes a hook (`NF_INET_*`).
    pub(super) fn passes(&self, hook: i32) -> bool {
        match hook {
            libc::NF_INET_PRE_ROUTING => self.from.interface.is_some(),
            libc::NF_INET_LOCAL_IN => self.to.interface.is_none(),
            libc::NF_INET_FORWARD => self.from.interface.is_some() && self.to.interface.is_some(),
            libc::NF_INET_LOCAL_OUT => self.from.interface.is_none(),
            libc::NF_INET_POST_ROUTING => self.to.interface.is_some(),
            _ => false,
        }
    }

    /// Whether it opens a connection.
    pub(super) fn is_new(&self) -> bool {
        self.traffic == Traffic::New
    }

    /// Octets of its IP header.
    pub(super) fn network(&self, at: Position, offset: usize, len: usize) -> Bits {
        let header = [
            Bits::all([0x45]),
            Bits::unknown(8),
            self.protocol.clone(),
            Bits::unknown(2),
            self.source(at).0,
            self.destination(at).0,
        ];
        Bits::joined(&header).part(offset, len)
    }

    /// Octets of its TCP or UDP header.
    pub(super) fn transport(&self, at: Position, offset: usize, len: usize) -> Bits {
        Bits::joined(&[self.source(at).1, self.destination(at).1]).part(offset, len)
    }

    /// Behind the routing decision it may have the host's source already.
    fn source(&self, at: Position) -> (Bits, Bits) {
        let is_forwarded = self.passes(libc::NF_INET_FORWARD);
        if at.hook == libc::NF_INET_POST_ROUTING && is_forwarded {
            return (Bits::unknown(4), Bits::unknown(2));
        }
        (self.from.address.clone(), self.from.port.clone())
    }

    /// Before it, it may still go to the host.
    fn destination(&self, at: Position) -> (Bits, Bits) {
        if at.hook == libc::NF_INET_PRE_ROUTING && self.translated {
            return (Bits::unknown(4), Bits::unknown(2));
        }
        (self.to.address.clone(), self.to.port.clone())
    }

    /// A property of its journey (`NFT_META_*`).
    pub(super) fn meta(&self, at: Position, key: u32) -> Option<Bits> {
        let named = |end: &End| end.interface.as_deref().map(interface);
        match i32::try_from(key).ok()? {
            libc::NFT_META_IIFNAME if at.hook != libc::NF_INET_POST_ROUTING => named(&self.from),
            // Before routing, nobody knows.
            libc::NFT_META_OIFNAME if at.hook != libc::NF_INET_PRE_ROUTING => named(&self.to),
            libc::NFT_META_PROTOCOL => Some(Bits::all(ETHERTYPE)),
            libc::NFT_META_NFPROTO => Some(Bits::all([libc::NFPROTO_IPV4 as u8])),
            libc::NFT_META_L4PROTO => Some(self.protocol.clone()),
            _ => None,
        }
    }

    /// A property of its connection (`NFT_CT_*`).
    pub(super) fn conntrack(&self, at: Position, key: u32) -> Option<Bits> {
        if at.is_untracked() {
            return None;
        }
        let bits = match i32::try_from(key).ok()? {
            libc::NFT_CT_STATE if self.is_new() => STATE_NEW,
            libc::NFT_CT_STATE => STATE_ESTABLISHED,
            libc::NFT_CT_STATUS
                if self.translated && self.is_new() && at.hook != libc::NF_INET_PRE_ROUTING =>
            {
                return Some(Bits::some(
                    STATUS_DNAT.to_ne_bytes(),
                    STATUS_DNAT.to_ne_bytes(),
                ));
            }
            _ => return None,
        };
        Some(Bits::all(bits.to_ne_bytes()))
    }
}

fn interface(name: &str) -> Bits {
    let mut padded = [0; libc::IFNAMSIZ];
    let length = name.len().min(padded.len());
    padded[..length].copy_from_slice(&name.as_bytes()[..length]);
    Bits::all(padded)
}
