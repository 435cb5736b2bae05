//! Forwards cannot be made to lead to the hosts themselves, and one without a lease opens nothing.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::reach::{self, Answer};
use super::PAGE_PORT;
use super::attempt::{Counted, attempt};
use crate::Lab;
use crate::report::Report;
use crate::service::fetch_tcp;
use crate::topology::Vm;
use crate::topology::address::{overlay, underlay, uplink};
use crate::wait::wait_until_true;

const APPLIED: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_millis(500);
/// A client that never was.
const NOBODY: &str = "02:bb:00:00:00:99";

/// Protocol and port of what nodes live on; `--force` does not open it either.
const NODES_OWN: [(&str, &str); 6] = [
    ("tcp", "7066"),
    ("tcp", "7067"),
    ("udp", "67"),
    ("udp", "4789"),
    ("udp", "8472"),
    ("udp", "6081"),
];

pub(super) fn check(lab: &mut Lab, vms: &[&Vm], report: &mut Report) -> Result<()> {
    for (protocol, port) in NODES_OWN {
        let name = format!("forward add {protocol} {port}, with --force as well");
        let add = ["forward", "add", protocol, port, "--to", "10.15.3.200"];
        attempt(lab, report, &name, Counted::InLog, |lab| refused(lab, &add))?;
    }
    for (to, whose) in [
        ("10.15.3.1:22", "the router"),
        ("10.15.3.10:22", "node 1"),
        ("172.31.0.2:7066", "a peer"),
        ("203.0.113.2:22", "an uplink"),
        ("127.0.0.1:7067", "the loopback"),
    ] {
        let name = format!("forward to {whose}, {to}");
        let add = ["forward", "add", "tcp", "2222", "--to", to];
        attempt(lab, report, &name, Counted::InLog, |lab| refused(lab, &add))?;
    }
    without_lease(lab, vms, report)
}

/// At any node, forced or not.
fn refused(lab: &mut Lab, add: &[&str]) -> Result<String> {
    let mut said = String::new();
    for node in 1..=3 {
        for force in [&[][..], &["--force"]] {
            let arguments = [add, force].concat();
            let answer = lab.gateway(node).control().attempt(&arguments)?;
            ensure!(
                answer.code == Some(1) && !answer.complaint.is_empty(),
                "{arguments:?} at node {node}: {answer:?}"
            );
            said = answer.complaint;
        }
    }
    let words: Vec<&str> = said.split_whitespace().collect();
    let said = words.join(" ");
    Ok(said
        .split_once(": refused")
        .map_or(said.clone(), |(_, why)| format!("refused{why}")))
}

/// The hosts' page has the port of the forward.
fn without_lease(lab: &mut Lab, vms: &[&Vm], report: &mut Report) -> Result<()> {
    let internet = lab.topology().internet().netns().clone();
    let page = |node| SocketAddr::from((uplink(node), PAGE_PORT));
    internet.enter(|| fetch_tcp(page(1), CONNECT))?;
    let port = PAGE_PORT.to_string();
    let add = [
        "forward",
        "add",
        "tcp",
        &port,
        "--to-client",
        NOBODY,
        "--force",
    ];
    lab.gateway(2).ctl(&add)?;
    wait_until_true("the port is closed on every host", APPLIED, || {
        internet.enter(|| {
            let open = (1..=3).any(|node| TcpStream::connect_timeout(&page(node), CONNECT).is_ok());
            Ok(!open)
        })
    })?;
    let name = format!("from a VM and the internet, {PAGE_PORT} forwarded to nobody");
    attempt(lab, report, &name, Counted::ByRules, |_| {
        let hosts = 1..=3;
        let uplinks: Vec<(IpAddr, u16)> = hosts
            .clone()
            .map(|node| (uplink(node).into(), PAGE_PORT))
            .collect();
        let inside = hosts.flat_map(|node| [overlay(node), underlay(node)]);
        let inside = inside.map(|at| (at.into(), PAGE_PORT));
        let all: Vec<_> = uplinks.iter().copied().chain(inside).collect();
        let mut answers = reach::try_all(&internet, &uplinks)?;
        for vm in vms {
            answers.extend(reach::try_all(vm.netns(), &all)?);
        }
        let silent = answers.iter().all(|answer| *answer == Answer::Silent);
        ensure!(silent, "the forward to nobody opens something: {answers:?}");
        Ok(format!("no answer ({} tried)", answers.len()))
    })?;
    lab.gateway(3).ctl(&["forward", "remove", "tcp", &port])?;
    Ok(())
}
