//! The course of a run: faults; peace, in which everybody is served; a storm of newcomers in that peace;
//! a single node that is lost, or a minority that stays broken ([`super::core`]); and a look at what all nodes have come to.

use super::arena::{World, name};
use super::core::Core;
use crate::check::{SERVED_WITHIN, Violation};
use crate::client::TrueTime;
use crate::disk::Crash;
use crate::network::Host;
use crate::stats::Rare;
use anyhow::{Error, Result};
use std::time::Duration;

/// How long nothing is wrong while newcomers come: two retransmissions, and some renewals.
const STORM: Duration = Duration::from_secs(12);
/// How long it takes all newcomers of the storm to be switched on.
const TOGETHER: Duration = Duration::from_secs(1);
/// How long a single node is gone, beside an election: two retransmissions.
const LOSS: Duration = Duration::from_secs(14);
/// How long nodes may take to apply the same entries once nobody asks for anything, beside what is settled
/// after a fault.
const CONVERGED_WITHIN: Duration = Duration::from_secs(10);

impl World {
    /// The whole run.
    pub fn play(&mut self) -> Result<()> {
        while self.now < self.scenario.healed {
            self.step()?;
        }
        self.make_peace()?;
        self.newcomers_arrive(TOGETHER);
        self.go_on_for(STORM)?;
        if let Some(core) = Core::draw(&self.scenario) {
            self.live_with(&core)?;
        } else {
            let lost = self.lose_a_node();
            let loss = LOSS + self.scenario.distance.pace().election;
            self.newcomers_arrive(loss / 3);
            self.go_on_for(loss)?;
            self.bring_back(lost)?;
        }
        self.serve_everybody()?;
        self.converge()
    }

    pub(super) fn go_on_for(&mut self, duration: Duration) -> Result<()> {
        let end = self.now + duration;
        while self.now < end {
            self.step()?;
        }
        Ok(())
    }

    /// Ends all faults, and waits until nothing is left of them.
    fn make_peace(&mut self) -> Result<()> {
        self.heal_all()?;
        self.neighbours.note_unserved();
        let most = self.now + SERVED_WITHIN;
        // A disk that has just died starts again by itself; a change of members goes on to its end.
        self.step()?;
        while self.restart_failed()? || self.has_more_to_come() || !self.all_vote() {
            if self.now >= most {
                return Err(self.stuck("not every node is a member again", SERVED_WITHIN));
            }
            self.step()?;
        }
        self.observer.judge.healed(TrueTime(self.now));
        self.others_are_at_peace();
        self.go_on_for(self.scenario.distance.pace().settled_after)
    }

    /// An operator starts anew the nodes that say that their storage failed; whether there were any. A fault
    /// that was over before may show only with the next write.
    fn restart_failed(&mut self) -> Result<bool> {
        let failed = self.nodes.values().filter(|node| node.has_failed());
        let failed: Vec<Host> = failed.map(|node| node.host).collect();
        for host in &failed {
            self.stats.rare(Rare::StorageFailed, 1);
            self.crash(*host, Crash::Process);
            self.start_node(*host)?;
        }
        Ok(!failed.is_empty())
    }

    /// One node dies, the leader every other time, and nothing else is wrong (L3).
    fn lose_a_node(&mut self) -> Host {
        let wants_leader = self.random.bool();
        let any = self.random.u64(1..=self.scenario.nodes);
        let host = match self.observer.leader {
            Some(leader) if wants_leader => leader,
            // The next one, so that it is a follower.
            Some(leader) if leader == any => any % self.scenario.nodes + 1,
            _ => any,
        };
        let led = self.observer.leader == Some(host);
        let rare = match led {
            true => Rare::LeaderLostInPeace,
            false => Rare::FollowerLostInPeace,
        };
        self.stats.rare(rare, 1);
        self.crash(host, Crash::Power);
        let lost = self.loss_of(&[host]);
        let judge = &mut self.observer.judge;
        judge.lost(TrueTime(self.now), lost, u32::from(led));
        host
    }

    fn bring_back(&mut self, host: Host) -> Result<()> {
        self.observer.judge.disturbed();
        self.start_node(host)?;
        self.trace
            .note(name(host), format_args!("is back, and all is healed again"));
        self.observer.judge.healed(TrueTime(self.now));
        Ok(())
    }

    /// Waits for those who wanted something when the last fault was healed (L1 says how long).
    fn serve_everybody(&mut self) -> Result<()> {
        let most = self.now + SERVED_WITHIN;
        let waits = |world: &Self| !world.scenario.scarce && !world.neighbours.unserved.is_empty();
        while waits(self) && self.now < most {
            self.step()?;
        }
        Ok(())
    }

    /// Nobody asks for anything any more: the last requests are answered, and what they changed
    /// reaches everybody.
    fn converge(&mut self) -> Result<()> {
        self.neighbours.fall_silent();
        self.judge_others();
        let within = CONVERGED_WITHIN + self.scenario.distance.pace().settled_after;
        let end = self.now + within;
        loop {
            self.step()?;
            if self.now >= end - within / 2 && self.judge_end() {
                return self.observe();
            }
            if self.now >= end {
                return Err(self.stuck("not every node serves with the same entry", within));
            }
        }
    }

    /// The cluster has not come so far in peace, in so long a time (L1).
    fn stuck(&self, how: &str, within: Duration) -> Error {
        let facts = [
            format!("everything is healed since {within:?}"),
            self.nodes_in_words(),
        ];
        Violation::new("L1", TrueTime(self.now), how, facts).into()
    }
}
