//! Malformed packets: no reply, counted, nobody dies, and the next client is served. Then well-formed
//! ones in another client's name: its lease stays.

use std::slice;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use dhcproto::v4::MessageType;

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::probe::{self, Hex, MessageKind, ProbeOptions};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::topology::Vm;
use crate::topology::address::node_of_overlay;
use crate::wire::{MacAddr, dhcp};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "hostile_packets",
    about: "Malformed and forged packets get no answer, are counted, and stop nobody",
    hosts: 3,
    run,
};

const SENDER: MacAddr = MacAddr([0x02, 0xcc, 0, 0, 0, 0x66]);
const OPTIONS_OFFSET: usize = 240;
/// A release is acted upon as soon as it is committed.
const RELEASED: Duration = Duration::from_secs(5);
const OPCODE: usize = 0;
const HARDWARE_LENGTH: usize = 2;
const COOKIE: usize = 236;

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vm = lab.add_vm(1)?;
    let counted_before = dropped(lab)?;
    let packets = hostile_packets()?;
    for (what, payload) in &packets {
        send(&vm, payload).with_context(|| (*what).to_owned())?;
    }
    let counted = dropped(lab)? - counted_before;
    for gateway in lab.gateways() {
        gateway.process()?.ensure_running()?;
    }
    ensure!(
        counted >= packets.len() as u64,
        "{} hostile packets, but the nodes counted {counted}",
        packets.len()
    );
    let served = StormOptions {
        clients: 10,
        ..StormOptions::default()
    };
    let history = lab.storm(slice::from_ref(&vm), &served)?;
    let summary = verdict::everybody_was_served(&history)?;
    let forged = forgeries(lab, &vm, &history)?;

    let mut report = Report::new();
    report.figure("hostile packets", packets.len());
    report.figure("counted as dropped, all nodes", counted);
    report.figure("forged packets", forged);
    verdict::note(&mut report, &summary);
    Ok(report)
}

/// S7: one client releases another's lease from its own address. The same release from the owner's
/// address ends the lease, so it was the address that mattered. It renews it, too: that is answered,
/// since a machine may have two addresses, but at the address that is renewed.
fn forgeries(lab: &mut Lab, vm: &Vm, history: &History) -> Result<u64> {
    let [victim, neighbour, ..] = &history.clients[..] else {
        bail!("too few clients: {}", history.clients.len());
    };
    let server = victim.server_id.context("a lease without a server")?;
    let node = node_of_overlay(server).with_context(|| format!("{server} is no node"))?;
    let counted_before = forged(lab, node)?;
    let honest = |kind| ProbeOptions {
        ciaddr: victim.address,
        server: Some(server),
        window_ms: 300,
        ..ProbeOptions::new(kind, victim.mac)
    };
    let from_neighbour = |kind| {
        let options = ProbeOptions {
            source: neighbour.address,
            ..honest(kind)
        };
        vm.netns().enter(|| probe::run(&options))
    };
    let replies = from_neighbour(MessageKind::Release)?;
    ensure!(
        replies.is_empty(),
        "a forged release was answered: {replies:?}"
    );
    let replies = from_neighbour(MessageKind::Renew)?;
    let at_home = |reply: &probe::Reply| Some(reply.ip_destination) == victim.address;
    ensure!(
        replies.iter().any(probe::Reply::is_ack) && replies.iter().all(at_home),
        "a renewal from another address was not answered at {:?}: {replies:?}",
        victim.address
    );
    let sent = 1;
    let counted = forged(lab, node)? - counted_before;
    ensure!(
        counted == sent,
        "{sent} forged packets, but node {node} counted {counted}"
    );
    verdict::tables_agree(lab, history)?;

    let bound = lab.gateway(node).status()?.bound_total();
    vm.netns()
        .enter(|| probe::run(&honest(MessageKind::Release)))?;
    lab.gateway(node)
        .wait_for_status("a lease less after a true release", RELEASED, |status| {
            status.bound_total() + 1 == bound
        })?;
    Ok(sent)
}

/// How many packets the node has counted as forged. What never happened is not listed.
fn forged(lab: &mut Lab, node: u8) -> Result<u64> {
    let status = lab.gateway(node).status()?;
    let count = status.dropped_packets.get("forged_source");
    Ok(count.copied().unwrap_or(0))
}

fn send(vm: &Vm, payload: &[u8]) -> Result<()> {
    let options = ProbeOptions {
        payload: Some(Hex(payload.to_vec())),
        window_ms: 200,
        ..ProbeOptions::new(MessageKind::Discover, SENDER)
    };
    let replies = vm.netns().enter(|| probe::run(&options))?;
    ensure!(replies.is_empty(), "it was answered: {replies:?}");
    Ok(())
}

fn dropped(lab: &mut Lab) -> Result<u64> {
    let mut total = 0;
    for gateway in lab.gateways() {
        total += gateway.status()?.dropped_total();
    }
    Ok(total)
}

/// Each packet with what is wrong with it.
fn hostile_packets() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let good = dhcp::encode(&dhcp::client_message(
        MessageType::Discover,
        SENDER,
        1,
        false,
    ))?;
    Ok(vec![
        ("nothing at all", Vec::new()),
        ("half a header", good[..100].to_vec()),
        ("no options", good[..OPTIONS_OFFSET].to_vec()),
        (
            "a hardware address of 255 bytes",
            with(&good, HARDWARE_LENGTH, 255),
        ),
        (
            "a hardware address of 0 bytes",
            with(&good, HARDWARE_LENGTH, 0),
        ),
        ("a wrong cookie", with(&good, COOKIE, 0)),
        ("a reply, not a request", with(&good, OPCODE, 2)),
        ("an opcode that is none", with(&good, OPCODE, 99)),
        (
            "an option beyond the end",
            with_options(&good, &[53, 1, 1, 12, 200, b'x']),
        ),
        (
            "an option without a length",
            with_options(&good, &[53, 1, 1, 12]),
        ),
        (
            "a message type of two bytes",
            with_options(&good, &[53, 2, 1, 1, 255]),
        ),
        (
            "a message type that is none",
            with_options(&good, &[53, 1, 250, 255]),
        ),
        ("no message type", with_options(&good, &[12, 1, b'x', 255])),
        (
            "option 81 of length 1",
            with_options(&good, &[81, 1, 0, 53, 1, 99, 255]),
        ),
        (
            "a lease time of three bytes",
            with_options(&good, &[51, 3, 1, 1, 1, 53, 1, 99, 255]),
        ),
        (
            "noise",
            (0..=255_u8)
                .cycle()
                .map(|b| b.wrapping_mul(181))
                .take(600)
                .collect(),
        ),
    ])
}

fn with(packet: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut packet = packet.to_vec();
    packet[at] = byte;
    packet
}

fn with_options(packet: &[u8], options: &[u8]) -> Vec<u8> {
    [&packet[..OPTIONS_OFFSET], options].concat()
}
