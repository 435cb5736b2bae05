//! A [`Ruleset`] as text, in the form in which `nft list table inet gatewayd` prints it.
//!
//! For people and golden files; nothing parses it. One difference: a map's elements stand one to a
//! line here, and `nft` wraps them as it likes.

use super::{
    Action, Chain, Direction, Family, ForwardMap, Hook, Hosts, IcmpType, Match, PortRole, PortSet,
    Rule, Ruleset, TABLE, capacity,
};
use std::fmt::{self, Display, Formatter};

impl Display for Ruleset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "table {TABLE} {{")?;
        let targets: Vec<Targets<'_>> = self.maps.iter().map(Targets).collect();
        let families = [Family::V4, Family::V6];
        let addresses = families.map(|family| Addresses(&self.hosts, family));
        let host_ports = families.map(|family| HostPorts(&self.hosts, family));
        let maps = self
            .maps
            .iter()
            .zip(&targets)
            .flat_map(|(map, targets)| [map as &dyn Display, targets as &dyn Display]);
        let ports = self.ports.iter().map(|ports| ports as &dyn Display);
        let chains = self.chains.iter().map(|chain| chain as &dyn Display);
        let parts = maps
            .chain(ports)
            .chain(addresses.iter().map(|set| set as &dyn Display))
            .chain(host_ports.iter().map(|set| set as &dyn Display))
            .chain(chains);
        for (index, part) in parts.enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            part.fmt(f)?;
        }
        writeln!(f, "}}")
    }
}

impl Display for ForwardMap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let elements = self
            .targets
            .iter()
            .map(|(port, target)| format!("{port} : {} . {}", target.ip(), target.port()));
        let name = Self::name(self.protocol);
        let data = "inet_service : ipv4_addr . inet_service";
        set(f, "map", name, data, elements.collect())
    }
}

/// A map's contents as a set.
struct Targets<'a>(&'a ForwardMap);

impl Display for Targets<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let elements = self
            .0
            .targets
            .iter()
            .map(|(port, target)| format!("{port} . {} . {}", target.ip(), target.port()));
        let name = ForwardMap::targets_name(self.0.protocol);
        let data = "inet_service . ipv4_addr . inet_service";
        set(f, "set", name, data, elements.collect())
    }
}

impl Display for PortSet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let elements = self.ports.iter().map(u16::to_string).collect();
        let name = Self::name(self.role, self.protocol);
        set(f, "set", name, "inet_service", elements)
    }
}

/// The hosts' addresses of one IP version.
struct Addresses<'a>(&'a Hosts, Family);

impl Display for Addresses<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(hosts, family) = *self;
        let mine = hosts.addresses.iter().filter(|one| family.has(one));
        let elements = mine.map(ToString::to_string).collect();
        set(f, "set", Hosts::name(family), kind(family), elements)
    }
}

/// The nodes' ports there.
struct HostPorts<'a>(&'a Hosts, Family);

impl Display for HostPorts<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(hosts, family) = *self;
        let mine = hosts.ports.iter().filter(|(one, _)| family.has(one));
        let elements = mine.map(|(address, port)| format!("{address} . {port}"));
        let data = format!("{} . inet_service", kind(family));
        set(
            f,
            "set",
            Hosts::ports_name(family),
            &data,
            elements.collect(),
        )
    }
}

const fn kind(family: Family) -> &'static str {
    match family {
        Family::V4 => "ipv4_addr",
        Family::V6 => "ipv6_addr",
    }
}

/// What precedes `daddr`.
const fn header(family: Family) -> &'static str {
    match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    }
}

fn set(
    f: &mut Formatter<'_>,
    kind: &str,
    name: &str,
    data: &str,
    elements: Vec<String>,
) -> fmt::Result {
    writeln!(f, "\t{kind} {name} {{")?;
    writeln!(f, "\t\ttype {data}")?;
    writeln!(f, "\t\tsize {}", capacity(elements.len()))?;
    if !elements.is_empty() {
        let elements = elements.join(",\n\t\t             ");
        writeln!(f, "\t\telements = {{ {elements} }}")?;
    }
    writeln!(f, "\t}}")
}

