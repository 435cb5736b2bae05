//! The verdict and the exit status: healthy, a full pool, a member that is away.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{POOL, expect};
use crate::Lab;
use crate::report::Report;
use crate::storm::StormOptions;

const SEEN: Duration = Duration::from_secs(10);
/// Repairs slow down while others change our table.
const REPAIRED: Duration = Duration::from_secs(40);

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let answer = lab.gateway(1).control().attempt(&["status", "--wait=20"])?;
    expect("all is well", &answer, 0, &["HEALTHY: 3 of 3 nodes"])?;
    ensure!(
        answer.output.starts_with("HEALTHY: "),
        "the first line is no verdict: {}",
        answer.output
    );
    at_eighty_columns(&answer.output)?;
    full_pool(lab, report)?;
    nat(lab, report)?;
    away(lab, report)
}

fn at_eighty_columns(text: &str) -> Result<()> {
    let longest = text.lines().map(|line| line.chars().count()).max();
    ensure!(longest <= Some(80), "{longest:?} columns:\n{text}");
    Ok(())
}

/// The pool is given out to the last address.
fn full_pool(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let vm = lab.add_vm(2)?;
    let crowd = StormOptions {
        clients: u32::from(POOL),
        deadline: 15,
        ..StormOptions::default()
    };
    lab.storm(&[vm], &crowd)?;
    lab.gateway(2)
        .wait_for_status("a full pool is told", SEEN, |status| {
            status.has_blocker("pool_full")
        })?;
    let answer = lab.gateway(2).control().attempt(&["status"])?;
    expect(
        "a full pool",
        &answer,
        7,
        &["DEGRADED: 3 of 3 nodes", "is full"],
    )?;
    at_eighty_columns(&answer.output)?;
    report.figure("pool full", "exit status 7");
    let leases = lab.gateway(2).leases()?;
    for lease in leases.iter().filter(|lease| lease.state == "bound") {
        let address = lease.address.to_string();
        lab.gateway(2).ctl(&["lease", "release", &address])?;
    }
    Ok(())
}

/// Another program makes our table its own: the kernel takes no change of ours while it runs.
fn nat(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let host = lab.topology().host(2).netns().clone();
    let mut thief = host
        .command("nft")
        .arg("-i")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("starting nft")?;
    let outcome = out_of_sync(lab, &mut thief);
    // With its socket the table goes.
    thief.kill().context("ending nft")?;
    thief.wait().context("waiting for nft")?;
    outcome?;
    report.figure("NAT out of sync", "exit status 7");
    lab.gateway(2)
        .wait_for_status("NAT is repaired", REPAIRED, |status| {
            !status.has_blocker("nat")
        })?;
    Ok(())
}

fn out_of_sync(lab: &mut Lab, thief: &mut Child) -> Result<()> {
    let mut input = thief.stdin.as_ref().context("its input is a pipe")?;
    writeln!(
        input,
        "delete table inet gatewayd; add table inet gatewayd {{ flags owner; }}"
    )?;
    lab.gateway(2)
        .wait_for_status("NAT out of sync is told", SEEN, |status| {
            status.has_blocker("nat")
        })?;
    let answer = lab.gateway(2).control().attempt(&["status"])?;
    expect("NAT out of sync", &answer, 7, &["DEGRADED: ", "- NAT: "])?;
    at_eighty_columns(&answer.output)
}

/// A member is down: named, with the time.
fn away(lab: &mut Lab, report: &mut Report) -> Result<()> {
    lab.gateway(3).terminate()?;
    lab.gateway(1)
        .wait_for_status("node 3 is seen to be away", SEEN, |status| {
            status.has_blocker("member_unreachable")
        })?;
    let answer = lab.gateway(1).control().attempt(&["status"])?;
    let words = [
        "DEGRADED: 2 of 3 nodes; one more failure stops service",
        "gatewayctl node remove 3",
    ];
    let flat = answer
        .output
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for word in words.into_iter().chain(["Node 3 unreachable for"]) {
        ensure!(
            flat.contains(word),
            "{word:?} is not said: {}",
            answer.output
        );
    }
    expect("a member is away", &answer, 7, &[])?;
    at_eighty_columns(&answer.output)?;
    report.figure("node down", "exit status 7");
    Ok(())
}
