//! Traffic of clients has no way through the host: the uplink has another name, or no address, the host does
//! not forward, or somebody else's chain drops it. Status says which, and ends with 7 (contract S11).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::row;
use crate::Lab;
use crate::gateway::Status;
use crate::netns::Netns;
use crate::report::Report;
use crate::topology::address::{INTERNET_ROUTER, UPLINK, uplink};

const HOST: u8 = 2;
const OTHER_NAME: &str = "uplink9";
/// NAT looks at the interfaces every 30 s at least.
const SEEN: Duration = Duration::from_secs(45);

/// What goes wrong: its name, how it is made, what status must say, how it is mended.
struct Fault {
    name: &'static str,
    make: fn(&Netns) -> Result<()>,
    said: String,
    mend: fn(&Netns) -> Result<()>,
}

pub(super) fn check(lab: &mut Lab, report: &mut Report) -> Result<()> {
    let in_sync = |status: &Status| !status.has_blocker("nat");
    lab.gateway(HOST)
        .wait_for_status("NAT is in sync", SEEN, in_sync)?;
    for fault in faults() {
        let host = lab.topology().host(HOST).netns().clone();
        let begun = Instant::now();
        (fault.make)(&host)?;
        let status = lab
            .gateway(HOST)
            .wait_for_status(fault.name, SEEN, |status| {
                nat_cause(status).contains(&fault.said)
            })?;
        let answer = lab.gateway(HOST).control().attempt(&["status"])?;
        ensure!(
            answer.code == Some(7),
            "{}: exit status {:?}",
            fault.name,
            answer.code
        );
        let cause = format!("exit status 7, {}", nat_cause(&status));
        row(report, fault.name, begun, &cause, "-");
        let begun = Instant::now();
        (fault.mend)(&host)?;
        lab.gateway(HOST)
            .wait_for_status("NAT is in sync again", SEEN, in_sync)?;
        row(report, "mended", begun, "NAT in sync", "-");
    }
    Ok(())
}

fn faults() -> [Fault; 4] {
    [
        Fault {
            name: "uplink renamed",
            make: |host| rename(host, UPLINK, OTHER_NAME),
            said: format!("there is no interface {UPLINK}"),
            mend: |host| rename(host, OTHER_NAME, UPLINK),
        },
        Fault {
            name: "uplink without an address",
            make: |host| host.ip(&format!("addr flush dev {UPLINK}\n")),
            said: format!("the uplink {UPLINK} has no IPv4 address"),
            mend: |host| {
                host.ip(&format!(
                    "addr add {}/24 dev {UPLINK}\nroute replace default via {INTERNET_ROUTER}\n",
                    uplink(HOST)
                ))
            },
        },
        Fault {
            name: "forwarding off at the uplink",
            make: |host| forwarding(host, "0"),
            said: format!("net.ipv4.conf.{UPLINK}.forwarding=1"),
            mend: |host| forwarding(host, "1"),
        },
        Fault {
            name: "a foreign chain drops",
            make: |host| {
                host.nft(
                    "add table inet other\n\
                     add chain inet other f { type filter hook forward priority 0; policy drop; }\n",
                )
            },
            said: "chain f of table inet other".to_owned(),
            mend: |host| host.nft("delete table inet other\n"),
        },
    ]
}

fn nat_cause(status: &Status) -> &str {
    let blockers = status.verdict.blockers.iter();
    let mut nat = blockers.filter(|blocker| blocker.kind == "nat");
    nat.next().map_or("", |blocker| &blocker.cause)
}

fn forwarding(host: &Netns, on: &str) -> Result<()> {
    host.sysctl(&[(&format!("ipv4/conf/{UPLINK}/forwarding"), on)])
}

fn rename(host: &Netns, from: &str, to: &str) -> Result<()> {
    host.ip(&format!(
        "link set {from} down\n\
         link set {from} name {to}\n\
         link set {to} up\n\
         route replace default via {INTERNET_ROUTER}\n"
    ))
}
