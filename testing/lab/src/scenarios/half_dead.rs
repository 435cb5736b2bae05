//! Nodes that are half there, against real daemons: for each, what was done, what status said and when,
//! and what a client saw. "In service" is said only by a node whose clients are served, and every reason
//! is the true one (S11, L7).

mod address;
mod rollback;
mod stranger;
mod uplink;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::log_reader;
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::{GatewayConfig, Status};
use crate::report::Report;
use crate::scenario::Scenario;
use crate::storm::StormOptions;
use crate::wire::MacAddr;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "half_dead",
    about: "A disk that goes back, power cuts, a wiped node that bootstraps, a log reader that goes away, \
            another peer address, clients without a way out: status says what it is, and clients are served",
    hosts: 3,
    run,
};

const SOON: Duration = Duration::from_secs(30);

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    let mut report = Report::new();
    rollback::check(lab, &mut client, &mut report).context("a disk goes back")?;
    stranger::check(lab, &mut client, &mut report).context("a stranger")?;
    let begun = Instant::now();
    log_reader::closed_pipe(lab, &mut client).context("the log's reader")?;
    let what = "two flushes repaired";
    row(&mut report, "log reader gone", begun, what, "served");
    address::check(lab, &mut client, &mut report).context("address")?;
    uplink::check(lab, &mut report).context("uplink")?;
    Ok(report)
}

/// What was done; what status said, how long after; what a client saw.
fn row(report: &mut Report, done: &str, begun: Instant, said: &str, seen: &str) {
    let seconds = begun.elapsed().as_secs_f64();
    report.figure(
        done,
        format!("{said} (after {seconds:.1} s); client: {seen}"),
    );
}

/// A client leaves, and comes back: how long that took, in words.
fn served(client: &mut Udhcpc) -> Result<String> {
    let begun = Instant::now();
    client.obtain(SOON).context("a client that comes back")?;
    Ok(format!("served in {:.1} s", begun.elapsed().as_secs_f64()))
}

/// Newcomers, each of whom must be served: entries for the log.
fn newcomers(lab: &mut Lab, clients: u32, first: u8) -> Result<()> {
    let vm = lab.add_vm(1)?;
    let options = StormOptions {
        clients,
        first_mac: MacAddr([0x02, 0xbd, first, 0, 0, 0]),
        ..StormOptions::default()
    };
    let history = lab.storm(&[vm], &options)?;
    let acks = history.summary().acks;
    ensure!(
        acks >= usize::try_from(clients)?,
        "{acks} of {clients} newcomers were served"
    );
    Ok(())
}

/// Looks at `node` for `how_long`: it must not say that it serves.
fn never_serves(lab: &mut Lab, node: u8, how_long: Duration) -> Result<Option<Status>> {
    let end = Instant::now() + how_long;
    let mut last = None;
    while Instant::now() < end {
        if let Ok(status) = lab.gateway(node).status() {
            ensure!(!status.in_service, "node {node} says that it serves");
            last = Some(status);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(last)
}

/// A client asks, and gets nothing: nobody serves.
fn unserved(client: &mut Udhcpc, how_long: Duration) -> Result<()> {
    ensure!(
        client.obtain(how_long).is_err(),
        "a client was served though nobody says so"
    );
    Ok(())
}

/// Why a node does not serve, shortened for a row.
fn reason(status: &Status) -> String {
    let reason = status.not_serving_reason.as_deref().unwrap_or("in service");
    reason.split([':', ',']).next().unwrap_or(reason).to_owned()
}
