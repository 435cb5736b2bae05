//! Slips in the configuration: refused at the start, and named by `gatewayd check`.

use std::net::{Ipv4Addr, UdpSocket};

use anyhow::{Result, ensure};

use super::configuration;
use crate::Lab;
use crate::gateway::{Answer, GatewayConfig};
use crate::report::Report;

/// The key, its value, and what the refusal must name.
const SLIPS: [(&str, &str, &str); 3] = [
    (
        "GATEWAY_DHCP_POOL_STRT",
        "10.15.3.30",
        "GATEWAY_DHCP_POOL_START",
    ),
    (
        "GATEWAY_UPLINK_INTERFCE",
        "uplink0",
        "GATEWAY_UPLINK_INTERFACE",
    ),
    ("GATEWAY_ADMIN_LISTEN", "0.0.0.0:7067", "ssh -L"),
];

/// On host 3, before any node runs.
pub(super) fn refused(lab: &mut Lab, report: &mut Report) -> Result<()> {
    for (key, value, word) in SLIPS {
        let config = configuration().set(key, value);
        let answer = check(lab, config)?;
        ensure!(
            answer.code == Some(1),
            "check with {key}={value}: {answer:?}"
        );
        let log = lab.gateway(3).start_refused()?;
        for said in [&answer.complaint, &log] {
            ensure!(
                said.contains(key) && said.contains(word),
                "{key}={value} is refused without {word}: {said}"
            );
        }
    }
    report.figure("slips refused by run and check", SLIPS.len());
    absent_uplink(lab)?;
    taken_port(lab)?;
    foreign(lab)?;
    lab.gateway(3).configure(configuration());
    Ok(())
}

fn absent_uplink(lab: &mut Lab) -> Result<()> {
    let answer = check(
        lab,
        configuration().set("GATEWAY_UPLINK_INTERFACE", "vmbr9"),
    )?;
    ensure!(
        answer.code == Some(1)
            && answer.output.contains("PROBLEM")
            && answer.output.contains("vmbr9"),
        "check with an absent uplink: {answer:?}"
    );
    Ok(())
}

/// Another DHCP server has the port.
fn taken_port(lab: &mut Lab) -> Result<()> {
    let everywhere = (Ipv4Addr::UNSPECIFIED, 67);
    let host = lab.topology().host(3).netns().clone();
    let _taken = host.enter(|| Ok(UdpSocket::bind(everywhere)?))?;
    let answer = check(lab, configuration())?;
    ensure!(
        answer.code == Some(1) && answer.output.contains("PROBLEM  UDP port 67"),
        "check with port 67 taken: {answer:?}"
    );
    Ok(())
}

/// What the incumbent and Kubernetes set: named, not used, and never shown.
fn foreign(lab: &mut Lab) -> Result<()> {
    let config = configuration()
        .set("GATEWAY_GRPC_PORT", "1537")
        .set("GATEWAY_API_SECRET", "hunter2")
        .set("GATEWAY_SERVICE_HOST", "10.96.0.7");
    let answer = check(lab, config)?;
    ensure!(
        answer.code == Some(0),
        "check with foreign variables: {answer:?}"
    );
    let words = [
        "GATEWAY_GRPC_PORT",
        "GATEWAY_API_SECRET",
        "GATEWAY_SERVICE_HOST",
        "SOURCE",
    ];
    for word in words {
        ensure!(
            answer.output.contains(word),
            "{word} is not named: {answer:?}"
        );
    }
    ensure!(!answer.output.contains("hunter2"), "a secret is printed");
    Ok(())
}

fn check(lab: &mut Lab, config: GatewayConfig) -> Result<Answer> {
    lab.gateway(3).configure(config);
    lab.gateway(3).check()
}
