//! Forwards that would harm the hosts, or lead to another tenant.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::expect;
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::report::Report;

const OBTAIN: Duration = Duration::from_secs(15);

/// A program of node 2's host listens here.
const PROGRAM: &str = "8006";

/// Protocol, port, target, what the refusal must say, whether `--force` passes.
const REFUSED: [(&str, &str, &str, &str, bool); 11] = [
    ("tcp", "7066", "10.15.3.15", "peer port", false),
    ("tcp", "7067", "10.15.3.15", "admin port", false),
    ("udp", "67", "10.15.3.15", "DHCP port", false),
    ("udp", "4789", "10.15.3.15", "overlay", false),
    ("udp", "8472", "10.15.3.15", "overlay", false),
    ("udp", "6081", "10.15.3.15", "overlay", false),
    ("tcp", "22", "10.15.3.15", "--force", true),
    ("tcp", PROGRAM, "10.15.3.15", "node 2", true),
    ("tcp", "2222", "10.15.3.1:8006", "router", false),
    ("tcp", "2222", "10.15.3.10:22", "node 1", false),
    ("tcp", "2222", "10.15.3.12:22", "node 3", false),
];

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    for node in 1..=3 {
        for (protocol, port, to, word, forcible) in REFUSED {
            let what = format!("node {node}: forward {protocol} {port} --to {to}");
            let add = ["forward", "add", protocol, port, "--to", to];
            let answer = lab.gateway(node).control().attempt(&add)?;
            expect(&what, &answer, 1, &[word])?;
            let forced = [&add[..], &["--force"]].concat();
            let answer = lab.gateway(node).control().attempt(&forced)?;
            if forcible {
                expect(&what, &answer, 0, &[])?;
                hidden(lab, node, port)?;
                lab.gateway(node)
                    .ctl(&["forward", "remove", protocol, port])?;
            } else {
                expect(&what, &answer, 1, &[word])?;
            }
        }
    }
    report.figure("forwards refused", 3 * REFUSED.len());
    leased(lab, report)?;
    let left: Vec<serde_json::Value> = lab.gateway(1).ctl_json(&["forward", "list"])?;
    ensure!(left.is_empty(), "forwards are left: {left:?}");
    audit(lab)
}

/// While a program's port is forwarded, status names the program that is not reached.
fn hidden(lab: &mut Lab, node: u8, port: &str) -> Result<()> {
    if port != PROGRAM {
        return Ok(());
    }
    let status: serde_json::Value = lab.gateway(node).ctl_json(&["status"])?;
    let notices = status["notices"].as_array().into_iter().flatten();
    let mut notices = notices.filter_map(serde_json::Value::as_str);
    let named = notices.any(|notice| notice.contains("is forwarded, and a program on node 2"));
    ensure!(
        named,
        "node {node} does not name the program that is not reached: {}",
        status["notices"]
    );
    Ok(())
}

/// To a dynamic lease: refused, with the client to name instead.
fn leased(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    let address = client.obtain(OBTAIN)?.to_string();
    let mac = client.vm().mac().to_string();
    let add = ["forward", "add", "tcp", "2222", "--to", &address];
    let answer = lab.gateway(2).control().attempt(&add)?;
    let remedy = format!("--to-client {mac}");
    expect("a forward to a lease", &answer, 1, &[&remedy])?;
    let instead = ["forward", "add", "tcp", "2222", "--to-client", &mac];
    lab.gateway(2).ctl(&instead)?;
    lab.gateway(3).ctl(&["forward", "remove", "tcp", "2222"])?;
    client.release(OBTAIN)?;
    report.figure("forward to a lease", "refused, --to-client named");
    Ok(())
}

/// Each change is in the log of the node that was asked: what, before, after, result.
fn audit(lab: &mut Lab) -> Result<()> {
    let log = lab.gateway(3).process()?.log_of_this_run()?;
    let line = log
        .lines()
        .find(|line| line.contains("audit") && line.contains("forward remove"));
    let line = line.unwrap_or_default();
    for word in ["tcp/", "before=", "after=\"none\"", "result=\"done\""] {
        ensure!(
            line.contains(word),
            "{word} is not in the audit line {line:?}"
        );
    }
    Ok(())
}
