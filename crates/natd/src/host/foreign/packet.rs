//! A packet of ours, and what a rule's steps make of it.

use crate::image::Expression;
use ipam::{Protocol, ResolvedForward};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Somewhere on the internet (RFC 5737, TEST-NET-2).
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// `NF_CT_STATE_BIT`.
const STATE_ESTABLISHED: u32 = 1 << 1;
const STATE_NEW: u32 = 1 << 3;
/// `IPS_DST_NAT`.
const STATUS_DNAT: u32 = 1 << 5;

/// Which traffic of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// The first packet.
    New,
    /// A packet of a connection that is known.
    Established,
}

/// What a packet of ours looks like on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// For people: what it is.
    pub(super) what: String,
    /// For people: a rule's words that mean it.
    pub(super) rule: String,
    /// Hooks that it passes (`NF_INET_*`).
    pub(super) hooks: Vec<u32>,
    enters: String,
    leaves: Option<String>,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: u8,
    ports: (u16, u16),
    traffic: Traffic,
    translated: bool,
}

impl Probe {
    /// What clients send to the internet, and its answers.
    pub(in crate::host) fn outbound(lan: &str, uplink: &str, client: Ipv4Addr) -> [Self; 2] {
        let out = Self {
            what: format!("what clients send from {lan} to {uplink}"),
            rule: format!("iifname \"{lan}\" oifname \"{uplink}\""),
            hooks: forwarded(),
            enters: lan.to_owned(),
            leaves: Some(uplink.to_owned()),
            source: client,
            destination: ELSEWHERE,
            protocol: libc::IPPROTO_TCP as u8,
            ports: (40_000, 443),
            traffic: Traffic::New,
            translated: false,
        };
        let back = Self {
            what: format!("what comes back from {uplink} to clients on {lan}"),
            rule: format!("iifname \"{uplink}\" oifname \"{lan}\" ct state established"),
            enters: uplink.to_owned(),
            leaves: Some(lan.to_owned()),
            source: ELSEWHERE,
            destination: client,
            ports: (443, 40_000),
            traffic: Traffic::Established,
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
            what: format!("what port forwards lead from {uplink} to clients on {lan}"),
            rule: format!("iifname \"{uplink}\" oifname \"{lan}\" ct status dnat"),
            hooks: forwarded(),
            enters: uplink.to_owned(),
            leaves: Some(lan.to_owned()),
            source: ELSEWHERE,
            destination: forward.address,
            protocol: protocol as u8,
            ports: (40_000, forward.port),
            traffic: Traffic::New,
            translated: true,
        }
    }

    /// A client's renewal.
    pub(in crate::host) fn dhcp(lan: &str, client: Ipv4Addr, listen_ip: Ipv4Addr) -> Self {
        Self {
            what: format!("clients' DHCP messages on {lan}"),
            rule: format!("iifname \"{lan}\" udp dport 67"),
            hooks: vec![
                libc::NF_INET_PRE_ROUTING as u32,
                libc::NF_INET_LOCAL_IN as u32,
            ],
            enters: lan.to_owned(),
            leaves: None,
            source: client,
            destination: listen_ip,
            protocol: libc::IPPROTO_UDP as u8,
            ports: (68, 67),
            traffic: Traffic::New,
            translated: false,
        }
    }

    /// Whether it opens a connection.
    pub(super) fn is_new(&self) -> bool {
        self.traffic == Traffic::New
    }

    /// What is known of the headers; an octet that is not is none.
    fn network(&self, offset: usize) -> Option<u8> {
        match offset {
            0 => Some(0x45),
            9 => Some(self.protocol),
            12..16 => Some(self.source.octets()[offset - 12]),
            16..20 => Some(self.destination.octets()[offset - 16]),
            _ => None,
        }
    }

    fn transport(&self, offset: usize) -> Option<u8> {
        match offset {
            0 | 1 => Some(self.ports.0.to_be_bytes()[offset]),
            2 | 3 => Some(self.ports.1.to_be_bytes()[offset - 2]),
            _ => None,
        }
    }

