//! Foreign oracles: the same packets to our cluster and to dnsmasq, ISC dhcpd and Kea, and the answers side by side.
//!
//! Each row is played by a client of its own, against all servers at once. Every answer is noted in
//! `docs/testing/oracles.md`; what we alone answer has its reason in ADR 0028.

mod cases;
mod explained;
mod play;
mod server;
mod station;
mod table;

use std::net::Ipv4Addr;

use anyhow::Result;

use self::explained::NoReplies;
use self::play::Played;
use self::server::{DhcpServer, IscDhcpd, Kea, Ours};
pub(super) use self::server::{Dnsmasq, dhcp_only};
use self::table::Column;
use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::unpacked::Unpacked;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "oracles",
    about: "The same packets to us, dnsmasq, ISC dhcpd and Kea: what we alone answer has its reason",
    hosts: 3,
    run,
};

/// The relay that the operator has named.
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 5);

fn run(lab: &mut Lab) -> Result<Report> {
    let unpacked = Unpacked::find()?;
    let dnsmasq = Dnsmasq::start(lab.dir())?;
    let isc = IscDhcpd::start(&unpacked, lab.dir())?;
    let kea = Kea::start(&unpacked, lab.dir())?;
    lab.start_gateways(&config())?;
    let mut report = Report::new();
    compare(lab, &[&dnsmasq, &isc, &kea], &mut report)?;
    Ok(report)
}

/// What the rows ask of our cluster's configuration.
pub(super) fn config() -> GatewayConfig {
    GatewayConfig::new().set("GATEWAY_DHCP_RELAYS", RELAY)
}

/// Plays every row against our nodes, which run with [`config`], and against `others`.
pub(super) fn compare(
    lab: &mut Lab,
    others: &[&dyn DhcpServer],
    report: &mut Report,
) -> Result<()> {
    let vm = lab.add_vm(1)?;
    let control = lab.gateway(1).control();
    let ours = Ours::new(control.clone(), vm.netns().clone());
    let servers = [&[&ours as &dyn DhcpServer], others].concat();
    let cases = cases::all();
    let played = play::against_all(&cases, &servers)?;
    let columns: Vec<_> = servers
        .iter()
        .zip(&played)
        .map(|(server, played)| Column {
            server: server.name(),
            answers: played.iter().map(|p| p.said.clone()).collect(),
        })
        .collect();
    let names: Vec<_> = cases.iter().map(|case| case.name).collect();
    let file = lab.dir().join("oracles.md");
    table::judge(&names, &columns, &file, report)?;
    let no_replies = no_replies(&played);
    for (explanation, count) in explained::check(&control, no_replies)? {
        report.figure(explanation, count);
    }
    Ok(())
}

/// Ours, which come first.
fn no_replies(played: &[Vec<Played>]) -> impl Iterator<Item = &NoReplies> {
    let ours = played.first().into_iter().flatten();
    ours.map(|played| &played.no_replies)
}
