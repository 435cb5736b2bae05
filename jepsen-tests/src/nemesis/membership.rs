//! A node is removed from the cluster, goes on running for a while (it must fall silent), then comes
//! back empty and is added again, as `docs/runbooks/replace-a-node.md` tells the operator.
//!
//! Removing and adding are operations with an outcome, so they are in the history as such. Node 1
//! stays: started without data it would found a second cluster, which is what the runbook warns of.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;
use jepsen_tests::history::{Entry, Failure, FailureKind, Fault, Function, Kind, Member, Value};
use lab::gateway::Control;
use lab::topology::address::overlay;

use super::{Nemesis, Scene, aimed_at};
use crate::names;

/// `--timeout` of a removal, in seconds.
const TIMEOUT_SECONDS: &str = "6";
/// How long a node may take to be a voter again before nobody waits for it any more.
const REJOIN: Duration = Duration::from_secs(12);
const POLL: Duration = Duration::from_millis(200);

/// One node at a time.
#[derive(Debug, Default)]
pub struct Membership {
    /// Who is to be removed, or has been.
    victim: Option<u8>,
    removal: Removal,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Removal {
    /// Not asked for, or refused.
    #[default]
    None,
    /// Nobody knows. The node keeps its data until that is clear: emptying a member that is needed for
    /// the quorum would be the operator's mistake, not a fault.
    Unknown,
    /// Committed.
    Done,
}

impl Nemesis for Membership {
    /// Only when the cluster is whole: an operator does not replace a node while another is missing.
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let count = scene.count();
        let whole = scene
            .sights
            .voters()
            .is_some_and(|voters| voters.len() == usize::from(count));
        if !whole || self.removal != Removal::None || count < 2 {
            return Ok(None);
        }
        // A leader cannot be removed; asked to, it says so.
        let victim = rng.u8(2..=count);
        self.victim = Some(victim);
        Ok(Some(aimed_at(&[victim])))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let (Some(victim), Some(leader)) = (self.victim, scene.sights.leader()) else {
            return Ok(());
        };
        let control = scene.lab.gateway(leader).control();
        let invoke = begin(scene, Function::NodeRemove, victim)?;
        let outcome = remove(&control, victim, &invoke)?;
        self.removal = match outcome.kind {
            Kind::Ok => Removal::Done,
            Kind::Fail => Removal::None,
            Kind::Invoke | Kind::Info => Removal::Unknown,
        };
        scene
            .recorder
            .record(outcome)
            .context("writing the history")
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        match (self.victim, self.removal) {
            (Some(victim), Removal::Done) if empty(scene, victim)? => {
                self.removal = Removal::None;
                join(scene, victim)
            }
            _ => Ok(()),
        }
    }

    /// With all faults healed, whoever leads knows what became of the removal, and every disk works.
    fn conclude(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim.filter(|_| self.removal != Removal::None) else {
            return Ok(());
        };
        if self.removal == Removal::Done {
            return self.heal(scene);
        }
        let Some(voters) = scene.sights.voters() else {
            return Ok(());
        };
        self.removal = match voters.contains(&victim) {
            true => Removal::None,
            false => Removal::Done,
        };
        self.heal(scene)
    }
}

impl Membership {
    /// Whether nothing is left to be found out or finished.
    pub fn is_settled(&self) -> bool {
        self.removal == Removal::None
    }

    /// Removes `victim`, whose data is lost, and has it join again. Whether its removal is done.
    pub fn replace(&mut self, scene: &mut Scene<'_>, victim: u8) -> Result<bool> {
        self.victim = Some(victim);
        self.strike(scene)?;
        let removed = self.removal != Removal::None;
        self.heal(scene)?;
        Ok(removed)
    }
}

/// Empties a node that has been removed; whether its disk let that be done.
fn empty(scene: &mut Scene<'_>, victim: u8) -> Result<bool> {
    let gateway = scene.lab.gateway(victim);
    gateway.ensure_killed()?;
    Ok(gateway.wipe().is_ok())
}

/// Has an empty node join.
fn join(scene: &mut Scene<'_>, victim: u8) -> Result<()> {
    let invoke = begin(scene, Function::NodeAdd, victim)?;
    let completion = if wait_until_voter(scene, victim)? {
        invoke.completed(Kind::Ok, invoke.value.clone(), None)
    } else {
        let error = Failure {
            kind: FailureKind::Unknown,
            text: format!("no voter within {REJOIN:?}"),
        };
        invoke.completed(Kind::Info, invoke.value.clone(), Some(error))
    };
    scene
        .recorder
        .record(completion)
        .context("writing the history")
}

fn begin(scene: &mut Scene<'_>, function: Function, victim: u8) -> Result<Entry> {
    let member = Member {
        node: names::node(victim),
        address: Some(overlay(victim)),
    };
    let invoke = Entry::invoke(scene.numbers.next(), function, Value::Member(member));
    scene
        .recorder
        .record(invoke.clone())
        .context("writing the history")?;
    Ok(invoke)
}

fn remove(leader: &Control, victim: u8, invoke: &Entry) -> Result<Entry> {
    let number = victim.to_string();
    let answer = leader.attempt(&["node", "remove", &number, "--timeout", TIMEOUT_SECONDS])?;
    let (kind, failure) = match answer.code {
        Some(0) => (Kind::Ok, None),
        Some(1) => (Kind::Fail, Some(FailureKind::Refused)),
        Some(3) => (Kind::Fail, Some(FailureKind::NotSent)),
        _ => (Kind::Info, Some(FailureKind::Unknown)),
    };
    let error = failure.map(|kind| Failure {
        kind,
        text: answer.complaint.clone(),
    });
    Ok(invoke.completed(kind, invoke.value.clone(), error))
}

/// Starts `node`, unless another fault keeps it down, and tells whether it is a voter in service soon enough.
/// A daemon that another fault keeps from joining ends by itself; then it is started again.
fn wait_until_voter(scene: &mut Scene<'_>, node: u8) -> Result<bool> {
    let deadline = Instant::now() + REJOIN;
    while Instant::now() < deadline {
        scene.lab.gateway(node).start_unless_held()?;
        if scene.sights.is_in_service(node) {
            return Ok(true);
        }
        std::thread::sleep(POLL);
    }
    Ok(false)
}
