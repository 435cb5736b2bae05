//! A Proxmox host: underlay port, VXLAN, bridge for the virtual machines, uplink.
//!
//! It is handed over with forwarding off and without NAT: turning those on is the product's business.
//!
//! Checksum offload stays on, as it is with virtio: a packet socket in a virtual machine may see a
//! frame whose checksum the sender left to the hardware. Real clients know this (`PACKET_AUXDATA`).

use std::fmt::Write;
use std::process::Command;

use anyhow::Result;

use super::address::{
    INTERNET_ROUTER, OVERLAY_MTU, ROUTER, UNDERLAY_PORT, UPLINK, VM_BRIDGE, VXLAN, VXLAN_PORT,
    bridge_mac, overlay, underlay, uplink,
};
use super::{Vm, anycast, internet, underlay as switch};
use crate::command::{run, run_with_input};
use crate::netns::Netns;

/// Set before any interface exists, so that all of them inherit it.
const SYSCTLS: [(&str, &str); 7] = [
    ("ipv4/ip_forward", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
    // Answer ARP only for an address of the interface that was asked.
    ("ipv4/conf/all/arp_ignore", "1"),
    // Never ask in the router's name: the answer would have to cross the VXLAN, which drops it.
    ("ipv4/conf/all/arp_announce", "2"),
    // The product is IPv4; no duplicate address detection, no router solicitations in captures.
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
];

/// Where `br_netfilter` is loaded, it would run bridged frames through the host's IP rules.
const BRIDGE_NETFILTER: &str = "bridge/bridge-nf-call-iptables";

/// One host.
#[derive(Debug)]
pub struct Host {
    node: u8,
    netns: Netns,
}

impl Host {
    pub(super) fn build(node: u8, count: u8) -> Result<Self> {
        let host = Self {
            node,
            netns: Netns::named(format!("gw{node}")),
        };
        run(Command::new("ip").args(["netns", "add", host.netns.name()]))?;
        host.set_sysctls()?;
        host.plug_into_switch()?;
        host.plug_uplink()?;
        host.netns.ip(&host.interfaces())?;
        host.netns.ip(&host.uplink_batch())?;
        host.netns.bridge(&host.flood_list(count))?;
        host.netns.nft(&anycast::ruleset())?;
        Ok(host)
    }

    /// Takes a machine's port off the bridge. The machine sees its link up all the same.
    pub fn unplug(&self, vm: &Vm) -> Result<()> {
        self.netns.ip(&format!("link set {} nomaster\n", vm.name()))
    }

    /// Puts a machine's port on the bridge.
    pub fn plug(&self, vm: &Vm) -> Result<()> {
        let name = vm.name();
        self.netns
            .ip(&format!("link set {name} master {VM_BRIDGE} up\n"))
    }

    /// Its number, from 1.
    pub fn node(&self) -> u8 {
        self.node
    }

    /// Its namespace.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    fn set_sysctls(&self) -> Result<()> {
        self.netns.sysctl(&SYSCTLS)?;
        if self.netns.has_sysctl(BRIDGE_NETFILTER)? {
            self.netns.sysctl(&[(BRIDGE_NETFILTER, "0")])?;
        }
        Ok(())
    }

    /// The link to the switch.
    fn plug_into_switch(&self) -> Result<()> {
        let name = self.netns.name();
        let port = switch::port(self.node);
        let batch = format!(
            "link add {port} type veth peer name {UNDERLAY_PORT} netns {name}\n\
             link set {port} master {} up\n",
            switch::BRIDGE,
        );
        run_with_input(Command::new("ip").args(["-batch", "-"]), &batch)?;
        Ok(())
    }

    /// The link to the internet, without an address.
    pub(crate) fn plug_uplink(&self) -> Result<()> {
        let (name, node) = (self.netns.name(), self.node);
        let batch = format!(
            "link add up{node} netns {internet} type veth peer name {UPLINK} netns {name}\n",
            internet = internet::NAME,
        );
        run_with_input(Command::new("ip").args(["-batch", "-"]), &batch)?;
        Netns::named(internet::NAME).ip(&format!(
            "link set up{node} master {} up\n",
            internet::BRIDGE
        ))
    }

    fn interfaces(&self) -> String {
        let node = self.node;
        format!(
            "link set lo up\n\
             addr add {underlay}/24 dev {UNDERLAY_PORT}\n\
             link set {UNDERLAY_PORT} up\n\
             link add {VM_BRIDGE} address {mac} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n\
             link add {VXLAN} mtu {OVERLAY_MTU} type vxlan id 1000 local {underlay} dev {UNDERLAY_PORT} dstport {VXLAN_PORT} learning\n\
             link set {VXLAN} master {VM_BRIDGE} up\n\
             link set {VM_BRIDGE} mtu {OVERLAY_MTU} up\n\
             addr add {overlay}/24 dev {VM_BRIDGE}\n\
             addr add {ROUTER}/32 dev {VM_BRIDGE}\n",
            underlay = underlay(node),
            overlay = overlay(node),
            mac = bridge_mac(node),
        )
    }

    /// The uplink's address, and the way to the internet.
    pub(crate) fn uplink_batch(&self) -> String {
        format!(
            "addr add {uplink}/24 dev {UPLINK}\n\
             link set {UPLINK} up\n\
             route replace default via {INTERNET_ROUTER}\n",
            uplink = uplink(self.node),
        )
    }

    /// Tells the VXLAN of one more host.
    pub(super) fn meet(&self, peer: u8) -> Result<()> {
        self.netns.bridge(&format!(
            "fdb append 00:00:00:00:00:00 dev {VXLAN} dst {}\n",
            underlay(peer)
        ))
    }

    /// Where the VXLAN sends broadcasts: to every other host.
    fn flood_list(&self, count: u8) -> String {
        let mut batch = String::new();
        for peer in (1..=count).filter(|peer| *peer != self.node) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                batch,
                "fdb append 00:00:00:00:00:00 dev {VXLAN} dst {}",
                underlay(peer)
            );
        }
        batch
    }
}
