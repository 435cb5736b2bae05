//! The leader's Raft links are cut while its overlay works: the case in which others answer twice.
//!
//! The cut-off node hears every client and must say nothing at all (L2, S6); the others serve its
//! machines meanwhile (L1).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::probe::{self, MessageKind, ProbeOptions, Reply};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::topology::Vm;
use crate::topology::address::{bridge_mac, overlay};
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "partition",
    about: "Raft links of the leader cut, overlay intact: it falls silent, the others serve",
    hosts: 3,
    run,
};

const SILENT: Duration = Duration::from_secs(5);
const CLIENTS: u32 = 30;
const BEFORE: MacAddr = MacAddr([0x02, 0xbb, 0x01, 0, 0, 0]);
const DURING: MacAddr = MacAddr([0x02, 0xbb, 0x02, 0, 0, 0]);
const AFTER: MacAddr = MacAddr([0x02, 0xbb, 0x03, 0, 0, 0]);
const STRANGER: MacAddr = MacAddr([0x02, 0xcc, 0, 0, 0, 9]);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let before = lab.storm(&vms, &population(BEFORE))?;
    let cut_off = lab.leader()?;
    let local = vms[usize::from(cut_off) - 1].clone();

    let mut report = Report::new();
    lab.faults().cut_raft(cut_off)?;
    let cut_at = Instant::now();
    lab.gateway(cut_off)
        .wait_for_status("silent, and saying why", SILENT, |status| {
            !status.in_service && !status.has_quorum && status.not_serving_reason.is_some()
        })?;
    report.figure("silent after (ms)", cut_at.elapsed().as_millis());

    // Its own machines ask, and get their answers from across the overlay.
    let during = lab.storm(std::slice::from_ref(&local), &population(DURING))?;
    served_by_others(&during, cut_off)?;
    wrong_address_is_not_refused_by(&local, cut_off)?;

    lab.faults().heal()?;
    let healed_at = Instant::now();
    lab.wait_in_service()?;
    report.figure(
        "in service again after (ms)",
        healed_at.elapsed().as_millis(),
    );
    let after = lab.storm(&vms, &population(AFTER))?;

    let all = History::merge([before, during, after]);
    verdict::note(&mut report, &verdict::everybody_was_served(&all)?);
    Ok(report)
}

fn population(first_mac: MacAddr) -> StormOptions {
    StormOptions {
        clients: CLIENTS,
        first_mac,
        ..StormOptions::default()
    }
}

fn served_by_others(history: &History, cut_off: u8) -> Result<()> {
    let own = overlay(cut_off);
    let by_itself = history
        .clients
        .iter()
        .find(|client| client.server_id == Some(own));
    ensure!(
        by_itself.is_none(),
        "node {cut_off} has no quorum and answered {by_itself:?}"
    );
    Ok(())
}

/// Bait for a hasty NAK: a reboot with an address of another network.
fn wrong_address_is_not_refused_by(vm: &Vm, cut_off: u8) -> Result<()> {
    let options = ProbeOptions {
        requested: Some([192, 168, 1, 77].into()),
        window_ms: 3000,
        ..ProbeOptions::new(MessageKind::RequestInitReboot, STRANGER)
    };
    let replies = vm.netns().enter(|| probe::run(&options))?;
    let is_its = |reply: &&Reply| reply.eth_source == bridge_mac(cut_off);
    let own = replies.iter().find(is_its);
    ensure!(
        own.is_none(),
        "node {cut_off} has no quorum and said {own:?}"
    );
    Ok(())
}
