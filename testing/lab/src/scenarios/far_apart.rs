//! Nodes that are far apart (L7): with a LAN's timers status says that it is the round
//! trips, and which profile fits; with that profile clients are served.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::fault::{Delay, relay};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::topology::address::{RAFT_PORT, underlay};

pub(super) const SCENARIO: Scenario = Scenario {
    name: "far_apart",
    about: "Round trips of 120 and 390 ms between the nodes: status names latency and the profile that fits, \
            `profile set wan` serves clients",
    hosts: 3,
    run,
};

/// Peers are reached by a relay.
const RELAY_PORT: u16 = 7266;
const TOO_FAR: Duration = Duration::from_millis(120);
const FARTHEST: Duration = Duration::from_millis(390);
const SOON: Duration = Duration::from_secs(30);
/// Elections, and connections that are made anew.
const LATER: Duration = Duration::from_secs(60);

fn run(lab: &mut Lab) -> Result<Report> {
    let delay = Delay::default();
    start(lab, &delay)?;
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    let mut report = Report::new();
    report.figure("next to each other", served(&mut client)?);

    let begun = Instant::now();
    delay.set_round_trip(TOO_FAR);
    for node in 1..=3 {
        lab.gateway(node)
            .wait_for_status("it names the round trips", SOON, |status| {
                let reason = status.not_serving_reason.as_deref().unwrap_or_default();
                reason.contains("gatewayctl profile set") && reason.contains("ms to node")
            })?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(
        client.obtain(Duration::from_secs(5)).is_err(),
        "a client was served though every node says that it serves nobody"
    );
    let said = format!("all name the round trips after {seconds:.1} s; client: nothing");
    report.figure("120 ms, profile lan", said);

    let begun = Instant::now();
    for node in 1..=3 {
        lab.gateway(node)
            .ctl(&["profile", "set", "wan", "--local"])?;
    }
    for node in 1..=3 {
        lab.gateway(node).wait_in_service(LATER)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let seen = served(&mut client)?;
    let said = format!("all in service after {seconds:.1} s; client: {seen}");
    report.figure("120 ms, profile set wan --local", said);

    let leader = lab.leader()?;
    lab.gateway(leader).ctl(&["profile", "set", "wan"])?;
    delay.set_round_trip(FARTHEST);
    for _ in 0..5 {
        let seen = served(&mut client).context("with the farthest round trips")?;
        report.figure("390 ms, profile wan; client", seen);
    }
    for node in 1..=3 {
        lab.gateway(node).wait_in_service(SOON)?;
    }
    Ok(report)
}

fn start(lab: &mut Lab, delay: &Delay) -> Result<()> {
    let at = |node, port| SocketAddr::from((IpAddr::from(underlay(node)), port));
    let all: Vec<_> = (1..=3)
        .map(|node| at(node, RELAY_PORT).to_string())
        .collect();
    let config = GatewayConfig::new().set("GATEWAY_JOIN", all.join(","));
    for node in 1..=3 {
        let host = lab.topology().host(node).netns();
        relay(host, at(node, RELAY_PORT), at(node, RAFT_PORT), delay)?;
    }
    lab.install_gateways(&config)?;
    for node in 1..=3 {
        let own = at(node, RELAY_PORT);
        let config = config.clone().set("GATEWAY_PEER_ADDRESS", own);
        lab.gateway(node).configure(config);
        lab.gateway(node).start()?;
    }
    lab.wait_in_service()
}

fn served(client: &mut Udhcpc) -> Result<String> {
    let begun = Instant::now();
    client.obtain(SOON).context("a client that comes back")?;
    Ok(format!("served in {:.1} s", begun.elapsed().as_secs_f64()))
}
