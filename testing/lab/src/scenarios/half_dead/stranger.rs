//! A node that lost its disk, started with `--bootstrap`: cut off, and in reach again.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{SOON, never_serves, row, served};
use crate::Lab;
use crate::client::Udhcpc;
use crate::gateway::Status;
use crate::report::Report;

const EMPTIED: u8 = 3;
const LOOKED_AT: Duration = Duration::from_secs(3);

pub(super) fn check(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    lab.gateway(EMPTIED).kill_9()?;
    lab.gateway(EMPTIED).wipe()?;
    lab.faults().cut_host(EMPTIED)?;
    waits(lab, client, report)?;
    founds_its_own(lab, client, report)?;
    added_again(lab, report)
}

/// Nobody in reach says that there is no cluster: it waits. In reach again, it ends.
fn waits(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    lab.gateway(EMPTIED).start_flagged(&["--bootstrap"])?;
    let words = "founds no cluster before";
    lab.gateway(EMPTIED)
        .wait_for_status(words, SOON, |status| {
            let reason = status.not_serving_reason.as_deref().unwrap_or_default();
            reason.contains(words)
        })?;
    let seen = served(client)?;
    row(report, "wiped, --bootstrap, cut off", begun, words, &seen);
    let begun = Instant::now();
    lab.faults().mend_cut()?;
    let logged = lab.gateway(EMPTIED).refused()?;
    let words = "has a cluster already";
    ensure!(logged.contains(words), "it says something else: {logged}");
    let seen = served(client)?;
    row(report, "the same, in reach", begun, words, &seen);
    Ok(())
}

/// With `--alone` it founds a second cluster. Two of three must not mind.
fn founds_its_own(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    lab.faults().cut_host(EMPTIED)?;
    lab.gateway(EMPTIED)
        .start_flagged(&["--bootstrap", "--alone"])?;
    lab.gateway(EMPTIED).wait_in_service(SOON)?;
    let begun = Instant::now();
    lab.faults().mend_cut()?;
    let names_it = |status: &Status| {
        let notices = status.notices.join("\n");
        status.in_service && notices.contains("another cluster")
    };
    for node in [1, 2] {
        lab.gateway(node)
            .wait_for_status("it names the stranger and serves", SOON, names_it)?;
    }
    lab.gateway(EMPTIED)
        .wait_for_status("it yields", SOON, |status| !status.in_service)?;
    let seconds = begun.elapsed().as_secs_f64();
    let end = Instant::now() + LOOKED_AT;
    while Instant::now() < end {
        for node in [1, 2] {
            let status = lab.gateway(node).status()?;
            ensure!(
                status.in_service,
                "node {node}: {:?}",
                status.not_serving_reason
            );
        }
    }
    let last = never_serves(lab, EMPTIED, Duration::from_millis(500))?;
    let reason = last
        .and_then(|status| status.not_serving_reason)
        .unwrap_or_default();
    ensure!(reason.contains("another cluster"), "its reason: {reason}");
    let seen = served(client)?;
    let said = format!("members serve and name it after {seconds:.1} s, it yields; client: {seen}");
    report.figure("--bootstrap --alone, in reach", said);
    Ok(())
}

fn added_again(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    lab.gateway(EMPTIED).terminate()?;
    lab.gateway(1).ctl(&["node", "remove", "3"])?;
    lab.gateway(EMPTIED).wipe()?;
    lab.gateway(EMPTIED).start()?;
    lab.wait_in_service()?;
    row(
        report,
        "removed, emptied, added",
        begun,
        "all in service",
        "-",
    );
    Ok(())
}
