//! Last act: the killed node comes back.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::cast::Cast;
use super::cluster::members;
use super::failover::Killed;
use super::observation::Observation;
use super::stage::Stage;
use crate::lab::Lab;

/// Restarts the node and shows that nothing is missing anywhere.
pub(super) fn act(lab: &mut Lab, cast: &Cast, stage: &mut Stage, killed: Killed) -> Result<()> {
    stage.heading(
        "6  The killed node comes back",
        "It reads what it has on disk and takes what it missed from the others. It never says no to\n\
         anybody on old knowledge: every answer is a committed one.",
    );
    stage.observe(Observation::NodeCatchesUp, |progress| {
        progress.say(&format!("gatewayd starts again on gw{}", killed.node));
        let started = Instant::now();
        lab.gateway(killed.node).start()?;
        lab.wait_in_service()?;
        let entry = lab.wait_level()?;
        let leader = lab.leader()?;
        let seen = format!(
            "gw{} is in service after {:.1} s, has applied entry {entry}, as leader gw{leader} has",
            killed.node,
            started.elapsed().as_secs_f64()
        );
        Ok(((), seen))
    })?;
    let status = lab.gateway(killed.node).status()?;
    stage.show(&members(&status));
    stage.observe(Observation::LeasesKept, |progress| {
        progress.say("the lease table of every gateway is compared with what the machines have");
        every_lease_is_everywhere(lab, cast)?;
        Ok((
            (),
            format!(
                "{} leases on each of {} gateways",
                cast.actors.len(),
                super::HOSTS
            ),
        ))
    })
}

fn every_lease_is_everywhere(lab: &mut Lab, cast: &Cast) -> Result<()> {
    for gateway in lab.gateways() {
        let leases = gateway.leases()?;
        for actor in &cast.actors {
            let lease = leases.iter().find(|lease| lease.address == actor.address);
            let lease = lease.with_context(|| {
                format!(
                    "gw{} has lost the lease of {}",
                    gateway.node(),
                    actor.address
                )
            })?;
            ensure!(
                lease.state == "bound" && lease.hardware == actor.vm().mac().to_string(),
                "{} has {}, but gw{} says {lease:?}",
                actor.vm().name(),
                actor.address,
                gateway.node()
            );
        }
    }
    Ok(())
}
