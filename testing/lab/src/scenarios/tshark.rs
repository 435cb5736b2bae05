//! Every reply that real clients and odd ones provoke, judged by Wireshark's dissector.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Lab;
use crate::capture::Capture;
use crate::client::{Dhclient, DhcpClient, Dhcpcd, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::probe::{self, Hex, MessageKind, ProbeOptions};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::topology::Vm;
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "tshark",
    about: "All replies captured and dissected by Wireshark: nothing malformed, no warning",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(20);
const STRANGER: MacAddr = MacAddr([0x02, 0xcc, 0, 0, 0, 0x10]);
/// Circuit id `port1`, as a switch would add it.
const RELAY_INFO: &[u8] = &[1, 5, b'p', b'o', b'r', b't', b'1'];

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vm = lab.add_vm(1)?;
    let dir = lab.dir().to_owned();
    let capture = Capture::start(&vm, &dir)?;
    let mut clients: [Box<dyn DhcpClient>; 3] = [
        Box::new(Udhcpc::new(vm.clone(), dir.clone())),
        Box::new(Dhclient::new(vm.clone(), dir.clone())),
        Box::new(Dhcpcd::new(vm.clone(), dir)),
    ];
    for client in &mut clients {
        client.obtain(OBTAIN)?;
        client.release(OBTAIN)?;
    }
    odd_requests(&vm)?;

    let captured = capture.finish()?;
    let replies = captured.reply_count()?;
    let complaints = captured.complaints()?;
    ensure!(replies > 0, "no reply was captured");
    ensure!(
        complaints.is_empty(),
        "the dissector complains:\n{}",
        complaints.join("\n")
    );
    let mut report = Report::new();
    report.figure("replies dissected", replies);
    Ok(report)
}

/// A broadcast reply, a NAK, an answer to INFORM, option 82 echoed.
fn odd_requests(vm: &Vm) -> Result<()> {
    let discover = ProbeOptions {
        broadcast: true,
        relay_info: Some(Hex(RELAY_INFO.to_vec())),
        ..ProbeOptions::new(MessageKind::Discover, STRANGER)
    };
    let wrong_network = ProbeOptions {
        requested: Some([192, 168, 1, 77].into()),
        ..ProbeOptions::new(MessageKind::RequestInitReboot, STRANGER)
    };
    let inform = ProbeOptions {
        ciaddr: Some([10, 15, 3, 200].into()),
        ..ProbeOptions::new(MessageKind::Inform, STRANGER)
    };
    for options in [discover, wrong_network, inform] {
        let replies = vm.netns().enter(|| probe::run(&options))?;
        ensure!(!replies.is_empty(), "{:?} got no answer", options.kind);
    }
    Ok(())
}
