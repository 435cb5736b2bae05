//! Connections that the kernel tracks, and which of them must end.
//!
//! In: the tracked connections, as [`crate::kernel::Kernel`] lists them. Out: whether one must end.
//! Pure. The rules alone already cut withdrawn connections ([`crate::plan()`]). Deleting the conntrack
//! entries does two things more: datagrams that go on are translated as the state says now, and no new
//! tenant of an address inherits a flow of the last one (S9).

use crate::ruleset::Targets;
use ipam::{Ipv4Network, Protocol};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};

/// One direction of a connection. Ports are 0 where the protocol has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The source.
    pub from: SocketAddrV4,
    /// The destination.
    pub to: SocketAddrV4,
}

/// A tracked IPv4 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// IP protocol number.
    pub protocol: u8,
    /// As its first packet came in.
    pub original: Way,
    /// As its answers come in.
    pub reply: Way,
    /// Whether its destination was translated.
    pub destination_translated: bool,
}

/// Which connections must end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// The forwards in force: a connection that a forward made, but none of these would make, must end. `None`:
    /// forwarded connections stay.
    pub forwards: Option<Targets>,
    /// The forwards before them: connections to their targets end too, even if the replies do not go to a
    /// gateway. A connection that was being made while the rules changed may have missed its source NAT.
    pub former: Targets,
    /// Forwards that are new. The kernel translates a flow by its first packet alone, so UDP flows to this host
    /// that are older than the forward would go to the host itself for as long as they go on. They must end.
    pub opened: Targets,
    /// This host's addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// The clients' networks: the replies of a forwarded connection come from there.
    pub networks: Vec<Ipv4Network>,
    /// Addresses that have lost their tenant, or have another: all of their connections must end.
    pub vacated: BTreeSet<Ipv4Addr>,
}