    fn meta(&self, key: u32) -> Option<Vec<u8>> {
        let key = i32::try_from(key).ok()?;
        match key {
            libc::NFT_META_IIFNAME => Some(interface(&self.enters)),
            // Before routing, nobody knows.
            libc::NFT_META_OIFNAME => self.leaves.as_deref().map(interface),
            libc::NFT_META_NFPROTO => Some(vec![libc::NFPROTO_IPV4 as u8]),
            libc::NFT_META_L4PROTO => Some(vec![self.protocol]),
            _ => None,
        }
    }

    fn conntrack(&self, key: u32) -> Option<Vec<u8>> {
        let bits = match i32::try_from(key).ok()? {
            libc::NFT_CT_STATE if self.is_new() => STATE_NEW,
            libc::NFT_CT_STATE => STATE_ESTABLISHED,
            libc::NFT_CT_STATUS if self.translated => STATUS_DNAT,
            _ => return None,
        };
        Some(bits.to_ne_bytes().to_vec())
    }
}

fn forwarded() -> Vec<u32> {
    vec![libc::NF_INET_FORWARD as u32]
}

fn interface(name: &str) -> Vec<u8> {
    let mut padded = name.as_bytes().to_vec();
    padded.resize(libc::IFNAMSIZ, 0);
    padded
}

/// What a rule has loaded; a register that is not here holds something unknown.
#[derive(Default)]
pub(super) struct Registers {
    known: BTreeMap<u32, Vec<u8>>,
    last_was_state: bool,
}

impl Registers {
    /// Does a step that decides nothing.
    pub(super) fn step(&mut self, step: &Expression, probe: &Probe) {
        match step {
            Expression::Meta { key, to } => self.load(*to, probe.meta(*key)),
            Expression::Payload {
                base,
                offset,
                len,
                to,
            } => {
                let octets = (*offset..offset.saturating_add(*len)).map(|at| {
                    let at = usize::try_from(at).ok()?;
                    match i32::try_from(*base).ok()? {
                        libc::NFT_PAYLOAD_NETWORK_HEADER => probe.network(at),
                        libc::NFT_PAYLOAD_TRANSPORT_HEADER => probe.transport(at),
                        _ => None,
                    }
                });
                self.load(*to, octets.collect());
            }
            Expression::Conntrack { key, to, .. } => {
                self.load(*to, probe.conntrack(*key));
                self.last_was_state = *key == libc::NFT_CT_STATE as u32;
            }
            Expression::Bitwise {
                from,
                to,
                mask,
                xor,
            } => {
                let value = self
                    .known
                    .get(from)
                    .filter(|value| value.len() >= mask.len());
                let value = value.map(|value| {
                    let bytes = value.iter().zip(mask.iter().zip(xor.iter()));
                    bytes.map(|(byte, (mask, xor))| byte & mask ^ xor).collect()
                });
                self.load(*to, value);
            }
            Expression::Fib { to, .. }
            | Expression::Route { to, .. }
            | Expression::ByteOrder { to, .. } => self.load(*to, None),
            Expression::Immediate { to, value } => self.load(*to, Some(value.to_vec())),
            _ => {}
        }
    }

    /// How a register compares; none if that is unknown. An interface's name may be compared in part.
    pub(super) fn compare(&self, from: u32, op: u32, value: &[u8]) -> Option<bool> {
        let loaded = self.known.get(&from)?.get(..value.len())?;
        Some(match i32::try_from(op).ok()? {
            libc::NFT_CMP_EQ => loaded == value,
            libc::NFT_CMP_NEQ => loaded != value,
            libc::NFT_CMP_LT => loaded < value,
            libc::NFT_CMP_LTE => loaded <= value,
            libc::NFT_CMP_GT => loaded > value,
            libc::NFT_CMP_GTE => loaded >= value,
            _ => return None,
        })
    }

    /// Whether what was loaded last is the connection's state.
    pub(super) const fn last_was_state(&self) -> bool {
        self.last_was_state
    }

    fn load(&mut self, to: u32, value: Option<Vec<u8>>) {
        self.last_was_state = false;
        match value {
            Some(value) => self.known.insert(to, value),
            None => self.known.remove(&to),
        };
    }
}
