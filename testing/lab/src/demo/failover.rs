//! Fifth act: the leader is killed, and the machines hardly notice.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::addresses::{enter, survivor};
use super::cast::Cast;
use super::observation::Observation;
use super::stage::{Progress, Stage};
use super::{forward, internet};
use crate::client::Udhcpc;
use crate::lab::Lab;

const RENEW: Duration = Duration::from_secs(10);

/// What was done, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Killed {
    /// Which node.
    pub(super) node: u8,
    at: Instant,
}

/// Kills the leader and shows that service goes on.
pub(super) fn act(lab: &mut Lab, cast: &mut Cast, stage: &mut Stage) -> Result<Killed> {
    stage.heading(
        "5  The leader is killed",
        "SIGKILL, as a power cut would do it: no goodbye, nothing flushed. The other two are a\n\
         majority: they elect a new leader, and every acknowledged lease is on their disks.",
    );
    let killed = stage.observe(Observation::LeaderKilled, |_| kill(lab))?;
    stage.observe(Observation::NewMachineServed, |progress| {
        new_machine(lab, cast, killed, progress)
    })?;
    stage.observe(Observation::OldMachineRenews, |progress| {
        renew(lab, cast, killed, progress)
    })?;
    stage.observe(Observation::ConnectionsStay, |progress| {
        progress.say("every machine asks the internet again; the internet uses the forward");
        connections(lab, cast, killed)
    })?;
    Ok(killed)
}

fn kill(lab: &mut Lab) -> Result<(Killed, String)> {
    let node = lab.leader()?;
    lab.gateway(node).kill_9()?;
    let at = Instant::now();
    Ok((Killed { node, at }, format!("gatewayd on gw{node} is gone")))
}

fn new_machine(
    lab: &mut Lab,
    cast: &mut Cast,
    killed: Killed,
    progress: &Progress,
) -> Result<((), String)> {
    let host = other_than(killed.node);
    let client = Udhcpc::new(lab.add_vm(host)?, lab.dir().to_owned());
    enter(cast, Box::new(client), progress)?;
    let waited = killed.at.elapsed();
    let actor = cast.actors.last().context("nobody entered")?;
    let server = actor.served_by()?;
    ensure!(server != killed.node, "gw{server} is dead and answered");
    let leader = lab.leader()?;
    let seen = format!(
        "{} has {} from gw{server}, {:.1} s after the kill; gw{leader} leads now",
        actor.vm().name(),
        actor.address,
        waited.as_secs_f64()
    );
    Ok(((), seen))
}

fn renew(
    lab: &mut Lab,
    cast: &mut Cast,
    killed: Killed,
    progress: &Progress,
) -> Result<((), String)> {
    let place = survivor(cast, killed.node)?.context("no udhcpc client of a gateway that lives")?;
    let actor = &mut cast.actors[place];
    let name = actor.vm().name().to_owned();
    progress.say(&format!("udhcpc on {name} is told to renew (SIGUSR1)"));
    let witness = other_than(killed.node);
    let before = seconds_left(lab, witness, actor.address)?;
    let started = Instant::now();
    actor.client.renew(RENEW)?;
    let took = started.elapsed();
    let now = actor.vm().address()?;
    ensure!(
        now == Some(actor.address),
        "{name} had {} and has {now:?}",
        actor.address
    );
    let server = actor.served_by()?;
    let left = seconds_left(lab, witness, actor.address)?;
    ensure!(left >= before, "{before} s were left, and {left} s are");
    let seen = format!(
        "{name} keeps {}, renewed by gw{server} in {} ms: {before} s were left, {left} s are",
        actor.address,
        took.as_millis()
    );
    Ok(((), seen))
}

fn seconds_left(lab: &mut Lab, node: u8, address: std::net::Ipv4Addr) -> Result<i64> {
    let leases = lab.gateway(node).leases()?;
    let lease = leases.iter().find(|lease| lease.address == address);
    lease
        .and_then(|lease| lease.expires_in_seconds)
        .with_context(|| format!("gw{node} has no lease of {address}"))
}

/// The dead node's rules stay in its kernel, so its own machines stay connected as well.
fn connections(lab: &mut Lab, cast: &Cast, killed: Killed) -> Result<((), String)> {
    internet::everybody_gets_out(cast)?;
    let on_dead_host = cast.actors.iter().filter(|a| a.vm().node() == killed.node);
    forward::fetch_through(lab, forward_host(cast, killed.node)?)?;
    let seen = format!(
        "{} machines reach the internet ({} of them through gw{}, whose kernel kept its rules); \
         the forward works",
        cast.actors.len(),
        on_dead_host.count(),
        killed.node
    );
    Ok(((), seen))
}

/// The forward leads to the machine that the fourth act chose.
fn forward_host(cast: &Cast, leader: u8) -> Result<u8> {
    let place = survivor(cast, leader)?.context("the forward's machine is gone")?;
    Ok(cast.actors[place].vm().node())
}

fn other_than(node: u8) -> u8 {
    if node == 1 { 2 } else { 1 }
}