impl Closing {
    /// Whether there is anything to close.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forwards.is_none() && self.vacated.is_empty() && self.opened.is_empty()
    }

    /// Whether `flow` must end.
    #[must_use]
    pub fn closes(&self, flow: &Flow) -> bool {
        let ends = [flow.original.from, flow.reply.from];
        ends.iter().any(|end| self.vacated.contains(end.ip()))
            || self.is_withdrawn(flow)
            || self.predates_forward(flow)
    }

    /// UDP alone: a TCP connection that the host accepted is the host's, and one that it refused is over.
    fn predates_forward(&self, flow: &Flow) -> bool {
        let plain = flow.original.from == flow.reply.to && flow.original.to == flow.reply.from;
        let public = (Protocol::Udp, flow.original.to.port());
        i32::from(flow.protocol) == libc::IPPROTO_UDP
            && plain
            && self.addresses.contains(flow.original.to.ip())
            && !self.is_inside(*flow.original.to.ip())
            && self.opened.contains_key(&public)
    }

    fn is_inside(&self, address: Ipv4Addr) -> bool {
        let mut networks = self.networks.iter();
        networks.any(|network| network.contains(address))
    }

    /// A forwarded connection goes into a clients' network, and its replies go to a gateway there. That tells it
    /// from connections that others translate, which are left alone.
    fn is_withdrawn(&self, flow: &Flow) -> bool {
        let Some(forwards) = &self.forwards else {
            return false;
        };
        if !flow.destination_translated {
            return false;
        }
        let protocol = match i32::from(flow.protocol) {
            libc::IPPROTO_TCP => Protocol::Tcp,
            libc::IPPROTO_UDP => Protocol::Udp,
            _ => return false,
        };
        let public = (protocol, flow.original.to.port());
        let inside = |end: SocketAddrV4| self.is_inside(*end.ip());
        let ours = inside(flow.reply.from) && inside(flow.reply.to)
            || self.former.get(&public) == Some(&flow.reply.from);
        ours && forwards.get(&public) != Some(&flow.reply.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> SocketAddrV4 {
        text.parse().expect("an address and a port")
    }

    fn forwarded() -> Flow {
        Flow {
            protocol: 6,
            original: Way {
                from: end("198.51.100.9:40000"),
                to: end("203.0.113.1:80"),
            },
            reply: Way {
                from: end("10.15.3.21:8080"),
                to: end("10.15.3.10:40000"),
            },
            destination_translated: true,
        }
    }

    fn closing(target: Option<&str>) -> Closing {
        let forwards = target.map(|target| ((Protocol::Tcp, 80), end(target)));
        Closing {
            forwards: Some(forwards.into_iter().collect()),
            former: Targets::new(),
            opened: Targets::new(),
            addresses: ["203.0.113.1", "10.15.3.10"]
                .map(|address| address.parse().expect("an address"))
                .into(),
            networks: vec![Ipv4Network::new(Ipv4Addr::new(10, 15, 3, 0), 24).expect("a network")],
            vacated: BTreeSet::new(),
        }
    }

    #[test]
    fn flow_of_a_forward_ends_when_the_map_leads_elsewhere() {
        assert!(!closing(Some("10.15.3.21:8080")).closes(&forwarded()));
        for elsewhere in [None, Some("10.15.3.22:8080"), Some("10.15.3.21:81")] {
            assert!(closing(elsewhere).closes(&forwarded()), "{elsewhere:?}");
        }
        let udp = Flow {
            protocol: 17,
            ..forwarded()
        };
        assert!(closing(Some("10.15.3.21:8080")).closes(&udp));
    }

    #[test]
    fn datagrams_that_came_before_the_forward_end() {
        let plain = Flow {
            protocol: 17,
            reply: Way {
                from: end("203.0.113.1:80"),
                to: end("198.51.100.9:40000"),
            },
            destination_translated: false,
            ..forwarded()
        };
        let opens = |protocol, port| Closing {
            opened: [((protocol, port), end("10.15.3.21:8080"))].into(),
            ..closing(None)
        };
        assert!(opens(Protocol::Udp, 80).closes(&plain));
        assert!(!opens(Protocol::Udp, 81).closes(&plain));
        assert!(!opens(Protocol::Tcp, 80).closes(&plain));
        let connection = Flow {
            protocol: 6,
            ..plain
        };
        assert!(!opens(Protocol::Tcp, 80).closes(&connection));
        // A client's own, which leaves by the uplink.
        let mut outbound = plain;
        outbound.original.from = end("10.15.3.21:40000");
        assert!(!opens(Protocol::Udp, 80).closes(&outbound));
        // What is only on its way through this host, or goes from it to another's port of that number.
        let mut passing = plain;
        passing.original.to = end("198.51.100.1:80");
        passing.reply.from = passing.original.to;
        assert!(!opens(Protocol::Udp, 80).closes(&passing));
        // A renewal to the node itself.
        let mut renewal = plain;
        renewal.original.to = end("10.15.3.10:80");
        renewal.reply.from = renewal.original.to;
        assert!(!opens(Protocol::Udp, 80).closes(&renewal));
    }

    #[test]
    fn flow_that_others_translate_stays() {
        let mut foreign = forwarded();
        foreign.reply.to = end("198.51.100.9:40000");
        assert!(!closing(None).closes(&foreign));
        let former = Closing {
            former: closing(Some("10.15.3.21:8080")).forwards.expect("forwards"),
            ..closing(None)
        };
        assert!(former.closes(&foreign), "it was ours until now");
        let plain = Flow {
            destination_translated: false,
            ..forwarded()
        };
        assert!(!closing(None).closes(&plain));
    }

    #[test]
    fn vacated_address_loses_all_of_its_flows() {
        let vacated = |address: &str| Closing {
            vacated: [address.parse().expect("an address")].into(),
            ..Closing::default()
        };
        let mut outbound = forwarded();
        outbound.original.from = end("10.15.3.30:5000");
        assert!(vacated("10.15.3.21").closes(&forwarded()));
        assert!(vacated("10.15.3.30").closes(&outbound));
        assert!(!vacated("10.15.3.22").closes(&forwarded()));
    }
}
