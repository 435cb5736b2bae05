//! Wall clocks jump by an hour, ahead and back, on the leader and on a follower, while short leases
//! run: none ends early (S5), none is given twice (S1), and none is kept for ever.
//!
//! The pool is exhausted, and others want its addresses all the time: the moment at which they get
//! them is the moment at which the cluster holds the leases for ended.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::wait::wait_until_true;
use crate::wire::MacAddr;
use crate::{Lab, finish_storms};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "clock_step",
    about: "Wall clocks stepped by ±1 h: leases end neither early nor never, and are not given twice",
    hosts: 3,
    run,
};

const LEASE_SECONDS: u32 = 30;
/// The reclaim grace is 1 % of the lease time, and at least this (T4).
const GRACE_SECONDS: u64 = 10;
/// As many addresses as the first population needs.
const POOL_END: &str = "10.15.3.29";
const CLIENTS: u32 = 10;
const OTHERS: MacAddr = MacAddr([0x02, 0xbb, 0x07, 0, 0, 0]);
const OTHERS_WAIT_SECONDS: u64 = 80;
/// The steps come this far apart, all within the lease.
const BETWEEN_STEPS: Duration = Duration::from_secs(5);
const HOUR: i64 = 3600;

fn run(lab: &mut Lab) -> Result<Report> {
    let config = GatewayConfig::new()
        .lease_time(LEASE_SECONDS)
        .set("GATEWAY_DHCP_POOL_END", POOL_END)
        .steppable_clock();
    lab.start_gateways(&config)?;
    let vms = lab.add_vm_per_host()?;
    let holders = StormOptions {
        clients: CLIENTS,
        ..StormOptions::default()
    };
    let first = lab.storm(&vms, &holders)?;
    verdict::everybody_was_served(&first)?;
    let served = Instant::now();

    // They try every half second at first, later every eight.
    let others = StormOptions {
        first_mac: OTHERS,
        retransmit_ms: 500,
        deadline: OTHERS_WAIT_SECONDS,
        ..holders
    };
    let waiting = lab.start_split_storm(&vms, &others)?;
    let (leader, follower) = step_clocks(lab, served, &first)?;
    let second = finish_storms(waiting)?;
    verdict::everybody_was_served(&second).context("addresses that never became free again")?;
    let (earliest, latest) = reuse(&first, &second)?;

    let mut report = Report::new();
    report.figure("stepped leader", leader);
    report.figure("stepped follower", follower);
    report.figure("lease (s)", LEASE_SECONDS);
    report.figure("ACK to reuse, least (ms)", earliest);
    report.figure("ACK to reuse, most (ms)", latest);
    Ok(report)
}

/// Steps one clock after the other; returns which.
fn step_clocks(lab: &mut Lab, served: Instant, holders: &History) -> Result<(u8, u8)> {
    let leader = lab.leader()?;
    let follower = if leader == 1 { 2 } else { 1 };
    let steps = [
        (leader, HOUR),
        (leader, -HOUR),
        (follower, HOUR),
        (follower, -HOUR),
    ];
    for (number, (node, seconds)) in (1..).zip(steps) {
        let due = served + BETWEEN_STEPS * number;
        wait_until_true("time to pass", BETWEEN_STEPS * 2, || {
            Ok(Instant::now() >= due)
        })?;
        lab.gateway(node).step_clock(seconds)?;
        verdict::tables_agree(lab, holders)
            .with_context(|| format!("after a step of {seconds} s on node {node}"))?;
    }
    let lease = Duration::from_secs(LEASE_SECONDS.into());
    ensure!(
        served.elapsed() < lease,
        "the steps took longer than the leases"
    );
    Ok((leader, follower))
}

/// For each address the time from its first holder's ACK to its second's; the least and the most.
fn reuse(first: &History, second: &History) -> Result<(u64, u64)> {
    let given = ack_times(first)?;
    let again = ack_times(second)?;
    let mut gaps = Vec::new();
    for (address, at) in again {
        let before = given.get(&address);
        gaps.push(at - before.with_context(|| format!("{address} was nobody's before"))?);
    }
    let earliest = *gaps.iter().min().context("nobody was served")?;
    let latest = *gaps.iter().max().context("nobody was served")?;
    let promised = u64::from(LEASE_SECONDS) * 1000;
    ensure!(
        earliest >= promised,
        "a lease of {promised} ms was given to another after {earliest} ms (S5)"
    );
    let soon_enough = promised + 2 * GRACE_SECONDS * 1000;
    ensure!(
        latest <= soon_enough,
        "leases ended at {promised} ms, and addresses came back only after {gaps:?} ms"
    );
    Ok((earliest, latest))
}

/// When each address was acknowledged, by the machine's true clock.
fn ack_times(history: &History) -> Result<BTreeMap<std::net::Ipv4Addr, u64>> {
    let mut times = BTreeMap::new();
    for client in &history.clients {
        let address = client.address.context("a client without an address")?;
        let at = client.acked_at_ms.context("an ACK without a time")?;
        times.insert(address, history.started_unix_ms + at);
    }
    Ok(times)
}
