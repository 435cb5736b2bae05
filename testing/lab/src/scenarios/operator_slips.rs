//! What an operator does in a hurry, against real daemons: it is refused with the reason and the
//! remedy, or done, and status tells what came of it.

mod configuration;
mod forwards;
mod members;
mod status;

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Result, ensure};

use crate::Lab;
use crate::gateway::{Answer, GatewayConfig};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::service::RunningService;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "operator_slips",
    about: "Forwards of the hosts' ports, slips in the configuration, members changed at any node: \
            refused with the remedy, or done; status and its exit status tell",
    hosts: 3,
    run,
};

/// What a program of host 2 listens on, as Proxmox's page does.
const PAGE_PORT: u16 = 8006;
/// Small, so that it is soon full.
const POOL: u8 = 4;

fn configuration() -> GatewayConfig {
    GatewayConfig::new().set("GATEWAY_DHCP_POOL_END", format!("10.15.3.{}", 19 + POOL))
}

fn run(lab: &mut Lab) -> Result<Report> {
    let page = SocketAddr::from((Ipv4Addr::UNSPECIFIED, PAGE_PORT));
    let host = lab.topology().host(2).netns().clone();
    let _page = RunningService::start(&host, page, lab.dir())?;
    let mut report = Report::new();
    lab.install_gateways(&configuration())?;
    configuration::refused(lab, &mut report)?;
    for gateway in lab.gateways() {
        gateway.start()?;
    }
    lab.wait_in_service()?;
    forwards::check(lab, &mut report)?;
    status::check(lab, &mut report)?;
    members::check(lab, &mut report)?;
    Ok(report)
}

/// The tool ended with `code`, and said each of `words`.
fn expect(what: &str, answer: &Answer, code: i32, words: &[&str]) -> Result<()> {
    let said = format!("{}{}", answer.output, answer.complaint);
    ensure!(
        answer.code == Some(code),
        "{what}: exit status {:?} and not {code}: {said}",
        answer.code
    );
    for word in words {
        ensure!(said.contains(word), "{what}: {word:?} is not said: {said}");
    }
    Ok(())
}
