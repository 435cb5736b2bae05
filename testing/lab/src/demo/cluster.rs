//! First act: three daemons become one cluster.

use std::time::Instant;

use anyhow::Result;

use super::observation::Observation;
use super::stage::Stage;
use crate::gateway::{GatewayConfig, Status};
use crate::lab::Lab;

/// Starts the gateways and shows who they are.
pub(super) fn act(lab: &mut Lab, stage: &mut Stage) -> Result<()> {
    stage.heading(
        "1  Three gateways, one lease table",
        "Each host runs gatewayd. Together they keep one replicated table: a lease is acknowledged\n\
         only when a majority has it on disk, so no single host can lose it.",
    );
    let status = stage.observe(Observation::ClusterForms, |progress| {
        progress.say("starting gatewayd on gw1, gw2 and gw3");
        let started = Instant::now();
        lab.start_gateways(&GatewayConfig::new())?;
        let leader = lab.leader()?;
        let status = lab.gateway(leader).status()?;
        let seen = format!(
            "{} members, gw{leader} leads, all answer DHCP after {:.1} s",
            status.members.len(),
            started.elapsed().as_secs_f64()
        );
        Ok((status, seen))
    })?;
    stage.show(&members(&status));
    Ok(())
}

/// The members as a table.
pub(super) fn members(status: &Status) -> String {
    let mut text = format!(
        "{:<6} {:<9} {:<12} {:>8}  {}\n",
        "NODE", "ROLE", "LISTEN IP", "APPLIED", "DHCP"
    );
    for member in &status.members {
        let applied = member
            .applied
            .map_or_else(|| "-".to_owned(), |index| index.to_string());
        let service = match (member.reachable, member.in_service) {
            (false, _) => "unreachable",
            (true, true) => "in service",
            (true, false) => "not serving",
        };
        text += &format!(
            "{:<6} {:<9} {:<12} {applied:>8}  {service}\n",
            format!("gw{}", member.node_id),
            member.role,
            member.listen_ip
        );
    }
    text
}
