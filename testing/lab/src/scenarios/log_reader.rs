//! Whoever reads the log goes away, or has no room, or stands still: nothing changes but the log.
//!
//! The daemon's standard error is a pipe whose reader closes, then `/dev/full`, then a pipe that nobody
//! reads. Each time NAT is repaired twice, a client is served, and SIGHUP does not end the daemon.

use std::fs::File;
use std::io::{PipeReader, pipe};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::scenario::Scenario;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "log_reader",
    about: "the log's reader goes away, /dev/full, a reader that stands still: nothing else changes",
    hosts: 3,
    run,
};

const SOON: Duration = Duration::from_secs(30);
/// More than a pipe holds (64 KiB) in the end: everything is logged.
const STANDS_STILL: &str = "trace";

fn run(lab: &mut Lab) -> Result<Report> {
    lab.start_gateways(&GatewayConfig::new())?;
    lab.wait_in_service()?;
    let mut client = Udhcpc::new(lab.add_vm(1)?, lab.dir().to_owned());
    let mut report = Report::new();

    closed_pipe(lab, &mut client)?;
    report.figure("a closed pipe", "nothing changed");

    let full = File::options().write(true).open("/dev/full");
    restart(lab, full.context("opening /dev/full")?.into())?;
    goes_on(lab, &mut client).context("/dev/full")?;
    report.figure("/dev/full", "nothing changed");

    let (reader, writer) = pipe().context("making a pipe")?;
    lab.gateway(1)
        .configure(GatewayConfig::new().set("LOG_LEVEL", STANDS_STILL));
    restart(lab, writer.into())?;
    goes_on(lab, &mut client).context("nobody reads the pipe")?;
    lab.gateway(1)
        .terminate()
        .context("ending while nobody reads the pipe")?;
    drop(reader);
    report.figure("a reader that stands still", "nothing changed");
    Ok(report)
}

/// The reader of node 1's log closes its pipe.
pub(super) fn closed_pipe(lab: &mut Lab, client: &mut Udhcpc) -> Result<()> {
    let (reader, writer) = pipe().context("making a pipe")?;
    restart(lab, writer.into())?;
    drop::<PipeReader>(reader);
    goes_on(lab, client).context("the reader has closed the pipe")
}

fn restart(lab: &mut Lab, errors: Stdio) -> Result<()> {
    lab.gateway(1).terminate()?;
    lab.gateway(1).start_logging_to(errors)?;
    lab.gateway(1).wait_in_service(SOON)?;
    Ok(())
}

fn goes_on(lab: &mut Lab, client: &mut Udhcpc) -> Result<()> {
    for _ in 0..2 {
        let repairs = lab.gateway(1).status()?.nat()?.repairs;
        lab.gateway(1).process()?.signal(Signal::SIGHUP)?;
        lab.flush_ruleset(1)?;
        lab.gateway(1)
            .wait_for_status("NAT repaired", SOON, |status| {
                status.is_repaired_since(repairs)
            })?;
    }
    client.obtain(SOON)?;
    lab.gateway(1).process()?.ensure_running()
}
