//! The network interface: its index, its Ethernet address and its MTU, which may change under us.
//!
//! A bridge without an address of its own takes its lowest port's, so its address changes as ports come and go.
//! Frames must carry the present one: otherwise answers to ARP probes are sent elsewhere and a conflict is
//! missed.

use super::SocketError;
use super::netlink::Netlink;
use crate::limits::MAX_MAX_MESSAGE_SIZE;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::LinkAddr;
use std::io;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

/// ARPHRD_ETHER.
const ETHERNET: u16 = 1;

/// A network interface, by name, as it was when the sockets were bound.
#[derive(Debug)]
pub struct Interface {
    name: String,
    index: usize,
    /// The present Ethernet address in the low 48 bits.
    hardware: AtomicU64,
    /// The longest IP datagram that it carries, in bytes.
    mtu: AtomicU16,
}

impl Interface {
    /// Finds the interface.
    pub fn find(name: &str) -> Result<Self, SocketError> {
        let address = link_address(name)?;
        let hardware = AtomicU64::new(to_bits(ethernet(name, &address)?));
        Ok(Self {
            name: name.to_owned(),
            index: address.ifindex(),
            hardware,
            mtu: AtomicU16::new(MAX_MAX_MESSAGE_SIZE),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is its index.
    pub(super) fn is(&self, index: u32) -> bool {
        usize::try_from(index) == Ok(self.index)
    }

    /// The longest IP datagram that it carries, in bytes, as last looked up.
    #[must_use]
    pub fn mtu(&self) -> u16 {
        self.mtu.load(Ordering::Relaxed)
    }

    /// Looks its MTU up.
    pub(super) fn refresh_mtu(&self, netlink: &Netlink) -> io::Result<()> {
        let index = u32::try_from(self.index).map_err(io::Error::other)?;
        if let Some(mtu) = netlink.mtu(index)? {
            let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
            self.mtu.store(mtu, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Its Ethernet address, as last looked up.
    #[must_use]
    pub fn hardware(&self) -> [u8; 6] {
        let [_, _, bytes @ ..] = self.hardware.load(Ordering::Relaxed).to_be_bytes();
        bytes
    }

    /// Looks its Ethernet address up again. An error if it is gone, or is another one.
    pub fn refresh(&self) -> Result<(), SocketError> {
        let lost = || SocketError::InterfaceLost(self.name.clone());
        let address = match link_address(&self.name) {
            Ok(address) if address.ifindex() == self.index => address,
            Ok(_) | Err(SocketError::NoSuchInterface(_)) => return Err(lost()),
            Err(other) => return Err(other),
        };
        self.hardware
            .store(to_bits(ethernet(&self.name, &address)?), Ordering::Relaxed);
        Ok(())
    }
}

/// The interface's packet-socket address, as the kernel gives it.
pub(super) fn link_address(name: &str) -> Result<LinkAddr, SocketError> {
    let doing = "looking up the network interfaces";
    let addresses = getifaddrs()
        .map_err(io::Error::from)
        .map_err(SocketError::io(doing))?;
    addresses
        .filter(|address| address.interface_name == name)
        .find_map(|address| address.address?.as_link_addr().copied())
        .ok_or_else(|| SocketError::NoSuchInterface(name.to_owned()))
}

fn ethernet(name: &str, address: &LinkAddr) -> Result<[u8; 6], SocketError> {
    let is_ethernet = address.hatype() == ETHERNET && address.halen() == 6;
    address
        .addr()
        .filter(|_| is_ethernet)
        .ok_or_else(|| SocketError::NotEthernet(name.to_owned()))
}

fn to_bits(hardware: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = hardware;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
