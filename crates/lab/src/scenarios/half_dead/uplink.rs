//! The uplink gets another name while gatewayd runs, and its own again.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::row;
use crate::Lab;
use crate::gateway::Status;
use crate::report::Report;
use crate::topology::address::{INTERNET_ROUTER, UPLINK};

const HOST: u8 = 2;
const OTHER_NAME: &str = "uplink9";
/// NAT looks at the interfaces every 30 s at least.
const SEEN: Duration = Duration::from_secs(45);

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    lab.gateway(HOST)
        .wait_for_status("NAT is in sync", SEEN, |status| !status.has_blocker("nat"))?;
    let begun = Instant::now();
    rename(lab, UPLINK, OTHER_NAME)?;
    let missed = format!("there is no interface {UPLINK}");
    let status = lab
        .gateway(HOST)
        .wait_for_status("the uplink is missed", SEEN, |status| {
            nat_cause(status).contains(&missed)
        })?;
    let cause = nat_cause(&status);
    row(report, "uplink renamed", begun, cause, "-");
    let begun = Instant::now();
    rename(lab, OTHER_NAME, UPLINK)?;
    lab.gateway(HOST)
        .wait_for_status("the uplink is back", SEEN, |status| {
            !status.has_blocker("nat")
        })?;
    row(report, "its own name again", begun, "NAT in sync", "-");
    Ok(())
}

fn nat_cause(status: &Status) -> &str {
    let blockers = status.verdict.blockers.iter();
    let mut nat = blockers.filter(|blocker| blocker.kind == "nat");
    nat.next().map_or("", |blocker| &blocker.cause)
}

fn rename(lab: &Lab, from: &str, to: &str) -> Result<()> {
    lab.topology().host(HOST).netns().ip(&format!(
        "link set {from} down\n\
         link set {from} name {to}\n\
         link set {to} up\n\
         route replace default via {INTERNET_ROUTER}\n"
    ))
}
