//! More clients than addresses: the pool is given out once, the rest hear nothing, and an address that
//! comes back goes to the next.

use anyhow::{Context, Result, ensure};

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::probe::{self, MessageKind, ProbeOptions};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{ClientRecord, History, StormOptions};
use crate::topology::Vm;
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "exhaustion",
    about: "15 clients for 10 addresses: 10 ACKs, no NAK; a released address is given again",
    hosts: 3,
    run,
};

const POOL: usize = 10;
const CLIENTS: u32 = 15;
const LATECOMER: MacAddr = MacAddr([0x02, 0xbb, 0x09, 0, 0, 0]);

fn run(lab: &mut Lab) -> Result<Report> {
    let config = GatewayConfig::new().set("GATEWAY_DHCP_POOL_END", "10.15.3.29");
    lab.start_gateways(&config)?;
    let vms = lab.add_vm_per_host()?;
    let crowd = StormOptions {
        clients: CLIENTS,
        deadline: 12,
        ..StormOptions::default()
    };
    let history = lab.storm(&vms, &crowd)?;
    verdict::no_address_twice(&history)?;
    let summary = history.summary();
    ensure!(
        summary.acks == POOL && summary.naks == 0,
        "a pool of {POOL} was not given out exactly once: {summary:?}"
    );

    let released = release_one(&vms[0], &history)?;
    let latecomer = StormOptions {
        clients: 1,
        first_mac: LATECOMER,
        deadline: 20,
        ..StormOptions::default()
    };
    let late = verdict::everybody_was_served(&lab.storm(&vms[..1], &latecomer)?)?;

    let mut report = Report::new();
    verdict::note(&mut report, &summary);
    report.figure("released", released);
    report.figure("given again", late.acks);
    Ok(report)
}

fn release_one(vm: &Vm, history: &History) -> Result<std::net::Ipv4Addr> {
    let holder = |client: &&ClientRecord| client.address.is_some();
    let client = history.clients.iter().find(holder).context("no lease")?;
    let address = client.address.context("a lease without an address")?;
    let options = ProbeOptions {
        ciaddr: Some(address),
        server: client.server_id,
        window_ms: 300,
        ..ProbeOptions::new(MessageKind::Release, client.mac)
    };
    let replies = vm.netns().enter(|| probe::run(&options))?;
    ensure!(replies.is_empty(), "a RELEASE was answered: {replies:?}");
    Ok(address)
}
