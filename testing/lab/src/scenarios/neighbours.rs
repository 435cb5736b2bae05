//! Beside another DHCP server: its client on our network, and the same packets to our cluster and to dnsmasq.
//!
//! This is the short form of `oracles`, with the server that the lab has anyway.

mod beside;

use anyhow::Result;

use self::beside::Beside;
use super::oracles::{self, Dnsmasq};
use crate::Lab;
use crate::report::Report;
use crate::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "neighbours",
    about: "The same packets to us and to dnsmasq: every answer as noted, every silence explained; another \
            server's client keeps its address",
    hosts: 3,
    run,
};

fn run(lab: &mut Lab) -> Result<Report> {
    let beside = Beside::start(lab)?;
    lab.start_gateways(&oracles::config())?;
    let mut report = Report::new();
    beside.reboots(lab, &mut report)?;
    let dnsmasq = Dnsmasq::start(lab.dir())?;
    oracles::compare(lab, &[&dnsmasq], &mut report)?;
    Ok(report)
}
