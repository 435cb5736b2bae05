//! The cabling: hosts on an underlay, an internet beyond their uplinks, virtual machines on top.
//!
//! ```text
//!   root namespace: bridge `underlay` ── ul1 ── gw1: underlay0 ── vxlan0 ┐
//!                                                                OCvpsnet ┴─ vm1 (eth0)
//!                                                    uplink0 ── internet: br0, 198.51.100.1
//! ```
//!
//! The hosts are left as the product will find them: no forwarding, no NAT. The only nftables rules of
//! ours in a host are in a bridge table of our own (see [`anycast`]).

pub mod address;
pub mod anycast;
pub mod host;
pub mod internet;
mod sandbox;
pub mod underlay;
pub mod vm;

use anyhow::{Result, ensure};

pub use host::Host;
pub use internet::Internet;
pub use underlay::Underlay;
pub use vm::Vm;

use crate::isolate::Isolation;

/// Everything that is wired together.
#[derive(Debug)]
pub struct Topology {
    underlay: Underlay,
    internet: Internet,
    hosts: Vec<Host>,
    vm_count: u8,
}

impl Topology {
    /// Builds `count` hosts. The proof of isolation keeps this away from the machine's own network.
    pub fn build(_proof: &Isolation, count: u8) -> Result<Self> {
        ensure!(
            (1..=address::MAX_HOSTS).contains(&count),
            "a lab has 1 to {} hosts, not {count}",
            address::MAX_HOSTS
        );
        let underlay = Underlay::build()?;
        let internet = Internet::build()?;
        let hosts = (1..=count)
            .map(|node| Host::build(node, count))
            .collect::<Result<_>>()?;
        Ok(Self {
            underlay,
            internet,
            hosts,
            vm_count: 0,
        })
    }

    /// The switch between the hosts.
    pub fn underlay(&self) -> &Underlay {
        &self.underlay
    }

    /// What is beyond the uplinks.
    pub fn internet(&self) -> &Internet {
        &self.internet
    }

    /// All hosts, in order of their numbers.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// Host `node`, counted from 1.
    pub fn host(&self, node: u8) -> &Host {
        &self.hosts[usize::from(node) - 1]
    }

    /// Builds one more host, and returns its number.
    pub fn add_host(&mut self) -> Result<u8> {
        // At most MAX_HOSTS.
        let node = self.hosts.len() as u8 + 1;
        ensure!(
            node <= address::MAX_HOSTS,
            "a lab has at most {} hosts",
            address::MAX_HOSTS
        );
        self.hosts.push(Host::build(node, node)?);
        let others = self.hosts.iter().filter(|host| host.node() != node);
        others.into_iter().try_for_each(|host| host.meet(node))?;
        Ok(node)
    }

    /// Adds a virtual machine on host `node`.
    pub fn add_vm(&mut self, node: u8) -> Result<Vm> {
        self.vm_count += 1;
        Vm::build(self.vm_count, self.host(node))
    }
}
