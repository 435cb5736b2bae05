//! Three real clients, each on a host of its own: obtain, renew, reboot, release. The hosts have other addresses in
//! the pool, of which none is given away.

use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::Lab;
use crate::client::{Dhclient, DhcpClient, Dhcpcd, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::topology::address::VM_BRIDGE;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clients",
    about: "dhclient, udhcpc and dhcpcd obtain, renew, reboot to the same address, release",
    hosts: 3,
    run,
};

/// Short, since dhclient renews only by itself, at half of it.
const LEASE_SECONDS: u32 = 30;
/// dhcpcd waits a little and probes before it uses an address.
const OBTAIN: Duration = Duration::from_secs(20);
/// Generous: a server may insist on a longer lease.
const RENEW: Duration = Duration::from_secs(130);
const RELEASE: Duration = Duration::from_secs(10);
/// Well below the lease time: by then a lease that was not released is still there.
const RELEASED: Duration = Duration::from_secs(5);

/// Another address of a host on the clients' network, in the pool, and one of the first that is free.
const fn others(node: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 19 + node)
}

fn run(lab: &mut Lab) -> Result<Report> {
    for node in 1..=3 {
        let host = lab.topology().host(node).netns().clone();
        host.ip(&format!("addr add {}/24 dev {VM_BRIDGE}\n", others(node)))?;
    }
    lab.start_gateways(&GatewayConfig::new().lease_time(LEASE_SECONDS))?;
    let dir = lab.dir().to_owned();
    let mut clients: [Box<dyn DhcpClient + Send>; 3] = [
        Box::new(Dhclient::new(lab.add_vm(1)?, dir.clone())),
        Box::new(Udhcpc::new(lab.add_vm(2)?, dir.clone())),
        Box::new(Dhcpcd::new(lab.add_vm(3)?, dir)),
    ];
    let lives = side_by_side(&mut clients)?;
    for life in &lives {
        let is_a_hosts = (1..=3).any(|node| life.address == others(node));
        ensure!(!is_a_hosts, "{} is a host's own (S4, L6)", life.address);
    }
    nothing_is_held(lab)?;

    let mut report = Report::new();
    for (client, life) in clients.iter().zip(lives) {
        let name = client.name();
        report.figure(format!("{name}: address"), life.address);
        report.figure(format!("{name}: obtained in (ms)"), life.obtained_ms);
        report.figure(format!("{name}: renewed in (ms)"), life.renewed_ms);
        report.figure(format!("{name}: rebooted in (ms)"), life.rebooted_ms);
    }
    Ok(report)
}

struct Life {
    address: Ipv4Addr,
    obtained_ms: u128,
    renewed_ms: u128,
    rebooted_ms: u128,
}

fn side_by_side(clients: &mut [Box<dyn DhcpClient + Send>]) -> Result<Vec<Life>> {
    thread::scope(|scope| {
        let threads: Vec<_> = clients
            .iter_mut()
            .map(|client| scope.spawn(|| live(client.as_mut())))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
            .collect()
    })
}

fn live(client: &mut dyn DhcpClient) -> Result<Life> {
    let name = client.name();
    let (address, obtained_ms) = timed(|| client.obtain(OBTAIN)).context(name)?;
    let ((), renewed_ms) = timed(|| client.renew(RENEW)).context(name)?;
    ensure!(
        client.vm().address()? == Some(address),
        "{name} had {address} and another address after its renewal"
    );
    let (again, rebooted_ms) = timed(|| client.reboot(OBTAIN)).context(name)?;
    ensure!(
        again == address,
        "{name} had {address} and got {again} after a reboot (L5)"
    );
    client.release(RELEASE).context(name)?;
    Ok(Life {
        address,
        obtained_ms,
        renewed_ms,
        rebooted_ms,
    })
}

/// What the clients released is free at once, and not only when it expires. They sent each release
/// and each renewal from their own address, or a node would have taken it for forged (S7).
fn nothing_is_held(lab: &mut Lab) -> Result<()> {
    for gateway in lab.gateways() {
        let status =
            gateway.wait_for_status("no lease after all releases", RELEASED, |status| {
                status.bound_total() == 0
            })?;
        let forged = status.dropped_packets.get("forged_source");
        ensure!(
            forged.is_none(),
            "node {} took a client's packets for forged: {status:?}",
            status.node_id
        );
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, u128)> {
    let started = Instant::now();
    let value = work()?;
    Ok((value, started.elapsed().as_millis()))
}
