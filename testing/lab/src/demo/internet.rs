//! Third act: the way out.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::cast::{Actor, Cast};
use super::observation::Observation;
use super::stage::Stage;
use crate::lab::Lab;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::address::{INTERNET_SERVICE, uplink};

const CONNECT: Duration = Duration::from_secs(2);
const PORT: u16 = 80;

/// Shows that every machine reaches the internet as its host.
pub(super) fn act(lab: &mut Lab, cast: &mut Cast, stage: &mut Stage) -> Result<()> {
    stage.heading(
        "3  Out to the internet",
        "A machine's router is its own host, so its traffic does not cross the other gateways.\n\
         The server out there must see the host's public address, never the machine's.",
    );
    stage.observe(Observation::WayOut, |progress| {
        progress.say("every machine asks a server on the internet which address it sees");
        let internet = lab.topology().internet().netns();
        let service = RunningService::start(internet, service(), lab.dir())?;
        cast.services.push(service);
        everybody_gets_out(cast)?;
        let first = cast.actors.first().context("no machine")?;
        let seen = format!(
            "all {}; {} ({}) was seen as {}",
            cast.actors.len(),
            first.vm().name(),
            first.address,
            uplink(first.vm().node())
        );
        Ok(((), seen))
    })
}

/// Every machine is seen with its host's public address.
pub(super) fn everybody_gets_out(cast: &Cast) -> Result<()> {
    for actor in &cast.actors {
        seen_as_its_host(actor)?;
    }
    Ok(())
}

fn seen_as_its_host(actor: &Actor) -> Result<()> {
    let vm = actor.vm();
    let seen = vm
        .netns()
        .enter(|| fetch_tcp(service(), CONNECT))
        .with_context(|| format!("{} on gw{}", vm.name(), vm.node()))?;
    let host = IpAddr::from(uplink(vm.node()));
    ensure!(
        seen == host,
        "{} on gw{} should be seen as {host}, and was seen as {seen}",
        vm.name(),
        vm.node()
    );
    Ok(())
}

fn service() -> SocketAddr {
    SocketAddr::from((INTERNET_SERVICE, PORT))
}
