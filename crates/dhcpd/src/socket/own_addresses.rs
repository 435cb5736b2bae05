//! The IPv4 addresses of this host. A client must not be offered one of them (contract L6, S4).
//!
//! The host does not answer its own ARP probe, so its addresses are read from the kernel once a second. The
//! state keeps the listen IP out of the pool; the host may have other addresses in it.

use nix::ifaddrs::getifaddrs;
use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The addresses of all interfaces, as last looked up.
#[derive(Debug, Default)]
pub(super) struct OwnAddresses(Mutex<BTreeSet<Ipv4Addr>>);

impl OwnAddresses {
    /// Looks them up.
    pub(super) fn refresh(&self) -> io::Result<()> {
        let all = getifaddrs().map_err(io::Error::from)?;
        let found = all
            .filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()))
            .collect();
        *self.lock() = found;
        Ok(())
    }

    /// Whether this host has the address.
    pub(super) fn has(&self, address: Ipv4Addr) -> bool {
        self.lock().contains(&address)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Ipv4Addr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    /// The loopback's is there where it is up.
    #[test]
    fn own_addresses_include_the_loopback() {
        let own = OwnAddresses::default();
        assert!(!own.has(Ipv4Addr::LOCALHOST));
        own.refresh().expect("the kernel says");
        let is_up = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_ok();
        assert_eq!(own.has(Ipv4Addr::LOCALHOST), is_up);
        assert!(!own.has(Ipv4Addr::new(192, 0, 2, 77)));
    }
}
