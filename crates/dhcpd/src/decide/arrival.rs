//! How a packet arrived: what the link knows about it, apart from its bytes.

use std::net::Ipv4Addr;

/// How a packet arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which socket received it.
    pub cast: Cast,
    /// The datagram's IP source address.
    pub source: Ipv4Addr,
    /// The frame's Ethernet source, where the link knows it: for broadcasts that may be a RELEASE or DECLINE.
    pub hardware: Option<[u8; 6]>,
    /// The interface it arrived by.
    pub ingress: Ingress,
}

/// Which socket received a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cast {
    /// The one with this node's own address.
    Unicast,
    /// The one for broadcasts.
    Broadcast,
}

/// The interface a packet arrived by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ingress {
    /// By the clients' interface.
    pub clients_link: bool,
    /// By the interface that leads to the address that it comes from, which is a named relay's.
    pub relay_route: bool,
}

impl Arrival {
    /// By unicast, from `source`, on the clients' link.
    #[must_use]
    pub const fn unicast(source: Ipv4Addr) -> Self {
        Self::on_clients_link(Cast::Unicast, source)
    }

    /// By broadcast, from `source`, on the clients' link.
    #[must_use]
    pub const fn broadcast(source: Ipv4Addr) -> Self {
        Self::on_clients_link(Cast::Broadcast, source)
    }

    const fn on_clients_link(cast: Cast, source: Ipv4Addr) -> Self {
        Self {
            cast,
            source,
            hardware: None,
            ingress: Ingress::CLIENTS_LINK,
        }
    }

    /// In a frame from this Ethernet address.
    #[must_use]
    pub const fn in_frame_of(mut self, hardware: [u8; 6]) -> Self {
        self.hardware = Some(hardware);
        self
    }

    /// By this interface.
    #[must_use]
    pub const fn by(mut self, ingress: Ingress) -> Self {
        self.ingress = ingress;
        self
    }
}

impl Ingress {
    /// The clients' interface, which leads to no relay.
    pub const CLIENTS_LINK: Self = Self {
        clients_link: true,
        relay_route: false,
    };
    /// An interface that has nothing to do with DHCP.
    pub const ELSEWHERE: Self = Self {
        clients_link: false,
        relay_route: false,
    };
    /// Another interface, which leads to the relay.
    pub const RELAYS_WAY: Self = Self {
        clients_link: false,
        relay_route: true,
    };
}
