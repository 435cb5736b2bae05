//! A virtual machine: a network namespace behind a host's bridge port.
//!
//! It also has mounts and a host name of its own (see `sandbox`).

use std::ffi::OsStr;
use std::fs;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::address::{OVERLAY_MTU, ROUTER, VM_INTERFACE, vm_mac};
use super::host::Host;
use super::sandbox::Sandbox;
use crate::command::run;
use crate::netns::Netns;
use crate::wait::wait_until;
use crate::wire::MacAddr;

/// One virtual machine. A clone names the same machine.
#[derive(Debug, Clone)]
pub struct Vm {
    name: String,
    node: u8,
    mac: MacAddr,
    netns: Netns,
    sandbox: Arc<Sandbox>,
}

impl Vm {
    pub(super) fn build(number: u8, host: &Host) -> Result<Self> {
        let name = format!("vm{number}");
        let vm = Self {
            netns: Netns::named(&name),
            sandbox: Arc::new(Sandbox::new(&name)?),
            name,
            node: host.node(),
            mac: vm_mac(number),
        };
        run(Command::new("ip").args(["netns", "add", &vm.name]))?;
        vm.netns.sysctl(&[
            ("ipv6/conf/all/disable_ipv6", "1"),
            ("ipv6/conf/default/disable_ipv6", "1"),
        ])?;
        vm.plug_into(host)?;
        Ok(vm)
    }

    /// Its name, which is also its host name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The host it runs on.
    pub fn node(&self) -> u8 {
        self.node
    }

    /// Its hardware address.
    pub fn mac(&self) -> MacAddr {
        self.mac
    }

    /// Its network namespace alone.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    /// A command that will run `program` in the machine, with its mounts and host name.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(self.nsenter_args()).arg("--").arg(program);
        command
    }

    /// The arguments that take `nsenter` into the machine, from within the lab.
    pub fn nsenter_args(&self) -> Vec<String> {
        let network = format!("--net={}", self.netns.path().display());
        let sandbox = self.sandbox.nsenter_args();
        [network].into_iter().chain(sandbox).collect()
    }

    /// The address of its interface, if it has one.
    pub fn address(&self) -> Result<Option<Ipv4Addr>> {
        Ok(self.netns.addresses(VM_INTERFACE)?.first().copied())
    }

    /// Whether it has a default route.
    pub fn has_default_route(&self) -> Result<bool> {
        self.netns.enter(|| {
            // Not /proc/net: that is the view of the process's first thread.
            let table = fs::read_to_string("/proc/thread-self/net/route")
                .context("reading the routing table")?;
            let destinations = table.lines().filter_map(|line| line.split('\t').nth(1));
            Ok(destinations.into_iter().any(|text| text == "00000000"))
        })
    }

    /// Waits until it has an address and a default route: client scripts set one after the other.
    pub fn wait_until_configured(&self, within: Duration) -> Result<Ipv4Addr> {
        let what = format!("an address and a default route on {}", self.name);
        wait_until(&what, within, || {
            if self.has_default_route()? {
                return self.address();
            }
            Ok(None)
        })
    }

    /// Gives it an address by hand, with the default route a DHCP client would set.
    pub fn set_static_address(&self, address: Ipv4Addr) -> Result<()> {
        self.netns.ip(&format!(
            "addr replace {address}/24 dev {VM_INTERFACE}\nroute replace default via {ROUTER}\n"
        ))
    }

    /// Takes all addresses away, as a reboot does.
    pub fn flush_addresses(&self) -> Result<()> {
        self.netns.ip(&format!("addr flush dev {VM_INTERFACE}\n"))
    }

    fn plug_into(&self, host: &Host) -> Result<()> {
        let (name, mac) = (&self.name, self.mac);
        let mut link = Command::new("ip");
        link.args(["link", "add", name, "netns", host.netns().name()])
            .args(["mtu", &OVERLAY_MTU.to_string(), "type", "veth"])
            .args(["peer", "name", VM_INTERFACE, "netns", self.netns.name()])
            .args(["address", &mac.to_string()])
            .args(["mtu", &OVERLAY_MTU.to_string()]);
        run(&mut link)?;
        host.plug(self)?;
        self.netns
            .ip(&format!("link set lo up\nlink set {VM_INTERFACE} up\n"))
    }
}
