//! The leader is killed while clients keep arriving (L3, S1, S2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::verdict;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::wait::wait_until;
use crate::{Lab, finish_storms};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "leader_kill",
    about: "SIGKILL of the leader under load: time to the next ACK, nothing given twice",
    hosts: 3,
    run,
};

const CLIENTS: u32 = 150;
const RAMP_MS: u64 = 15_000;
/// The kill comes once this many leases are committed.
const BOUND_BEFORE_KILL: u64 = 40;
const REACHED: Duration = Duration::from_secs(15);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let options = StormOptions {
        clients: CLIENTS,
        ramp_ms: RAMP_MS,
        ..StormOptions::default()
    };
    let running = lab.start_split_storm(&vms, &options)?;
    let leader = lab.leader()?;
    wait_for_load(lab, leader)?;
    let killed_at = unix_ms()?;
    lab.gateway(leader).kill_9()?;
    let history = finish_storms(running)?;

    let mut report = Report::new();
    report.figure("killed leader", leader);
    report.figure(
        "kill to next ACK (ms)",
        next_ack_after(&history, killed_at)?,
    );
    verdict::note(&mut report, &verdict::everybody_was_served(&history)?);
    let new_leader = lab.leader()?;
    report.figure("new leader", new_leader);
    lab.gateway(leader).start()?;
    lab.wait_in_service()?;
    Ok(report)
}

fn wait_for_load(lab: &mut Lab, node: u8) -> Result<()> {
    let gateway = lab.gateway(node);
    wait_until("some leases before the kill", REACHED, || {
        let bound: u64 = gateway.status()?.subnets.iter().map(|s| s.bound).sum();
        Ok((bound >= BOUND_BEFORE_KILL).then_some(()))
    })
}

fn next_ack_after(history: &History, at: u64) -> Result<u64> {
    let next = history.ack_unix_ms().into_iter().find(|ack| *ack > at);
    Ok(next.context("no ACK after the kill")? - at)
}

fn unix_ms() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}
