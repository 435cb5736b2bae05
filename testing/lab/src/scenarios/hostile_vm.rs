//! Everything that a virtual machine can try against the hosts and the cluster (contract S12): refused,
//! counted, nothing changed.
//!
//! A row an attempt: what was tried, what came back, which counters rose. Around each, every node's term,
//! leader and log position, and the tables of leases, reservations and forwards, are compared. Then the
//! table of who reaches which port. It ends with the cluster in service and a new client served.

mod attempt;
mod descriptors;
mod forwards;
mod peer_calls;
mod peers_network;
mod spoofed;

use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::reach;
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::RunningService;
use crate::topology::Vm;
use crate::wait::wait_until_true;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "hostile_vm",
    about: "Everything a VM can try against hosts and cluster: refused, counted, nothing changed",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(15);
const SEEN: Duration = Duration::from_secs(40);
/// What every host shows to its own networks, as Proxmox does its page.
const PAGE_PORT: u16 = 8006;

fn run(lab: &mut Lab) -> Result<Report> {
    let _ssh = reach::ssh_on_every_host(lab)?;
    let _pages = pages(lab)?;
    lab.start_gateways(&GatewayConfig::new())?;
    let mut clients = clients(lab)?;
    ports_are_reported(lab)?;
    let vms: Vec<Vm> = clients.iter().map(|client| client.vm().clone()).collect();
    let vms: Vec<&Vm> = vms.iter().collect();

    let mut report = Report::new();
    let tried = reach::check(lab, &vms, &mut report)?;
    report.figure("connections of the table", tried);
    peer_calls::check(lab, vms[0], &mut report)?;
    spoofed::check(lab, vms[0], vms[1], &mut report)?;
    forwards::check(lab, &vms, &mut report)?;
    let intruder = peers_network::check(lab, &mut report)?;
    descriptors::check(lab, &intruder, vms[1], &mut report)?;

    lab.wait_in_service()?;
    for client in &mut clients {
        client.renew(OBTAIN)?;
    }
    let mut newcomer = Udhcpc::new(lab.add_vm(3)?, lab.dir().to_owned());
    let address = newcomer.obtain(OBTAIN)?;
    report.figure("a new client afterwards", address);
    for gateway in lab.gateways() {
        let verdict = gateway.status()?.verdict;
        ensure!(verdict.level == "healthy", "afterwards: {verdict:?}");
    }
    Ok(report)
}

fn pages(lab: &Lab) -> Result<Vec<RunningService>> {
    let page = SocketAddr::from((Ipv6Addr::UNSPECIFIED, PAGE_PORT));
    let hosts = lab.topology().hosts().iter();
    hosts
        .map(|host| RunningService::start(host.netns(), page, lab.dir()))
        .collect()
}

fn clients(lab: &mut Lab) -> Result<Vec<Udhcpc>> {
    let dir = lab.dir().to_owned();
    let vms = lab.add_vm_per_host()?.into_iter();
    let mut clients: Vec<_> = vms.map(|vm| Udhcpc::new(vm, dir.clone())).collect();
    for client in &mut clients {
        client.obtain(OBTAIN)?;
    }
    Ok(clients)
}

/// Hosts report their ports in entries of the log. From then on nothing is written by itself (T5).
fn ports_are_reported(lab: &mut Lab) -> Result<()> {
    let add = ["forward", "add", "tcp", "8006", "--to", "10.15.3.200"];
    let control = lab.gateway(1).control();
    wait_until_true("every host has reported its ports", SEEN, || {
        let answer = control.attempt(&add).context("asking for a forward")?;
        if answer.code == Some(0) {
            control.run(&["forward", "remove", "tcp", "8006"])?;
        }
        let all = (1..=3).all(|node| answer.complaint.contains(&node.to_string()));
        Ok(answer.code == Some(1) && all)
    })
}
