//! Fourth act: the way in.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::addresses::survivor;
use super::cast::Cast;
use super::observation::Observation;
use super::stage::Stage;
use crate::lab::Lab;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::address::uplink;
use crate::wait::wait_until;

const CONNECT: Duration = Duration::from_secs(1);
/// From the operator's command to a working rule.
const PROGRAMMED: Duration = Duration::from_secs(5);
const PUBLIC_PORT: u16 = 8080;
const SERVICE_PORT: u16 = 80;

/// Opens a port and reaches a machine through it.
pub(super) fn act(lab: &mut Lab, cast: &mut Cast, stage: &mut Stage) -> Result<()> {
    stage.heading(
        "4  In from the internet",
        "A forward names the client, not its address: it follows the lease wherever it goes.\n\
         It is told to one gateway, replicated, and put into every host's kernel.",
    );
    stage.observe(Observation::WayIn, |progress| {
        let leader = lab.leader()?;
        let place = survivor(cast, leader)?.unwrap_or(0);
        let vm = cast.actors[place].vm().clone();
        let listen = SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVICE_PORT));
        let service = RunningService::start(vm.netns(), listen, lab.dir())?;
        cast.services.push(service);
        let mac = vm.mac().to_string();
        let (public, target) = (PUBLIC_PORT.to_string(), SERVICE_PORT.to_string());
        let command = [
            "forward",
            "add",
            "tcp",
            &public,
            "--to-client",
            &mac,
            "--target-port",
            &target,
        ];
        progress.say(&format!("gatewayctl {}", command.join(" ")));
        lab.gateway(1).ctl(&command)?;
        let told = Instant::now();
        fetch_through(lab, vm.node()).with_context(|| format!("reaching {}", vm.name()))?;
        let seen = format!(
            "{}:{PUBLIC_PORT} on gw{} reaches {} {} ms after the command",
            uplink(vm.node()),
            vm.node(),
            vm.name(),
            told.elapsed().as_millis()
        );
        Ok(((), seen))
    })
}

/// Fetches through the forward of the gateway `node`, from the internet.
pub(super) fn fetch_through(lab: &Lab, node: u8) -> Result<()> {
    let public = SocketAddr::from((uplink(node), PUBLIC_PORT));
    let internet = lab.topology().internet().netns();
    let mut last = None;
    let outcome = wait_until(
        "an answer through the forward",
        PROGRAMMED,
        || match internet.enter(|| fetch_tcp(public, CONNECT)) {
            Ok(_) => Ok(Some(())),
            Err(error) => {
                last = Some(format!("{error:#}"));
                Ok(None)
            }
        },
    );
    outcome.with_context(|| last.unwrap_or_default())
}
