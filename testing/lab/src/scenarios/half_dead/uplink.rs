//! Traffic of clients has no way through the host: the uplink has another name, or no address, the host does
//! not forward, or somebody else's chain drops it. Status says which, and ends with 7 (contract S11).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::row;
use crate::Lab;
use crate::fault::WayOut;
use crate::gateway::Status;
use crate::report::Report;
use crate::topology::address::UPLINK;

const HOST: u8 = 2;
/// NAT looks at the interfaces every 30 s at least.
const SEEN: Duration = Duration::from_secs(45);

/// What goes wrong, and what status must say.
struct Fault {
    blocked: WayOut,
    said: String,
}

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let in_sync = |status: &Status| !status.has_blocker("nat");
    lab.gateway(HOST)
        .wait_for_status("NAT is in sync", SEEN, in_sync)?;
    for fault in faults() {
        let name = fault.blocked.name();
        let begun = Instant::now();
        fault.blocked.block(lab.topology().host(HOST))?;
        let status = lab
            .gateway(HOST)
            .wait_for_status(name, SEEN, |status| nat_cause(status).contains(&fault.said))?;
        let answer = lab.gateway(HOST).control().attempt(&["status"])?;
        ensure!(
            answer.code == Some(7),
            "{name}: exit status {:?}",
            answer.code
        );
        let cause = format!("exit status 7, {}", nat_cause(&status));
        row(report, name, begun, &cause, "-");
        let begun = Instant::now();
        fault.blocked.restore(lab.topology().host(HOST))?;
        lab.gateway(HOST)
            .wait_for_status("NAT is in sync again", SEEN, in_sync)?;
        row(report, "mended", begun, "NAT in sync", "-");
    }
    Ok(())
}

fn faults() -> [Fault; 5] {
    let fault = |blocked, said: String| Fault { blocked, said };
    let absent = format!("there is no interface {UPLINK}");
    [
        fault(WayOut::UplinkRenamed, absent.clone()),
        fault(WayOut::UplinkGone, absent),
        fault(
            WayOut::UplinkWithoutAddress,
            format!("the uplink {UPLINK} has no IPv4 address"),
        ),
        fault(
            WayOut::UplinkDoesNotForward,
            format!("net.ipv4.conf.{UPLINK}.forwarding=1"),
        ),
        fault(
            WayOut::ForeignFirewall,
            "chain f of table inet other".to_owned(),
        ),
    ]
}

fn nat_cause(status: &Status) -> &str {
    let blockers = status.verdict.blockers.iter();
    let mut nat = blockers.filter(|blocker| blocker.kind == "nat");
    nat.next().map_or("", |blocker| &blocker.cause)
}
