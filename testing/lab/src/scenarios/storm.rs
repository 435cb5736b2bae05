//! A boot storm: 200 new clients at once, a third on each host (L4).

use anyhow::Result;

use super::verdict;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "storm",
    about: "200 clients boot at once: 200 ACKs, 200 addresses, no NAK",
    hosts: 3,
    run,
};

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let vms = lab.add_vm_per_host()?;
    let options = StormOptions {
        clients: 200,
        ..StormOptions::default()
    };
    let history = lab.storm(&vms, &options)?;
    let mut report = Report::new();
    verdict::note(&mut report, &verdict::everybody_was_served(&history)?);
    Ok(report)
}
