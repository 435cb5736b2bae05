//! An intruder on the peers' network: it has an identity that is proven, a stranger's, a member's or that of a member that
//! was removed, and says with it what no honest node says. All of it must be refused, so nothing here may show.
//!
//! What it makes up is in [`forged`]; what it replays, as it was or with another number in it, in [`replayed`].
//!
//! What a member may do by lying within its rights (unseat a leader, lead) is not in it: Raft is not
//! Byzantine. Nor is what a stranger may do while there is no leader, or to a node that waits for
//! whoever invites it (ADR 0015, 0016): what could be true is said only to nodes that serve and do not count it.

mod forged;
mod replayed;

pub(super) use replayed::Overheard;

use super::arena::World;
use crate::network::{CallId, Host};
use cluster::Cluster;
use fastrand::Rng;

/// How many requests each node gets.
const REQUESTS: u64 = 12;
/// A node that is no member.
const STRANGER: Host = 99;
/// The calls of an intruder have the last numbers, which no other call reaches: nobody waits for
/// their answers.
const LAST_CALL: u64 = u64::MAX;

impl World {
    /// Every node that runs hears the intruder out.
    pub(super) fn intrude(&mut self, random: &mut Rng) {
        let hosts: Vec<Host> = self.scenario.hosts().collect();
        let cluster = self.scenario.bootstrap.cluster_id;
        for (place, to) in (0..).zip(&hosts) {
            for number in 0..REQUESTS {
                let member = hosts[random.usize(0..hosts.len())];
                let is_stranger = random.bool() || member == *to;
                let from = if is_stranger { STRANGER } else { member };
                let replayed = self.replayed(random, from, *to);
                let request =
                    replayed.unwrap_or_else(|| forged::request(random, cluster, from, *to));
                let call = CallId(LAST_CALL - place * REQUESTS - number);
                if let Some(node) = self.nodes.get(to).filter(|node| !node.is_paused()) {
                    node.take_request(&self.network, call, from, request);
                }
            }
        }
    }

    /// Whether the node on `to` serves, and knows that `from` is no member: then nothing that it says may count,
    /// however true it looks.
    fn is_no_member_to(&self, from: Host, to: Host) -> bool {
        let status = self
            .nodes
            .get(&to)
            .and_then(|node| node.look(Cluster::status));
        status.is_some_and(|status| {
            let counts = status.members.iter().any(|member| member.node.0 == from);
            status.service.has_quorum && status.service.in_service() && !counts
        })
    }
}
