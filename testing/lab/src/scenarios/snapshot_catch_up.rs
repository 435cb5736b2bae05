//! A node is away for longer than the others keep the log: it catches up by a snapshot.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::renewals;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;
use crate::topology::address::VM_INTERFACE;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "snapshot_catch_up",
    about: "A node misses more entries than the log keeps, and catches up by a snapshot",
    hosts: 3,
    run,
};

/// The whole pool: each client may renew twice a second.
const CLIENTS: u32 = 235;
/// The cluster takes a snapshot after 10,000 entries and keeps 5,000 before it.
const ENTRIES: u64 = 10_500;
const CAUGHT_UP: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(120);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let population = StormOptions {
        clients: CLIENTS,
        ..StormOptions::default()
    };
    let history = lab.storm(&vms, &population)?;
    verdict::everybody_was_served(&history)?;

    let leader = lab.leader()?;
    let away = if leader == 1 { 2 } else { 1 };
    lab.gateway(away).kill_9()?;
    let missed_from = lab.gateway(leader).status()?.last_applied;
    let started = Instant::now();
    let witness = lab.gateway(leader);
    let acks = vms[0].netns().enter(|| {
        renewals::run(VM_INTERFACE, &history.clients, Some(away), || {
            ensure!(started.elapsed() < PATIENCE, "too slow to fill the log");
            Ok(witness.status()?.last_applied >= ENTRIES)
        })
    })?;
    let filled = started.elapsed();
    let target = lab.gateway(leader).status()?.last_applied;

    let back = Instant::now();
    lab.gateway(away).start()?;
    let caught_up = lab.gateway(away);
    caught_up.wait_for_status("level with the others", CAUGHT_UP, |status| {
        status.in_service && status.last_applied >= target
    })?;
    let took = back.elapsed();
    verdict::tables_agree(lab, &history).context("after the snapshot")?;

    let mut report = Report::new();
    report.figure("renewals", acks);
    report.figure("log filled in (ms)", filled.as_millis());
    report.figure("entries missed", target - missed_from);
    report.figure("caught up after (ms)", took.as_millis());
    Ok(report)
}
