//! What can go wrong with a socket, and what to do about it.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

/// What can go wrong with a socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Somebody else has the port.
    #[error(
        "binding UDP {address} on {interface}: the port is taken, probably by another DHCP server \
         (dnsmasq?). Find it with `ss -lunp 'sport = :67'`, then stop it or take {interface} out of \
         its configuration"
    )]
    AddressInUse {
        /// What was to be bound.
        address: SocketAddrV4,
        /// Where.
        interface: String,
    },
    /// The listen IP is not an address of this host.
    #[error(
        "binding UDP {address} on {interface}: this host does not have that address. Add it with \
         `ip address add {address_only}/PREFIX dev {interface}`, or correct the listen IP"
    )]
    AddressNotAvailable {
        /// What was to be bound.
        address: SocketAddrV4,
        /// The same without its port.
        address_only: Ipv4Addr,
        /// Where.
        interface: String,
    },
    /// The process lacks a capability.
    #[error(
        "{doing}: not permitted. A DHCP server needs CAP_NET_BIND_SERVICE and CAP_NET_RAW \
         (run as root, or grant them)"
    )]
    NotPermitted {
        /// What was tried.
        doing: &'static str,
    },
    /// The interface does not exist, or no longer, or is another one now.
    #[error("interface {0} does not exist: correct the interface, or create it first")]
    NoSuchInterface(String),
    /// The interface was taken away, or replaced by another of the same name, under the server.
    #[error("interface {0} was removed or replaced: the DHCP server must be started again on it")]
    InterfaceLost(String),
    /// The interface is not Ethernet.
    #[error("interface {0} has no Ethernet address: DHCP is served on Ethernet only")]
    NotEthernet(String),
    /// Anything else.
    #[error("{doing}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

impl SocketError {
    /// An error of a call that has no address to name.
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied => Self::NotPermitted { doing },
            _ => Self::Io { doing, source },
        }
    }

    /// An error of a bind.
    pub(super) fn bind(address: SocketAddrV4, interface: &str, source: io::Error) -> Self {
        let interface = interface.to_owned();
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::AddressInUse { address, interface },
            io::ErrorKind::AddrNotAvailable => Self::AddressNotAvailable {
                address,
                address_only: *address.ip(),
                interface,
            },
            _ => Self::io("binding UDP port 67")(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bind_error_of_taken_port_names_the_remedy() {
        let address = SocketAddrV4::new(Ipv4Addr::new(10, 15, 3, 10), 67);
        let error = SocketError::bind(address, "vmbr100", io::ErrorKind::AddrInUse.into());
        let message = error.to_string();
        for part in [
            "10.15.3.10:67",
            "vmbr100",
            "dnsmasq",
            "ss -lunp 'sport = :67'",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
