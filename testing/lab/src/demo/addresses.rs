//! Second act: real clients on different hosts get their addresses, from different gateways.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::cast::{Actor, Cast};
use super::observation::Observation;
use super::stage::{Progress, Stage};
use crate::client::{Dhclient, DhcpClient, Dhcpcd, Udhcpc};
use crate::lab::Lab;
use crate::topology::address::overlay;

/// dhcpcd probes its address before it uses it.
const OBTAIN: Duration = Duration::from_secs(20);
/// Which gateway answers whom is a matter of a hash; with so many more it would be odd if it were
/// always the same.
const MOST_MORE: u8 = 9;
const GATEWAYS_WANTED: usize = 2;

/// Brings the machines on.
pub(super) fn act(lab: &mut Lab, cast: &mut Cast, stage: &mut Stage) -> Result<()> {
    stage.heading(
        "2  Real clients get addresses",
        "Every gateway hears every broadcast. A hash of the client says which of them answers at\n\
         once; the others stay ready. So the load is shared, and nobody is answered twice.",
    );
    stage.observe(Observation::AddressesArrive, |progress| {
        first_three(lab, cast, progress)?;
        until_several_gateways_answered(lab, cast, progress)?;
        let seen = verdict(cast)?;
        Ok(((), seen))
    })?;
    stage.show(&table(cast)?);
    Ok(())
}

/// One client of each kind, each on a host of its own.
fn first_three(lab: &mut Lab, cast: &mut Cast, progress: &Progress) -> Result<()> {
    let dir = lab.dir().to_owned();
    let clients: [Box<dyn DhcpClient>; 3] = [
        Box::new(Dhclient::new(lab.add_vm(1)?, dir.clone())),
        Box::new(Udhcpc::new(lab.add_vm(2)?, dir.clone())),
        Box::new(Dhcpcd::new(lab.add_vm(3)?, dir)),
    ];
    for client in clients {
        enter(cast, client, progress)?;
    }
    Ok(())
}

/// Adds udhcpc clients until two gateways have answered, and until one of them, whose machine is on
/// another host than the leader, has its lease from another gateway than the leader: the next acts
/// kill the leader and have that client renew.
fn until_several_gateways_answered(
    lab: &mut Lab,
    cast: &mut Cast,
    progress: &Progress,
) -> Result<()> {
    let leader = lab.leader()?;
    let hosts = (1..=super::HOSTS).filter(|host| *host != leader).cycle();
    for host in hosts.take(usize::from(MOST_MORE)) {
        let several = cast.serving_gateways()?.len() >= GATEWAYS_WANTED;
        if several && survivor(cast, leader)?.is_some() {
            return Ok(());
        }
        let client = Udhcpc::new(lab.add_vm(host)?, lab.dir().to_owned());
        enter(cast, Box::new(client), progress)?;
    }
    Ok(())
}

/// The place in the cast of a udhcpc client that is independent of the gateway `leader`.
pub(super) fn survivor(cast: &Cast, leader: u8) -> Result<Option<usize>> {
    for (place, actor) in cast.actors.iter().enumerate() {
        let can_be_told = actor.client.name() == "udhcpc";
        if can_be_told && actor.vm().node() != leader && actor.served_by()? != leader {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// Has `client` obtain an address.
pub(super) fn enter(
    cast: &mut Cast,
    mut client: Box<dyn DhcpClient>,
    progress: &Progress,
) -> Result<Duration> {
    let vm = client.vm().name().to_owned();
    let host = client.vm().node();
    progress.say(&format!(
        "{} asks on {vm}, a machine of gw{host}",
        client.name()
    ));
    let started = Instant::now();
    let address = client.obtain(OBTAIN)?;
    cast.actors.push(Actor { client, address });
    Ok(started.elapsed())
}

fn verdict(cast: &Cast) -> Result<String> {
    let addresses: BTreeSet<_> = cast.actors.iter().map(|actor| actor.address).collect();
    ensure!(
        addresses.len() == cast.actors.len(),
        "{} machines share {} addresses",
        cast.actors.len(),
        addresses.len()
    );
    let gateways = cast.serving_gateways()?;
    ensure!(
        gateways.len() >= GATEWAYS_WANTED,
        "{} clients were all answered by gw{gateways:?}",
        cast.actors.len()
    );
    Ok(format!(
        "{} machines, {} addresses, from {}",
        cast.actors.len(),
        addresses.len(),
        names(&gateways)
    ))
}

fn names(gateways: &[u8]) -> String {
    let names: Vec<_> = gateways.iter().map(|node| format!("gw{node}")).collect();
    names.join(" and ")
}

fn table(cast: &Cast) -> Result<String> {
    let mut text = format!(
        "{:<6} {:<6} {:<9} {:<12} ANSWERED BY\n",
        "VM", "ON", "CLIENT", "ADDRESS"
    );
    for actor in &cast.actors {
        let gateway = actor.served_by()?;
        text += &format!(
            "{:<6} {:<6} {:<9} {:<12} gw{gateway} ({})\n",
            actor.vm().name(),
            format!("gw{}", actor.vm().node()),
            actor.client.name(),
            actor.address.to_string(),
            overlay(gateway)
        );
    }
    Ok(text)
}
