//! Somebody runs `nft flush ruleset` on a host: the gateway notices and puts its rules back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::address::INTERNET_SERVICE;
use crate::wait::wait_until;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flush_ruleset",
    about: "nft flush ruleset on a host: NAT is repaired",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_millis(300);
const REPAIRED: Duration = Duration::from_secs(15);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let service = SocketAddr::from((INTERNET_SERVICE, 80));
    let internet = lab.topology().internet().netns();
    let _service = RunningService::start(internet, service, lab.dir())?;
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    client.obtain(OBTAIN)?;
    let netns = client.vm().netns();
    netns
        .enter(|| fetch_tcp(service, CONNECT))
        .context("NAT before the flush")?;

    let repairs = lab.gateway(1).status()?.nat.repairs;
    lab.flush_ruleset(1)?;
    let flushed = Instant::now();
    lab.gateway(1)
        .wait_for_status("NAT repaired", REPAIRED, |status| {
            status.nat.repairs > repairs && status.nat.in_sync
        })?;
    wait_until("NAT after the repair", REPAIRED, || {
        Ok(netns.enter(|| fetch_tcp(service, CONNECT)).ok())
    })?;
    let mut report = Report::new();
    report.figure("NAT works again after (ms)", flushed.elapsed().as_millis());
    Ok(report)
}
