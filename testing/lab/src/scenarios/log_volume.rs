//! The log is one line a change: what goes on being so is not said again and again.
//!
//! A follower is killed, then a second node. How many lines the others write from then on is a figure,
//! and bounded: a dead follower once cost the leader nine lines a second, a lost quorum eighteen.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::wait::wait_until_true;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "log_volume",
    about: "log lines with one node down and without a quorum: few, and each of them once",
    hosts: 3,
    run,
};

/// For how long lines are counted after each fault.
const WATCHED: Duration = Duration::from_secs(30);
/// How many lines a node may write in that time.
const LINES: usize = 12;
const SOON: Duration = Duration::from_secs(30);
const GONE: &str = "a peer is unreachable";
const BACK: &str = "a peer is reachable again";

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    lab.wait_in_service()?;
    let leader = lab.leader()?;
    let followers: Vec<u8> = (1..=3).filter(|node| *node != leader).collect();
    let (first, second) = (followers[0], followers[1]);
    let mut report = Report::new();

    let watched = [leader, second];
    let before = lines(lab, &watched)?;
    lab.gateway(first).kill_9()?;
    watch(lab, &mut report, "one node down", &watched, &before)?;
    told_once(lab, leader, GONE)?;

    let before = lines(lab, &[leader])?;
    lab.gateway(second).kill_9()?;
    watch(lab, &mut report, "no quorum", &[leader], &before)?;

    for node in [first, second] {
        lab.gateway(node).start()?;
    }
    lab.wait_in_service()?;
    let process = lab.gateway(leader).process()?;
    process
        .wait_for_log_line(BACK, SOON)
        .context("the peers' return")?;
    Ok(report)
}

fn lines(lab: &mut Lab, nodes: &[u8]) -> Result<Vec<usize>> {
    let count = |node: &u8| {
        let log = lab.gateway(*node).process()?.log_of_this_run()?;
        Ok(log.lines().count())
    };
    nodes.iter().map(count).collect()
}

fn watch(
    lab: &mut Lab,
    report: &mut Report,
    what: &str,
    nodes: &[u8],
    before: &[usize],
) -> Result<()> {
    let begun = Instant::now();
    wait_until_true("the time to count in", 2 * WATCHED, || {
        Ok(begun.elapsed() >= WATCHED)
    })?;
    let after = lines(lab, nodes)?;
    for ((node, before), after) in nodes.iter().zip(before).zip(after) {
        let written = after - before;
        report.figure(
            format!("{what}: lines of node {node} in {} s", WATCHED.as_secs()),
            written,
        );
        let log = lab.gateway(*node).process()?.log_of_this_run()?;
        let new: Vec<_> = log.lines().skip(*before).collect();
        ensure!(
            written <= LINES,
            "{what}: node {node} wrote {written} lines in {WATCHED:?}, at most {LINES} are due:\n{}",
            new.join("\n")
        );
    }
    Ok(())
}

fn told_once(lab: &mut Lab, node: u8, what: &str) -> Result<()> {
    let told = lab.gateway(node).process()?.count_log_lines(what)?;
    ensure!(told == 1, "node {node} said {told} times: {what}");
    Ok(())
}