impl Display for Chain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\tchain {} {{", self.name)?;
        if let Some(hook) = self.hook {
            writeln!(f, "\t\t{hook}")?;
        }
        for rule in &self.rules {
            writeln!(f, "\t\t{rule}")?;
        }
        writeln!(f, "\t}}")
    }
}

impl Display for Hook {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DestinationNat => "type nat hook prerouting priority dstnat; policy accept;",
            Self::SourceNat => "type nat hook postrouting priority srcnat; policy accept;",
            Self::Forward => "type filter hook forward priority filter; policy accept;",
            Self::Input => "type filter hook input priority filter; policy accept;",
        })
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in &self.matches {
            write!(f, "{part} ")?;
        }
        self.action.fmt(f)
    }
}

impl Display for Match {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::InInterface(name) => write!(f, "iifname \"{name}\""),
            Self::OutInterface(name) => write!(f, "oifname \"{name}\""),
            Self::SourceIn(network) => write!(f, "ip saddr {network}"),
            Self::DestinationIn(network) => write!(f, "ip daddr {network}"),
            Self::DestinationNotLocal => f.write_str("fib daddr type != local"),
            Self::SpoofedSource => f.write_str("fib saddr . iif oif missing"),
            Self::SourceLocal => f.write_str("fib saddr type local"),
            Self::NotOutInterface(name) => write!(f, "oifname != \"{name}\""),
            Self::Ipv6 => f.write_str("meta nfproto ipv6"),
            Self::Known => f.write_str("ct state established,related"),
            Self::New => f.write_str("ct state new"),
            Self::Related => f.write_str("ct state related"),
            Self::Invalid => f.write_str("ct state invalid"),
            Self::DestinationTranslated => f.write_str("ct status dnat"),
            Self::AnswersTo(address) => write!(f, "ct reply ip daddr {address}"),
            Self::LedByMap(protocol, direction) => {
                let (protocol, set) = (protocol.name(), ForwardMap::targets_name(*protocol));
                match direction {
                    Direction::Original => write!(
                        f,
                        "ct direction original ct original proto-dst . ip daddr . {protocol} dport @{set}"
                    ),
                    Direction::Reply => write!(
                        f,
                        "ct direction reply ct original proto-dst . ip saddr . {protocol} sport @{set}"
                    ),
                }
            }
            Self::PortIn(role, protocol) => write!(
                f,
                "{} dport @{}",
                protocol.name(),
                PortSet::name(*role, *protocol)
            ),
            Self::FromProtected(protocol) => write!(
                f,
                "{} sport @{}",
                protocol.name(),
                PortSet::name(PortRole::Protected, *protocol)
            ),
            Self::OtherProtocol => f.write_str(
                "meta l4proto != tcp meta l4proto != udp meta l4proto != icmp meta l4proto != ipv6-icmp",
            ),
            Self::ToHost(family) => {
                write!(f, "{} daddr @{}", header(*family), Hosts::name(*family))
            }
            Self::ToHostPort(family) => write!(
                f,
                "{} daddr . tcp dport @{}",
                header(*family),
                Hosts::ports_name(*family)
            ),
            Self::Original => f.write_str("ct direction original"),
            Self::Dhcp => f.write_str("udp dport 67"),
            Self::Icmp(kind) => f.write_str(match kind {
                IcmpType::Echo4 => "icmp type echo-request",
                IcmpType::Echo6 => "icmpv6 type echo-request",
                IcmpType::RouterSolicit => "icmpv6 type nd-router-solicit",
                IcmpType::NeighborSolicit => "icmpv6 type nd-neighbor-solicit",
                IcmpType::NeighborAdvert => "icmpv6 type nd-neighbor-advert",
            }),
            Self::Syn => f.write_str("tcp flags syn"),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::CountedDrop => f.write_str("counter drop"),
            Self::ClampMss => f.write_str("tcp option maxseg size set rt mtu"),
            Self::Return => f.write_str("return"),
            Self::Jump(chain) => write!(f, "jump {chain}"),
            Self::Masquerade => f.write_str("masquerade"),
            Self::SourceNat(address) => write!(f, "snat ip to {address}"),
            Self::DestinationNat(protocol) => {
                write!(
                    f,
                    "dnat ip to {} dport map @{}",
                    protocol.name(),
                    ForwardMap::name(*protocol)
                )
            }
        }
    }
}
