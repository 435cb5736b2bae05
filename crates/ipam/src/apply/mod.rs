//! The one door: a committed batch becomes new state, outcomes and events.
//!
//! `apply` is total: it reads no clock, no randomness and no environment (T1), and it never fails.
//! Each kind of command has a file: what DHCP clients ask in `offer`, `grant`, `release` and `quarantine`
//! (what they share in `lease`), what operators ask in `object` and `revoke`, what nodes ask in `cluster`,
//! and time in `clock`.

mod clock;
mod cluster;
mod events;
mod grant;
mod lease;
mod object;
mod offer;
mod quarantine;
mod release;
mod revoke;

use self::events::Events;
use crate::{
    Batch, ClusterCommand, ClusterRefusal, Command, Event, EventKind, LeaseCommand, LeaseRefusal,
    LogPosition, ObjectChange, ObjectRefusal, Outcome, Refusal, State,
};
use alloc::vec::Vec;

/// What came of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// One for each command, in order.
    pub outcomes: Vec<Outcome>,
    /// What changed, in order.
    pub events: Vec<Event>,
}

/// What came of one command, before a refusal is put with the other outcomes.
type Verdict<R> = Result<Outcome, R>;

/// What became of an object; `None` if it was so already.
pub(crate) type Changed = Result<Option<ObjectChange>, ObjectRefusal>;

/// How an object is changed.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// The entry that changes it.
    pub index: u64,
    /// Whether the operator means it where that can make sense.
    pub force: bool,
}

impl State {
    /// Applies the committed entry at `position`.
    ///
    /// A batch without a stamp of the entry's own term changes nothing: a lease granted on it
    /// would be counted from a moment before its client asked, and end early (S5, T4).
    pub fn apply(&mut self, position: LogPosition, batch: &Batch) -> Effects {
        let stamp = batch.stamp.filter(|stamp| stamp.term == position.term);
        //~ mutant s5_stamp_of_another_term: let stamp = batch.stamp;
        let Some(stamp) = stamp else {
            return refuse_all(batch, &Refusal::UNSTAMPED);
        };
        if let Err(over) = batch.check_budget() {
            return refuse_all(batch, &over.into());
        }
        let mut events = Events::new();
        self.advance_clock(stamp.time, &mut events);
        let outcomes = batch.commands.iter().map(|requested| {
            let command = &requested.command;
            events.asked_by(command);
            self.apply_command(command, position.index, &mut events)
                .unwrap_or_else(Outcome::Refused)
        });
        let outcomes = outcomes.collect();
        let events = events.into_vec();
        Effects { outcomes, events }
    }

    fn apply_command(
        &mut self,
        command: &Command,
        index: u64,
        events: &mut Events,
    ) -> Result<Outcome, Refusal> {
        command.check_budget()?;
        match command {
            Command::Lease(command) => Ok(self.change_lease(command, events)?),
            Command::Object(command) => Ok(self.change_object(command, index, events)?),
            Command::Cluster(command) => Ok(self.change_cluster(command, index, events)?),
        }
    }

    fn change_lease(
        &mut self,
        command: &LeaseCommand,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        match command {
            LeaseCommand::Offer(offer) => self.offer_lease(offer, events),
            LeaseCommand::Grant(grant) => self.grant_lease(grant, events),
            LeaseCommand::Release(release) => self.release_lease(release, events),
            LeaseCommand::Decline(decline) => self.decline_address(decline, events),
            LeaseCommand::Quarantine(found) => self.quarantine_address(found, events),
            LeaseCommand::LiftQuarantine(lift) => self.lift_quarantine(lift),
        }
    }

    fn change_cluster(
        &mut self,
        command: &ClusterCommand,
        index: u64,
        events: &mut Events,
    ) -> Verdict<ClusterRefusal> {
        match command {
            ClusterCommand::Bootstrap(bootstrap) => self.bootstrap(bootstrap, index, events),
            ClusterCommand::RegisterNode(registration) => self.register_node(registration, events),
            ClusterCommand::RemoveNode(node) => self.remove_node(*node, events),
            ClusterCommand::RevokeLease {
                subnet, address, ..
            } => self.revoke_lease(*subnet, *address, events),
            ClusterCommand::SetForwardPolicy { policy, .. } => {
                self.forward_policy = *policy;
                events.push(EventKind::ForwardPolicySet);
                Ok(Outcome::Done)
            }
            ClusterCommand::SetProfile { profile, .. } => Ok(self.set_profile(*profile, events)),
            ClusterCommand::Tick => Ok(Outcome::Done),
        }
    }
}

/// Nothing changes, the clock included.
fn refuse_all(batch: &Batch, refusal: &Refusal) -> Effects {
    let refuse = |_| Outcome::Refused(refusal.clone());
    Effects {
        outcomes: batch.commands.iter().map(refuse).collect(),
        events: Vec::new(),
    }
}
