//! A [`Ruleset`] as text, in the form in which `nft list table ip gatewayd` prints it.
//!
//! For people and golden files; nothing parses it. One difference: a map's elements stand one to a
//! line here, and `nft` wraps them as it likes.

use super::{Action, Chain, ForwardMap, Hook, Match, Rule, Ruleset, TABLE};
use std::fmt::{self, Display, Formatter};

impl Display for Ruleset {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "table ip {TABLE} {{")?;
        let maps = self.maps.iter().map(|map| map as &dyn Display);
        let chains = self.chains.iter().map(|chain| chain as &dyn Display);
        for (index, part) in maps.chain(chains).enumerate() {
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
        writeln!(f, "\tmap {} {{", Self::name(self.protocol))?;
        writeln!(f, "\t\ttype inet_service : ipv4_addr . inet_service")?;
        writeln!(f, "\t\tsize {}", self.capacity())?;
        for (index, (port, target)) in self.targets.iter().enumerate() {
            let lead = if index == 0 {
                "elements = {"
            } else {
                "            "
            };
            let tail = if index + 1 == self.targets.len() {
                " }"
            } else {
                ","
            };
            writeln!(
                f,
                "\t\t{lead} {port} : {} . {}{tail}",
                target.ip(),
                target.port()
            )?;
        }
        writeln!(f, "\t}}")
    }
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
            Self::Known => f.write_str("ct state established,related"),
            Self::Invalid => f.write_str("ct state invalid"),
            Self::DestinationTranslated => f.write_str("ct status dnat"),
        }
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::Return => f.write_str("return"),
            Self::Jump(chain) => write!(f, "jump {chain}"),
            Self::Masquerade => f.write_str("masquerade"),
            Self::SourceNat(address) => write!(f, "snat to {address}"),
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
