//! Somebody runs `nft flush ruleset` on a host, and then deletes a single rule: the gateway notices
//! both times and puts its rules back.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::fault::delete_rule;
use crate::gateway::GatewayConfig;
use crate::netns::Netns;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::address::INTERNET_SERVICE;
use crate::wait::wait_until;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "flush_ruleset",
    about: "nft flush ruleset on a host, one rule deleted: NAT is repaired both times",
    hosts: 3,
    run,
};

const OBTAIN: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_millis(300);
const REPAIRED: Duration = Duration::from_secs(15);
const SERVICE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(INTERNET_SERVICE), 80);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let internet = lab.topology().internet().netns();
    let _service = RunningService::start(internet, SERVICE, lab.dir())?;
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    client.obtain(OBTAIN)?;
    let machine = client.vm().netns();
    machine
        .enter(|| fetch_tcp(SERVICE, CONNECT))
        .context("NAT before the flush")?;

    let mut report = Report::new();
    damage(lab, machine, "flush", &mut report, |lab| {
        lab.flush_ruleset(1)
    })?;
    damage(lab, machine, "deleted rule", &mut report, |lab| {
        delete_rule(lab.topology().host(1), "masquerade")
    })?;
    Ok(report)
}

/// Does harm to host 1, and waits until its gateway has repaired it and NAT works.
fn damage(
    lab: &mut Lab,
    machine: &Netns,
    what: &str,
    report: &mut Report,
    harm: impl FnOnce(&Lab) -> Result<()>,
) -> Result<()> {
    let repairs = lab.gateway(1).status()?.nat()?.repairs;
    harm(lab)?;
    let harmed = Instant::now();
    let gateway = lab.gateway(1);
    let status = gateway.wait_for_status("NAT repaired", REPAIRED, |status| {
        status.is_repaired_since(repairs)
    })?;
    wait_until("NAT after the repair", REPAIRED, || {
        Ok(machine.enter(|| fetch_tcp(SERVICE, CONNECT)).ok())
    })?;
    let micros = status.nat()?.last_repair_micros;
    report.figure(
        format!("{what}: NAT works again after (ms)"),
        harmed.elapsed().as_millis(),
    );
    report.figure(
        format!("{what}: the repair itself took (µs)"),
        micros.context("a repair without a time")?,
    );
    Ok(())
}
