//! What several scenarios judge in the same way.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail, ensure};

use crate::Lab;
use crate::probe::{self, MessageKind, ProbeOptions, Reply};
use crate::report::Report;
use crate::storm::{ClientRecord, History, Summary};
use crate::topology::Vm;
use crate::wire::MacAddr;

/// S1 over a population that never gives back: no address twice, in whatever ACK it was named.
pub(super) fn no_address_twice(history: &History) -> Result<()> {
    let mut holders: BTreeMap<Ipv4Addr, MacAddr> = BTreeMap::new();
    for client in &history.clients {
        for address in &client.acked_addresses {
            if let Some(other) = holders.insert(*address, client.mac) {
                bail!("{address} is held by {other} and by {}", client.mac);
            }
        }
    }
    Ok(())
}

/// S2, S8: every node's table has every client of `history` with the address it was told.
pub(super) fn tables_agree(lab: &mut Lab, history: &History) -> Result<()> {
    lab.wait_level()?;
    for gateway in lab.gateways() {
        let leases = gateway.leases()?;
        let by_address: BTreeMap<_, _> = leases.iter().map(|l| (l.address, l)).collect();
        for client in &history.clients {
            let Some(address) = client.address else {
                continue;
            };
            let lease = by_address.get(&address);
            ensure!(
                lease.is_some_and(|l| l.state == "bound" && l.hardware == client.mac.to_string()),
                "{} was told {address}, but node {} says {lease:?}",
                client.mac,
                gateway.node()
            );
        }
    }
    Ok(())
}

/// L5: a client that reboots with its address is given it again, by whoever answers.
pub(super) fn comes_back(vm: &Vm, client: &ClientRecord) -> Result<()> {
    let address = client.address.context("a client without an address")?;
    let options = ProbeOptions {
        requested: Some(address),
        window_ms: 500,
        ..ProbeOptions::new(MessageKind::RequestInitReboot, client.mac)
    };
    let replies = vm.netns().enter(|| probe::run(&options))?;
    let is_good = |reply: &Reply| reply.is_ack() && reply.yiaddr == address;
    ensure!(
        !replies.is_empty() && replies.iter().all(is_good),
        "{} had {address}, rebooted, and heard {replies:?}",
        client.mac
    );
    Ok(())
}

/// L4: every client got an address of its own, and none was refused.
pub(super) fn everybody_was_served(history: &History) -> Result<Summary> {
    no_address_twice(history)?;
    let summary = history.summary();
    ensure!(
        summary.acks == summary.clients,
        "not all got an ACK: {summary:?}"
    );
    ensure!(summary.naks == 0, "some got a NAK: {summary:?}");
    Ok(summary)
}

/// Notes a population's figures.
pub(super) fn note(report: &mut Report, summary: &Summary) {
    report.figure("clients", summary.clients);
    report.figure("ACKs", summary.acks);
    report.figure("NAKs", summary.naks);
    report.figure("distinct addresses", summary.distinct_addresses);
    report.figure("retransmissions", summary.retransmissions);
    let shown = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    report.figure("start to ACK, p50 (ms)", shown(summary.p50_ms));
    report.figure("start to ACK, p99 (ms)", shown(summary.p99_ms));
}
