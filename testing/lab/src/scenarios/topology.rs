//! The cabling itself, without any gateway: what the other scenarios take for granted.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Lab;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp, fetch_udp};
use crate::topology::address::{
    INTERNET_SERVICE, ROUTER, VM_INTERFACE, bridge_mac, overlay, uplink,
};
use crate::topology::{Host, Vm};
use crate::wait::wait_until;
use crate::wire::{MacAddr, PacketSocket, arp};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "topology",
    about: "The cabling: overlay across hosts, anycast router, underlay cut and heal, uplink",
    hosts: 3,
    run,
};

const ARP_WINDOW: Duration = Duration::from_millis(200);
const CONNECT: Duration = Duration::from_millis(500);
const HEAL_DEADLINE: Duration = Duration::from_secs(5);

fn run(lab: &mut Lab) -> Result<Report> {
    let mut report = Report::new();
    let vms = lab.add_vm_per_host()?;
    for (vm, last) in vms.iter().zip(100..) {
        vm.set_static_address(Ipv4Addr::new(10, 15, 3, last))?;
    }
    let server = SocketAddr::from((Ipv4Addr::new(10, 15, 3, 100), 80));
    let _service = RunningService::start(vms[0].netns(), server, lab.dir())?;

    overlay_works(&vms, server)?;
    router_is_local(&vms)?;
    node_addresses_are_reachable(&vms)?;
    report.figure("healed after (ms)", cut_and_heal(lab, &vms, server)?);
    uplinks_work(lab)?;
    gateways_are_untouched(lab.topology().hosts())?;
    Ok(report)
}

fn overlay_works(vms: &[Vm], server: SocketAddr) -> Result<()> {
    for (vm, last) in vms.iter().zip(100_u8..).skip(1) {
        let seen = vm.netns().enter(|| fetch_tcp(server, CONNECT))?;
        ensure!(
            seen == Ipv4Addr::new(10, 15, 3, last),
            "{} was seen as {seen} across the overlay",
            vm.name()
        );
        vm.netns().enter(|| fetch_udp(server, CONNECT))?;
    }
    Ok(())
}

/// Each machine hears of the router from its own host and from nobody else.
fn router_is_local(vms: &[Vm]) -> Result<()> {
    for vm in vms {
        let answers = who_has(vm, ROUTER)?;
        ensure!(
            answers == [bridge_mac(vm.node())],
            "{} on host {} asked for the router and heard {answers:?}",
            vm.name(),
            vm.node()
        );
    }
    Ok(())
}

/// The nodes' own addresses are reachable from everywhere: a unicast renewal depends on it.
fn node_addresses_are_reachable(vms: &[Vm]) -> Result<()> {
    for vm in vms {
        for node in 1..=3 {
            let answers = who_has(vm, overlay(node))?;
            ensure!(
                answers == [bridge_mac(node)],
                "{} asked for node {node} and heard {answers:?}",
                vm.name()
            );
        }
    }
    Ok(())
}

fn who_has(vm: &Vm, target: Ipv4Addr) -> Result<Vec<MacAddr>> {
    vm.netns().enter(|| {
        let socket = PacketSocket::open(VM_INTERFACE)?;
        let own = vm.address()?.unwrap_or(Ipv4Addr::UNSPECIFIED);
        arp::who_has(&socket, vm.mac(), own, target, ARP_WINDOW)
    })
}

/// Cuts host 1 and returns how many milliseconds after healing its machine is reachable again.
fn cut_and_heal(lab: &Lab, vms: &[Vm], server: SocketAddr) -> Result<u128> {
    let reach = |vm: &Vm| vm.netns().enter(|| fetch_tcp(server, CONNECT)).is_ok();
    lab.faults().cut_host(1)?;
    ensure!(
        !reach(&vms[1]),
        "host 1 is cut off, but its machine is reachable"
    );
    lab.faults().heal()?;
    let healed = Instant::now();
    wait_until("the healed overlay", HEAL_DEADLINE, || {
        Ok(reach(&vms[1]).then_some(()))
    })?;
    let took = healed.elapsed().as_millis();

    lab.faults().cut_one_way(2, 1)?;
    ensure!(!reach(&vms[1]), "one way is cut, but connections work");
    ensure!(reach(&vms[2]), "the cut from 2 to 1 also cut 3 off");
    lab.faults().heal()?;

    lab.faults().cut_raft(1)?;
    ensure!(reach(&vms[1]), "cutting Raft must leave the overlay alone");
    lab.faults().heal()?;
    Ok(took)
}

fn uplinks_work(lab: &Lab) -> Result<()> {
    let service = SocketAddr::from((INTERNET_SERVICE, 80));
    let internet = lab.topology().internet().netns();
    let _service = RunningService::start(internet, service, lab.dir())?;
    for host in lab.topology().hosts() {
        let seen = host.netns().enter(|| fetch_tcp(service, CONNECT))?;
        ensure!(
            seen == uplink(host.node()),
            "host {} was seen as {seen} on the internet",
            host.node()
        );
    }
    Ok(())
}

/// The product must find forwarding off, and only the lab's own table.
fn gateways_are_untouched(hosts: &[Host]) -> Result<()> {
    for host in hosts {
        let forward = host.netns().run("sysctl", &["-n", "net.ipv4.ip_forward"])?;
        ensure!(forward.trim() == "0", "forwarding is on at the start");
        let tables = host.netns().run("nft", &["list", "tables"])?;
        ensure!(
            tables.trim() == "table bridge lab_anycast",
            "unexpected tables: {tables}"
        );
    }
    Ok(())
}
