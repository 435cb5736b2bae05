//! The way out and the way in: source NAT at each machine's own host, and a port forward.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp, fetch_udp};
use crate::topology::Vm;
use crate::topology::address::{INTERNET_SERVICE, uplink};
use crate::wait::wait_until;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "nat",
    about: "Machines reach the internet as their host; a port forward reaches a machine",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(1);
/// From the operator's command to a working rule in every kernel.
const PROGRAMMED: Duration = Duration::from_secs(5);
const FORWARDED_PORT: u16 = 8080;
const SERVICE_PORT: u16 = 80;

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let service = SocketAddr::from((INTERNET_SERVICE, SERVICE_PORT));
    let internet = lab.topology().internet().netns().clone();
    let _internet_service = RunningService::start(&internet, service, lab.dir())?;

    let mut clients = Vec::new();
    for vm in lab.add_vm_per_host()? {
        let mut client = Udhcpc::new(vm, lab.dir().to_owned());
        client.obtain(OBTAIN)?;
        seen_as_its_host(client.vm(), service)?;
        clients.push(client);
    }
    let target = clients.first().context("no machine")?.vm();
    forward(lab, target)
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

fn forward(lab: &mut Lab, target: &Vm) -> Result<Report> {
    let address = target.address()?.context("the machine lost its address")?;
    let server = SocketAddr::from((address, SERVICE_PORT));
    let _service = RunningService::start(target.netns(), server, lab.dir())?;
    let port = FORWARDED_PORT.to_string();
    lab.gateway(1)
        .ctl(&["forward", "add", "tcp", &port, "--to", &server.to_string()])?;

    let public = SocketAddr::from((uplink(target.node()), FORWARDED_PORT));
    let internet = lab.topology().internet().netns();
    let started = std::time::Instant::now();
    let seen = wait_until("the port forward", PROGRAMMED, || {
        Ok(internet.enter(|| fetch_tcp(public, CONNECT)).ok())
    })?;
    let mut report = Report::new();
    report.figure("forward works after (ms)", started.elapsed().as_millis());
    report.figure("its caller is seen as", seen);
    Ok(report)
}
