//! The one door: a committed batch becomes new state, outcomes and events.
//!
//! `apply` is total: it reads no clock, no randomness and no environment (T1), and it never fails.
//! Each kind of command has a file: what DHCP clients ask in `offer`, `grant`, `release` and `quarantine`
//! (what they share in `lease`), what operators ask in `operator`, `forward` and `revoke`, what nodes ask in `cluster`, and
//! time in `clock`.

mod clock;
mod cluster;
mod forward;
mod grant;
mod lease;
mod offer;
mod operator;
mod quarantine;
mod release;
mod revoke;

use crate::{Batch, Command, Event, LogPosition, Outcome, Refusal, State};
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
type Verdict = Result<Outcome, Refusal>;

impl State {
    /// Applies the committed entry at `position`.
    ///
    /// A batch without a stamp of the entry's own term changes nothing: a lease granted on it
    /// would be counted from a moment before its client asked, and end early (S5, T4).
    pub fn apply(&mut self, position: LogPosition, batch: &Batch) -> Effects {
        let Some(stamp) = batch.stamp.filter(|stamp| {
            stamp.term == position.term || crate::mutated!("s5_stamp_of_another_term")
        }) else {
            return refuse_all(batch, &Refusal::Unstamped);
        };
        if let Err(too_large) = batch.check_budget() {
            return refuse_all(batch, &too_large);
        }
        let mut events = Vec::new();
        self.advance_clock(stamp.time, &mut events);
        let outcomes = batch.commands.iter().map(|command| {
            self.apply_command(command, &mut events)
                .unwrap_or_else(Outcome::Refused)
        });
        let outcomes = outcomes.collect();
        Effects { outcomes, events }
    }

    fn apply_command(&mut self, command: &Command, events: &mut Vec<Event>) -> Verdict {
        command.check_budget()?;
        match command {
            Command::Bootstrap(bootstrap) => self.bootstrap(bootstrap, events),
            Command::RegisterNode(registration) => self.register_node(registration, events),
            Command::RemoveNode(node) => self.remove_node(*node, events),
            Command::PutSubnet(config) => self.put_subnet(config, events),
            Command::OfferLease(offer) => self.offer_lease(offer, events),
            Command::GrantLease(grant) => self.grant_lease(grant, events),
            Command::ReleaseLease(release) => self.release_lease(release, events),
            Command::DeclineAddress(decline) => self.decline_address(decline, events),
            Command::QuarantineAddress(found) => self.quarantine_address(found, events),
            Command::LiftQuarantine(lift) => self.lift_quarantine(lift),
            Command::RevokeLease {
                subnet,
                address,
                keep_record,
            } => self.revoke_lease(*subnet, *address, *keep_record, events),
            Command::AddReservation {
                subnet,
                client,
                address,
            } => self.add_reservation(*subnet, client, *address, events),
            Command::RemoveReservation { subnet, client } => {
                self.remove_reservation(*subnet, client, events)
            }
            Command::AddForward {
                key,
                forward,
                force,
            } => self.add_forward(*key, forward, *force, events),
            Command::RemoveForward(key) => self.remove_forward(*key, events),
            Command::SetSourceNat { subnet, source_nat } => {
                self.set_source_nat(*subnet, *source_nat, events)
            }
            Command::SetForwardPolicy(policy) => {
                self.nat.forward_policy = *policy;
                events.push(Event::NatChanged);
                Ok(Outcome::Done)
            }
            Command::SetProfile(profile) => Ok(self.set_profile(*profile, events)),
            Command::Tick => Ok(Outcome::Done),
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
