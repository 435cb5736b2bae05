//! Malformed packets: no reply, counted, nobody dies, and the next client is served.

use anyhow::{Context, Result, ensure};
use dhcproto::v4::MessageType;

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::probe::{self, Hex, MessageKind, ProbeOptions};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;
use crate::topology::Vm;
use crate::wire::{MacAddr, dhcp};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "hostile_packets",
    about: "Malformed packets get no answer, are counted, and stop nobody",
    hosts: 3,
    run,
};

const SENDER: MacAddr = MacAddr([0x02, 0xcc, 0, 0, 0, 0x66]);
const OPTIONS_OFFSET: usize = 240;
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
    let history = lab.storm(&[vm], &served)?;

    let mut report = Report::new();
    report.figure("hostile packets", packets.len());
    report.figure("counted as dropped, all nodes", counted);
    verdict::note(&mut report, &verdict::everybody_was_served(&history)?);
    Ok(report)
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
