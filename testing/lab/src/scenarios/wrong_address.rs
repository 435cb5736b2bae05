//! A client reboots with an address that is not its own: it is refused, by nodes with a quorum (S6). A stranger is met with
//! silence about the addresses of this network: it may be another server's client.
//!
//! That a cut-off node says nothing is in `partition`.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::probe::{self, MessageKind, ProbeOptions, Reply};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;
use crate::topology::Vm;
use crate::topology::address::{bridge_mac, node_of_overlay};
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "wrong_address",
    about: "INIT-REBOOT with a foreign or somebody else's address is refused; a stranger's with one of ours is not",
    hosts: 3,
    run,
};

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 77);
const STRANGER: MacAddr = MacAddr([0x02, 0xcc, 0, 0, 0, 0x21]);
const CLIENTS: u32 = 2;

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let population = StormOptions {
        clients: CLIENTS,
        ..StormOptions::default()
    };
    let held = lab.storm(&vms, &population)?;
    verdict::everybody_was_served(&held)?;
    let [one, other] = &held.clients[..] else {
        anyhow::bail!("{} clients instead of {CLIENTS}", held.clients.len());
    };
    let others_address = other.address.context("a client without an address")?;

    let mut report = Report::new();
    let cases = [
        ("stranger, foreign address", STRANGER, OUTSIDE),
        ("known client, foreign address", one.mac, OUTSIDE),
        ("known client, another's address", one.mac, others_address),
    ];
    for (what, mac, address) in cases {
        let refusals = refused(&vms[0], mac, address).context(what)?;
        report.figure(format!("{what}: refused by"), refusals);
    }
    let stranger = ask(&vms[0], STRANGER, others_address)?;
    ensure!(stranger.is_empty(), "a stranger heard {stranger:?}");
    // Nobody lost anything by it.
    verdict::tables_agree(lab, &held)?;
    for client in &held.clients {
        verdict::comes_back(&vms[0], client)?;
    }
    Ok(report)
}

/// Reboots with `address`, and returns which nodes refused it.
fn refused(vm: &Vm, mac: MacAddr, address: Ipv4Addr) -> Result<String> {
    let replies = ask(vm, mac, address)?;
    ensure!(!replies.is_empty(), "nobody refused {address} to {mac}");
    let mut names = Vec::new();
    for reply in &replies {
        names.push(format!("gw{}", refusing_node(reply)?));
    }
    Ok(names.join(", "))
}

fn ask(vm: &Vm, mac: MacAddr, address: Ipv4Addr) -> Result<Vec<Reply>> {
    let options = ProbeOptions {
        requested: Some(address),
        ..ProbeOptions::new(MessageKind::RequestInitReboot, mac)
    };
    vm.netns().enter(|| probe::run(&options))
}

/// A refusal, in the name of the very node that sent it.
fn refusing_node(reply: &Reply) -> Result<u8> {
    ensure!(reply.is_nak(), "not a NAK: {reply:?}");
    let server = reply
        .server_id
        .context("a NAK without a server identifier")?;
    let node = node_of_overlay(server).with_context(|| format!("{server} is no node"))?;
    ensure!(
        reply.eth_source == bridge_mac(node),
        "a NAK in the name of node {node} came from {}",
        reply.eth_source
    );
    Ok(node)
}
