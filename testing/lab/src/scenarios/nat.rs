//! The way out and the way in: source NAT at each machine's own host, port forwards, and what stays
//! closed.

mod closed;
mod foreign;
mod inward;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp, fetch_udp};
use crate::topology::Vm;
use crate::topology::address::INTERNET_SERVICE;
use crate::topology::address::uplink;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "nat",
    about: "Out as one's host; in by TCP and UDP forwards, hairpin too; nothing else comes in",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(1);
const SERVICE_PORT: u16 = 80;

fn run(lab: &mut Lab) -> Result<Report> {
    foreign::install(lab.topology().host(1))?;
    lab.start_gateways(&GatewayConfig::new())?;
    let service = SocketAddr::from((INTERNET_SERVICE, SERVICE_PORT));
    let internet = lab.topology().internet().netns().clone();
    let _internet_service = RunningService::start(&internet, service, lab.dir())?;

    let mut clients = Vec::new();
    // Two on host 1: the hairpin needs a neighbour.
    for node in [1, 1, 2, 3] {
        let mut client = Udhcpc::new(lab.add_vm(node)?, lab.dir().to_owned());
        client.obtain(OBTAIN)?;
        seen_as_its_host(client.vm(), service)?;
        clients.push(client);
    }
    let mut report = Report::new();
    inward::check(lab, &mut clients, &mut report)?;
    closed::check(lab, clients[0].vm())?;
    foreign::ensure_untouched(lab.topology().host(1))?;
    report.figure("foreign table", "untouched");
    Ok(report)
}

fn seen_as_its_host(vm: &Vm, service: SocketAddr) -> Result<()> {
    let host = IpAddr::from(uplink(vm.node()));
    let tcp = vm.netns().enter(|| fetch_tcp(service, CONNECT))?;
    let udp = vm.netns().enter(|| fetch_udp(service, CONNECT))?;
    ensure!(
        (tcp, udp) == (host, host),
        "{} on host {} was seen as {tcp} and {udp}",
        vm.name(),
        vm.node()
    );
    Ok(())
}
