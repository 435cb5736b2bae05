//! The lab's address plan, in one place.

use std::net::Ipv4Addr;

use crate::wire::MacAddr;

/// Node addresses are 10.15.3.10 to .19.
pub const MAX_HOSTS: u8 = 10;
/// The bridge that the virtual machines' ports are on.
pub const VM_BRIDGE: &str = "OCvpsnet";
/// A virtual machine's only interface.
pub const VM_INTERFACE: &str = "eth0";
/// The way to the internet.
pub const UPLINK: &str = "uplink0";
/// A host's port on the underlay.
pub const UNDERLAY_PORT: &str = "underlay0";
/// The overlay's tunnel.
pub const VXLAN: &str = "vxlan0";
/// The UDP port of the VXLAN.
pub const VXLAN_PORT: u16 = 4789;
/// 1500 less the 50 bytes of a VXLAN header.
pub const OVERLAY_MTU: u16 = 1450;
/// The router that all virtual machines use; every host has it (see `anycast`).
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 1);
/// The hosts' default route.
pub const INTERNET_ROUTER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 254);
/// A service on the internet.
pub const INTERNET_SERVICE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// Where the nodes' Raft listens, on the underlay address.
pub const RAFT_PORT: u16 = 7066;

/// Host `node` on the underlay.
pub fn underlay(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 31, 0, node)
}

/// Host `node` on the overlay; a gateway's DHCP server identifier.
pub fn overlay(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 9 + node)
}

/// Host `node` on its uplink.
pub fn uplink(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(203, 0, 113, node)
}

/// Which host has the overlay address `address`.
pub fn node_of_overlay(address: Ipv4Addr) -> Option<u8> {
    (1..=MAX_HOSTS).find(|node| overlay(*node) == address)
}

/// The hardware address of host `node`'s bridge.
pub fn bridge_mac(node: u8) -> MacAddr {
    MacAddr([0x02, 0x00, 0x00, 0x0f, 0x03, node])
}

/// The hardware address of virtual machine `number`.
pub fn vm_mac(number: u8) -> MacAddr {
    MacAddr([0x02, 0xaa, 0x00, 0x00, 0x00, number])
}
