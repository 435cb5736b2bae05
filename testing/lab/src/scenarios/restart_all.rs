//! All nodes lose power at once: every acknowledged lease is still there (S2), and none is given twice.

use std::time::Instant;

use anyhow::Result;

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::{History, StormOptions};
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "restart_all",
    about: "SIGKILL of all nodes: every lease survives, clients come back to their addresses",
    hosts: 3,
    run,
};

const CLIENTS: u32 = 60;
const NEWCOMERS: MacAddr = MacAddr([0x02, 0xbb, 0x05, 0, 0, 0]);
/// How many of the old clients come back by INIT-REBOOT.
const RETURNING: usize = 10;

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let options = StormOptions {
        clients: CLIENTS,
        ..StormOptions::default()
    };
    let before = lab.storm(&vms, &options)?;
    verdict::everybody_was_served(&before)?;

    for gateway in lab.gateways() {
        gateway.kill_9()?;
    }
    let down_at = Instant::now();
    for gateway in lab.gateways() {
        gateway.start()?;
    }
    lab.wait_in_service()?;
    let mut report = Report::new();
    report.figure("in service again after (ms)", down_at.elapsed().as_millis());

    verdict::tables_agree(lab, &before)?;
    for (client, vm) in before
        .clients
        .iter()
        .zip(vms.iter().cycle())
        .take(RETURNING)
    {
        verdict::comes_back(vm, client)?;
    }
    let newcomers = StormOptions {
        first_mac: NEWCOMERS,
        ..options
    };
    let after = lab.storm(&vms, &newcomers)?;
    let all = History::merge([before, after]);
    verdict::note(&mut report, &verdict::everybody_was_served(&all)?);
    Ok(report)
}
