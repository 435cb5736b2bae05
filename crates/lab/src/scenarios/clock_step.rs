//! The leader's wall clock jumps an hour ahead, then a day back: no lease ends early (S5).

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock_step",
    about: "The leader's wall clock is stepped: leases neither end early nor are given twice",
    hosts: 3,
    run,
};

const LEASE_SECONDS: u32 = 600;
/// As many addresses as both populations need together, so that an early end shows as a reuse.
const POOL_END: &str = "10.15.3.59";
const CLIENTS: u32 = 20;
const STEPS: [i64; 2] = [3600, -86_400];

fn run(lab: &mut Lab) -> Result<Report> {
    let config = GatewayConfig::new()
        .lease_time(LEASE_SECONDS)
        .set("GATEWAY_DHCP_POOL_END", POOL_END)
        .steppable_clock();
    lab.start_gateways(&config)?;
    let vms = lab.add_vm_per_host()?;
    let population = StormOptions {
        clients: CLIENTS,
        ..StormOptions::default()
    };
    let first = lab.storm(&vms, &population)?;
    verdict::everybody_was_served(&first)?;

    let leader = lab.leader()?;
    let mut shortest = i64::MAX;
    for step in STEPS {
        lab.gateway(leader).step_clock(step)?;
        shortest = shortest.min(shortest_lease(lab, &first)?);
    }
    let others = StormOptions {
        first_mac: MacAddr([0x02, 0xbb, 0x07, 0, 0, 0]),
        ..population
    };
    let second = lab.storm(&vms, &others)?;
    let all = History::merge([first.clone(), second]);
    let summary = verdict::everybody_was_served(&all)?;

    let mut report = Report::new();
    report.figure("stepped leader", leader);
    report.figure(
        "shortest time left (s)",
        shortest.min(shortest_lease(lab, &first)?),
    );
    verdict::note(&mut report, &summary);
    Ok(report)
}

/// The least time that any of the clients' leases has left, as every node sees it.
fn shortest_lease(lab: &mut Lab, clients: &History) -> Result<i64> {
    let mut shortest = i64::MAX;
    for gateway in lab.gateways() {
        let leases = gateway.leases()?;
        for address in clients.addresses() {
            let lease = leases.iter().find(|l| l.address == address);
            let lease = lease.with_context(|| format!("{address} is gone"))?;
            let left = lease.expires_in_seconds.context("a lease without an end")?;
            ensure!(lease.state == "bound" && left > 0, "ended early: {lease:?}");
            shortest = shortest.min(left);
        }
    }
    // The scenario takes seconds; a lease with much less left was shortened by the step.
    ensure!(
        shortest > i64::from(LEASE_SECONDS) / 2,
        "a lease of {LEASE_SECONDS} s has {shortest} s left"
    );
    Ok(shortest)
}
