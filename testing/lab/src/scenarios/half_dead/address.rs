//! A node starts with another peer address, and the cluster takes it over.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::{SOON, row, served};
use crate::Lab;
use crate::client::Udhcpc;
use crate::gateway::GatewayConfig;
use crate::report::Report;
use crate::topology::address::underlay;

const MOVED: u8 = 3;
const PORT: u16 = 7166;

pub(super) fn check(lab: &mut Lab, client: &mut Udhcpc, report: &mut Report) -> Result<()> {
    let begun = Instant::now();
    let address = format!("{}:{PORT}", underlay(MOVED));
    let config = GatewayConfig::new().set("GATEWAY_PEER_LISTEN", &address);
    lab.gateway(MOVED).terminate()?;
    lab.gateway(MOVED).configure(config);
    lab.gateway(MOVED).start()?;
    lab.gateway(MOVED).wait_in_service(SOON)?;
    let seconds = begun.elapsed().as_secs_f64();
    lab.wait_in_service()?;
    let applied = lab.wait_level()?;
    let control = lab.gateway(1).control();
    let told = control.attempt(&["status"])?;
    ensure!(
        matches!(told.code, Some(0 | 7)) && told.output.contains(&address),
        "{address} is not told: {told:?}"
    );
    let seen = served(client)?;
    lab.gateway(1)
        .wait_for_status("healthy", SOON, |status| status.verdict.level == "healthy")?;
    let said = format!("in service after {seconds:.1} s, all healthy, entry {applied}");
    row(report, "another peer address", begun, &said, &seen);
    lab.gateway(MOVED).terminate()?;
    lab.gateway(MOVED).configure(GatewayConfig::new());
    lab.gateway(MOVED).start()?;
    lab.wait_in_service()
}
