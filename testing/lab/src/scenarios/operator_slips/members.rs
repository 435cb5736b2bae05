//! Members are changed at a node that does not lead.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::expect;
use crate::Lab;
use crate::report::Report;

const SEEN: Duration = Duration::from_secs(20);

/// Node 3 is down. It is removed and added again at a follower.
pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let leader = lab.leader()?;
    let follower = [1, 2].into_iter().find(|node| *node != leader);
    let follower = follower.context("a follower that is up")?;
    let control = lab.gateway(follower).control();
    let answer = control.attempt(&["node", "remove", "3"])?;
    expect(
        "node remove 3 at a follower",
        &answer,
        0,
        &["no longer a member"],
    )?;
    lab.gateway(follower)
        .wait_for_status("two members", SEEN, |status| {
            status.members.len() == 2 && status.verdict.level == "healthy"
        })?;
    let answer = control.attempt(&["node", "remove", "3"])?;
    expect("node remove 3 once more", &answer, 1, &["not a member"])?;
    let missing = ["node", "add", "3", "172.31.0.3:7066", "--timeout", "30"];
    let answer = control.attempt(&missing)?;
    ensure!(
        answer.code == Some(1) && answer.complaint.contains("172.31.0.3:7066"),
        "node add of a node that is down: {answer:?}"
    );
    lab.gateway(3).wipe()?;
    lab.gateway(3).start()?;
    let waited = lab.gateway(3).control().attempt(&["status", "--wait=30"])?;
    ensure!(
        matches!(waited.code, Some(0 | 7)),
        "status --wait right after the start: {waited:?}"
    );
    report.figure("node remove at a follower", "done");
    Ok(())
}
