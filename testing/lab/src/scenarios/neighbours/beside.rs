//! A dnsmasq on the same network as our cluster, with clients of its own: what it gave stays.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::client::{Dhclient, DhcpClient};
use crate::command::run;
use crate::netns::Netns;
use crate::process::Process;
use crate::report::Report;
use crate::scenarios::oracles::dhcp_only;
use crate::topology::Vm;
use crate::topology::address::{VM_BRIDGE, VM_INTERFACE};
use crate::wait::wait_until_true;

const START: Duration = Duration::from_secs(5);
const OBTAIN: Duration = Duration::from_secs(30);
/// Its pool is outside ours, in the same network.
const RANGE: &str = "--dhcp-range=10.15.3.13,10.15.3.17,255.255.255.0,3600";

/// A dhclient that got its lease from the neighbour before we came. It reboots and asks for its address
/// (INIT-REBOOT): we say nothing, whether the neighbour is there or not.
pub(super) struct Beside {
    client: Dhclient,
    neighbour: Process,
}

impl Beside {
    /// The neighbour and its client, before any node of ours runs.
    pub(super) fn start(lab: &mut Lab) -> Result<Self> {
        let neighbour = neighbour(lab)?;
        let vm: Vm = lab.add_vm(2)?;
        let mut client = Dhclient::new(vm, lab.dir().to_owned());
        let address = client.obtain(OBTAIN)?;
        ensure!(address.octets()[3] < 18, "{address} is not the neighbour's");
        Ok(Self { client, neighbour })
    }

    /// Now our nodes are there, and the client reboots.
    pub(super) fn reboots(mut self, lab: &mut Lab, report: &mut Report) -> Result<()> {
        let before = self.client.vm().address()?;
        let control = lab.gateway(1).control();
        let mac = self.client.vm().mac().to_string();
        let after = self.client.reboot(OBTAIN)?;
        ensure!(Some(after) == before, "it had {before:?} and has {after}");
        wait_until_true("explain tells of the reboot", START, || {
            let said = control.run(&["explain", &mac])?;
            Ok(said.contains("nothing is known here"))
        })?;
        report.figure("another server's client reboots", "same address, explained");
        self.neighbour.kill()?;
        // Unanswered, dhclient discovers after 10 s, and any server may offer then.
        let later = self.client.reboot(OBTAIN)?;
        let log = lab
            .dir()
            .join(format!("{}-dhclient.log", self.client.vm().name()));
        let log = std::fs::read_to_string(&log).context("reading dhclient's log")?;
        ensure!(!log.contains("DHCPNAK"), "it was refused: {log}");
        report.figure(
            "the same, its server is gone",
            format!("no NAK, {later} in the end"),
        );
        Ok(())
    }
}

fn neighbour(lab: &Lab) -> Result<Process> {
    let host = Netns::named("neighbour");
    run(Command::new("ip").args(["netns", "add", host.name()]))?;
    let node = lab.topology().host(1).netns();
    let mut link = Command::new("ip");
    link.args([
        "link",
        "add",
        "neighbour",
        "netns",
        node.name(),
        "type",
        "veth",
    ])
    .args(["peer", "name", VM_INTERFACE, "netns", host.name()]);
    run(&mut link)?;
    node.ip(&format!("link set neighbour master {VM_BRIDGE} up\n"))?;
    host.ip(&format!(
        "link set lo up\naddr add 10.15.3.3/24 dev {VM_INTERFACE}\nlink set {VM_INTERFACE} up\n"
    ))?;
    let mut command = dhcp_only(&host);
    command.arg(RANGE).arg(format!(
        "--dhcp-leasefile={}",
        lab.dir().join("neighbour.leases").display()
    ));
    let mut process = Process::spawn("neighbour", &mut command, lab.dir())?;
    process.wait_for_log_line("DHCP, IP range", START)?;
    Ok(process)
}
