//! The leader is killed in the middle of a boot storm (L3, S1, S2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::wait::wait_until;
use crate::{Lab, finish_storms};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "leader_kill",
    about: "SIGKILL of the leader while 200 clients boot at once: time to the next ACK, none twice",
    hosts: 3,
    run,
};

const CLIENTS: u32 = 200;
/// A client that has taken the dead node's offer starts over after four REQUESTs without an answer:
/// 15 s with this first delay, and 60 s with that of RFC 2131 §4.1. udhcpc takes 9 s.
const RETRANSMIT_MS: u64 = 1000;
const REACHED: Duration = Duration::from_secs(15);
/// How many of the clients reboot afterwards, for another ACK.
const RETURNING: usize = 10;

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let options = StormOptions {
        clients: CLIENTS,
        retransmit_ms: RETRANSMIT_MS,
        ..StormOptions::default()
    };
    let leader = lab.leader()?;
    let running = lab.start_split_storm(&vms, &options)?;
    wait_for_load(lab, leader)?;
    let killed_at = unix_ms()?;
    lab.gateway(leader).kill_9()?;
    let history = finish_storms(running)?;

    let mut report = Report::new();
    report.figure("killed leader", leader);
    note_around_the_kill(&mut report, &history, killed_at)?;
    verdict::note(&mut report, &verdict::everybody_was_served(&history)?);
    report.figure("new leader", lab.leader()?);
    lab.gateway(leader).start()?;
    lab.wait_in_service()?;
    verdict::tables_agree(lab, &history)?;
    for (client, vm) in history
        .clients
        .iter()
        .zip(vms.iter().cycle())
        .take(RETURNING)
    {
        verdict::comes_back(vm, client)?;
    }
    Ok(report)
}

/// The storm has begun to be served: the kill comes upon the first leases.
fn wait_for_load(lab: &mut Lab, node: u8) -> Result<()> {
    let gateway = lab.gateway(node);
    wait_until("the first leases", REACHED, || {
        Ok((gateway.status()?.bound_total() > 0).then_some(()))
    })
}

fn note_around_the_kill(report: &mut Report, history: &History, killed_at: u64) -> Result<()> {
    let acks = history.ack_unix_ms();
    let before = acks.iter().filter(|ack| **ack <= killed_at).count();
    let next = acks.iter().find(|ack| **ack > killed_at);
    let next = next.context("no ACK after the kill: it came too late to show anything")?;
    ensure!(before > 0, "no ACK before the kill: it came too early");
    report.figure("ACKs before the kill", before);
    report.figure("ACKs after the kill", acks.len() - before);
    report.figure("kill to next ACK (ms)", next - killed_at);
    report.figure(
        "longest silence after the kill (ms)",
        longest_gap(&acks[before - 1..]),
    );
    Ok(())
}

/// The first ACK after a kill may have been on its way: how long there was none at all says more.
fn longest_gap(times: &[u64]) -> u64 {
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    gaps.max().unwrap_or(0)
}

fn unix_ms() -> Result<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}
