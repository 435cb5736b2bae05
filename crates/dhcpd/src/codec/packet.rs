//! A client's message, checked: what the decisions and the replies read.

use super::MessageType;
use ipam::{ClientIdentifier, ClientIdentity, HardwareAddress, Hostname};
use std::net::Ipv4Addr;

/// A client's message. Every field was checked by [`super::decode`]; no raw bytes remain but
/// those that are echoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Option 53.
    pub message_type: MessageType,
    /// Transaction id.
    pub xid: u32,
    /// Seconds since the client began, as the client has it.
    pub secs: u16,
    /// The broadcast flag: the client cannot receive unicast yet.
    pub broadcast: bool,
    /// The client's address, if it has one.
    pub ciaddr: Ipv4Addr,
    /// The relay agent, or 0.0.0.0.
    pub giaddr: Ipv4Addr,
    /// `htype` and `chaddr`.
    pub hardware: HardwareAddress,
    /// Option 61.
    pub client_identifier: Option<ClientIdentifier>,
    /// Option 50.
    pub requested_address: Option<Ipv4Addr>,
    /// Option 54.
    pub server_identifier: Option<Ipv4Addr>,
    /// Option 51, in seconds.
    pub lease_time: Option<u32>,
    /// Option 57, in bytes of an IP datagram.
    pub max_message_size: Option<u16>,
    /// Option 55, in the client's order.
    pub parameter_request_list: Option<Vec<u8>>,
    /// Option 12, without trailing zeros.
    pub hostname: Option<Hostname>,
    /// Option 118: a network that the client wants an address of (RFC 3011). It is echoed.
    pub subnet_selection: Option<Ipv4Addr>,
    /// Option 82 exactly as received: it is echoed (RFC 3046 §2.2).
    pub relay_agent_information: Option<Vec<u8>>,
}

/// The sub-option of option 82 by which a relay names the client's link (RFC 3527).
const LINK_SELECTION: u8 = 5;

impl Packet {
    /// Both names by which a subnet may know this client.
    #[must_use]
    pub fn identity(&self) -> ClientIdentity {
        ClientIdentity {
            hardware: self.hardware.clone(),
            identifier: self.client_identifier.clone(),
        }
    }

    /// Whether the client says that it uses `ciaddr` now, so that it can be answered there: RENEWING,
    /// REBINDING and INFORM (RFC 2131 table 4). In a DHCPDISCOVER and with a DHCPREQUEST that selects
    /// or follows a reboot, `ciaddr` is at most a memory (NetworkManager sends one).
    #[must_use]
    pub fn uses_ciaddr(&self) -> bool {
        let extends = match (self.server_identifier, self.requested_address) {
            (_, None) => true,
            (None, Some(requested)) => requested == self.ciaddr,
            (Some(_), Some(_)) => false,
        };
        !self.ciaddr.is_unspecified()
            && match self.message_type {
                MessageType::Inform => true,
                MessageType::Request => extends,
                MessageType::Discover | MessageType::Decline | MessageType::Release => false,
            }
    }

    /// The network that is asked for by name, as an address in it: by the relay (option 82, sub-option 5), else by
    /// the client (option 118).
    #[must_use]
    pub fn selected_network(&self) -> Option<Ipv4Addr> {
        let information = self.relay_agent_information.as_deref();
        let by_relay = information.filter(|_| self.is_relayed());
        by_relay.and_then(link_selection).or(self.subnet_selection)
    }

    /// Whether the message came through a relay agent.
    #[must_use]
    pub fn is_relayed(&self) -> bool {
        !self.giaddr.is_unspecified()
    }
}

/// The value of sub-option 5, as far as the sub-options can be read.
fn link_selection(mut information: &[u8]) -> Option<Ipv4Addr> {
    while let [code, length, rest @ ..] = information {
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        if *code == LINK_SELECTION {
            return value.try_into().ok().map(Ipv4Addr::from_octets);
        }
        information = rest;
    }
    None
}
