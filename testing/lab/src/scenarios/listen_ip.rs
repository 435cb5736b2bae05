//! Which address a gateway answers from: derived where it is certain, refused where it is not.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::topology::address::{UPLINK, VM_BRIDGE, overlay};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "listen_ip",
    about: "Listen IP and interface: each derived from the other, a mismatch or a double refused",
    hosts: 3,
    run,
};

const LISTEN_IP: &str = "GATEWAY_DHCP_LISTEN_IP";
const INTERFACE: &str = "GATEWAY_DHCP_INTERFACE";
const SERVICE: Duration = Duration::from_secs(20);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.install_gateways(&GatewayConfig::new())?;
    let mut report = Report::new();
    derived_address(lab, &mut report)?;
    derived_interface(lab, &mut report)?;
    for (what, config, names) in refusals() {
        refused(lab, what, config, &names)?;
    }
    double(lab)?;
    report.figure("refusals", refusals().len() + 1);

    lab.gateway(3).configure(GatewayConfig::new());
    lab.gateway(3).start()?;
    lab.wait_in_service()
        .context("node 3, with the right configuration after all")?;
    Ok(report)
}

/// Told the interface alone: the address there that is not the router's.
fn derived_address(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let config = GatewayConfig::new().unset(LISTEN_IP);
    lab.gateway(1).configure(config);
    starts_on_its_address(lab, 1)?;
    report.figure("derived from the interface", overlay(1));
    Ok(())
}

/// Told the address alone: the interface that has it.
fn derived_interface(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let config = GatewayConfig::new().unset(INTERFACE);
    lab.gateway(2).configure(config);
    starts_on_its_address(lab, 2)?;
    report.figure("derived from the address", VM_BRIDGE);
    Ok(())
}

fn starts_on_its_address(lab: &mut Lab, node: u8) -> Result<()> {
    let own = overlay(node).to_string();
    let gateway = lab.gateway(node);
    gateway.start()?;
    gateway.wait_for_status("in service on its own address", SERVICE, |status| {
        let listen_ip = status.member(node).map(|member| member.listen_ip.as_str());
        status.in_service && listen_ip == Some(&own)
    })?;
    let sockets = lab.topology().host(node).netns().run("ss", &["-lun"])?;
    let socket = format!("{own}:67");
    ensure!(
        sockets.split_whitespace().any(|word| word == socket),
        "`ss -lun` does not show {socket}:\n{sockets}"
    );
    Ok(())
}

/// What each must be refused for, and what the refusal must name.
fn refusals() -> Vec<(&'static str, GatewayConfig, Vec<String>)> {
    let own = overlay(3).to_string();
    let nobodys = "10.15.3.77";
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        (
            "an address on another interface",
            GatewayConfig::new().set(INTERFACE, UPLINK),
            named(&[&own, UPLINK]),
        ),
        (
            "an interface without an address of the subnet",
            GatewayConfig::new().unset(LISTEN_IP).set(INTERFACE, UPLINK),
            named(&[UPLINK, "10.15.3.0/24"]),
        ),
        (
            "an address that the interface does not have",
            GatewayConfig::new().set(LISTEN_IP, nobodys),
            named(&[nobodys, VM_BRIDGE]),
        ),
        (
            "an address that no interface has",
            GatewayConfig::new()
                .unset(INTERFACE)
                .set(LISTEN_IP, nobodys),
            named(&[nobodys]),
        ),
        (
            "an interface that does not exist",
            GatewayConfig::new().set(INTERFACE, "vmbr100"),
            named(&["vmbr100"]),
        ),
        (
            "the router's address",
            GatewayConfig::new().set(LISTEN_IP, "10.15.3.1"),
            named(&["10.15.3.1"]),
        ),
    ]
}

fn refused(lab: &mut Lab, what: &str, config: GatewayConfig, names: &[String]) -> Result<()> {
    lab.gateway(3).configure(config);
    let said = lab.gateway(3).start_refused().context(what.to_owned())?;
    let last = said.lines().last().unwrap_or_default();
    for name in names {
        ensure!(
            last.contains(name.as_str()),
            "{what}: {name} is not named in {last:?}"
        );
    }
    Ok(())
}

/// Node 3 has node 1's address: the cluster refuses it.
fn double(lab: &mut Lab) -> Result<()> {
    let taken = overlay(1);
    let host = lab.topology().host(3).netns().clone();
    host.ip(&format!("addr add {taken}/24 dev {VM_BRIDGE}\n"))?;
    let names = [taken.to_string(), "node 1".to_owned(), "node 3".to_owned()];
    let config = GatewayConfig::new().set(LISTEN_IP, taken);
    refused(lab, "another node's address", config, &names)?;
    host.ip(&format!("addr del {taken}/24 dev {VM_BRIDGE}\n"))
}
