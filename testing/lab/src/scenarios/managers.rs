//! systemd-networkd and NetworkManager, each on a host of its own: obtain, renew, outlive the lease without a server,
//! reboot.
//!
//! When a lease has run out, both discover with their old address in `ciaddr`.

use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::Lab;
use crate::capture::Capture;
use crate::client::Manager;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::topology::Topology;
use crate::unpacked::Unpacked;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "managers",
    about: "systemd-networkd and NetworkManager obtain, renew, come back after their lease has run out, reboot",
    hosts: 3,
    run,
};

/// Short, since both renew only by themselves, at half of it.
const LEASE_SECONDS: u32 = 30;
/// Both wait for an answer, longer each time.
const OBTAIN: Duration = Duration::from_secs(60);
const RENEW: Duration = Duration::from_secs(60);
/// The lease, and what a busy machine adds.
const RUN_OUT: Duration = Duration::from_secs(60);

fn run(lab: &mut Lab) -> Result<Report> {
    let unpacked = Unpacked::find()?;
    lab.start_gateways(&GatewayConfig::new().lease_time(LEASE_SECONDS))?;
    let dir = lab.dir().to_owned();
    let mut managers = [
        Manager::networkd(lab.add_vm(1)?, dir.clone(), &unpacked),
        Manager::network_manager(lab.add_vm(2)?, dir.clone(), &unpacked),
    ];
    let captures = managers
        .iter()
        .map(|manager| Capture::start(manager.vm(), &dir))
        .collect::<Result<Vec<_>>>()?;
    let lives = side_by_side(&mut managers, lab.topology())?;

    let mut report = Report::new();
    for ((manager, life), capture) in managers.iter().zip(lives).zip(captures) {
        let name = manager.name();
        let file = capture.finish()?;
        report.figure(format!("{name}: address"), life.address);
        for (what, took) in life.took {
            report.figure(format!("{name}: {what} in (ms)"), took.as_millis());
        }
        let with_ciaddr = file.discovers_with_ciaddr()?;
        ensure!(with_ciaddr > 0, "{name} has sent no DISCOVER with ciaddr");
        report.figure(format!("{name}: DISCOVERs with ciaddr"), with_ciaddr);
    }
    Ok(report)
}

struct Life {
    address: Ipv4Addr,
    took: Vec<(&'static str, Duration)>,
}

fn side_by_side(managers: &mut [Manager], topology: &Topology) -> Result<Vec<Life>> {
    thread::scope(|scope| {
        let threads: Vec<_> = managers
            .iter_mut()
            .map(|manager| scope.spawn(move || live(manager, topology)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a client panicked"))?)
            .collect()
    })
}

fn live(manager: &mut Manager, topology: &Topology) -> Result<Life> {
    let name = manager.name();
    let host = topology.host(manager.vm().node());
    let mut took = Vec::new();
    let mut timed = |what, started: Instant| took.push((what, started.elapsed()));

    let started = Instant::now();
    let address = manager.obtain(OBTAIN).context(name)?;
    timed("obtained", started);

    let started = Instant::now();
    manager.renew(RENEW).context(name)?;
    timed("renewed", started);
    let renewed = manager.vm().address()?;
    ensure!(
        renewed == Some(address),
        "{name} had {address}, then {renewed:?}"
    );

    let started = Instant::now();
    let again = manager.outlive_lease(host, RUN_OUT, OBTAIN).context(name)?;
    timed("lease run out, and obtained again", started);
    ensure!(
        again == address,
        "{name} had {address}, and {again} after its lease (L5)"
    );

    let started = Instant::now();
    let again = manager.reboot(OBTAIN).context(name)?;
    timed("rebooted", started);
    ensure!(
        again == address,
        "{name} had {address}, and {again} after a reboot (L5)"
    );
    Ok(Life { address, took })
}
