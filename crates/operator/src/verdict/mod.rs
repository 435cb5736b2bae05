//! The verdict on this node and its cluster: one line, and what it follows from (S11).
//!
//! Pure: what was observed goes in, typed blockers come out. The exit status of `gatewayctl status`
//! follows from [`Level`].

mod blocker;
#[cfg(test)]
mod tests;

pub use blocker::{Blocker, Lack};

use ipam::NodeId;
use std::time::Duration;

/// What a member is seen to do.
#[derive(Clone, Debug)]
pub struct MemberObserved {
    /// The member.
    pub node: NodeId,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Whether it votes.
    pub voter: bool,
    /// For how long it has not answered; `None` while it does.
    pub unreachable: Option<Duration>,
    /// Whether it answers clients.
    pub in_service: bool,
}

/// What the verdict is made from.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// This node.
    pub node: NodeId,
    /// Why this node does not serve; `None` while it does.
    pub not_serving: Option<String>,
    /// Whether a quorum is in reach.
    pub has_quorum: bool,
    /// Whether this node was removed: its peers tell it nothing of themselves any more.
    pub is_removed: bool,
    /// Every member, this node included.
    pub members: Vec<MemberObserved>,
    /// Pools without a free address.
    pub full_pools: Vec<String>,
    /// What is wrong with NAT.
    pub nat_problems: Vec<String>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is amiss.
    Healthy,
    /// This node serves, and something is amiss.
    Degraded,
    /// This node does not answer clients.
    NotServing,
}

/// What it all comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How bad it is.
    pub level: Level,
    /// For people, one line.
    pub summary: String,
    /// Everything that is amiss, the worst first.
    pub blockers: Vec<Blocker>,
}

impl Observed {
    /// Whether it is out of the cluster: a node that serves was not removed, whatever it was told before.
    const fn is_out(&self) -> bool {
        self.is_removed && self.not_serving.is_some()
    }
}

impl Verdict {
    /// Of what was observed.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let blockers = blockers(observed);
        let level = match blockers.first() {
            None => Level::Healthy,
            Some(Blocker::NotServing { .. }) => Level::NotServing,
            Some(_) => Level::Degraded,
        };
        //~ mutant st5_blockers_leave_the_level: let level = Level::Healthy;
        Self {
            level,
            summary: summary(level, observed, &blockers),
            blockers,
        }
    }
}

fn blockers(observed: &Observed) -> Vec<Blocker> {
    let this = observed
        .not_serving
        .iter()
        .map(|reason| Blocker::NotServing {
            reason: reason.clone(),
            lack: lack(observed),
        });
    let others = observed.members.iter();
    let others = others.filter(|member| member.node != observed.node && !observed.is_out());
    let members = others.filter_map(|member| of_member(member, observed.has_quorum));
    let pools = observed.full_pools.iter().cloned().map(Blocker::PoolFull);
    let nat = observed.nat_problems.iter().cloned().map(Blocker::Nat);
    let mut blockers: Vec<_> = this.chain(members).chain(pools).chain(nat).collect();
    blockers.sort();
    blockers
}

/// A node without a quorum that reaches a majority of the voters (it starts, or was removed) waits for
/// none of them to be started.
fn lack(observed: &Observed) -> Lack {
    if observed.has_quorum || observed.is_out() {
        return Lack::Nothing;
    }
    if observed.members.is_empty() {
        return Lack::Cluster;
    }
    let (up, all) = voters_up(&observed.members);
    if up > all / 2 {
        Lack::Nothing
    } else {
        Lack::Voters
    }
}

/// How many voters answer, and how many there are.
fn voters_up(members: &[MemberObserved]) -> (usize, usize) {
    let voters = members.iter().filter(|member| member.voter);
    voters.fold((0, 0), |(up, all), voter| {
        (up + usize::from(voter.unreachable.is_none()), all + 1)
    })
}

fn of_member(member: &MemberObserved, removable: bool) -> Option<Blocker> {
    let node = member.node;
    if let Some(since) = member.unreachable {
        let peer_address = member.peer_address.clone();
        return Some(Blocker::MemberUnreachable {
            node,
            peer_address,
            since,
            removable,
        });
    }
    if !member.voter {
        return Some(Blocker::MemberNotVoting(node));
    }
    (!member.in_service).then_some(Blocker::MemberNotServing(node))
}

fn summary(level: Level, observed: &Observed, blockers: &[Blocker]) -> String {
    let word = match level {
        Level::Healthy => "HEALTHY",
        Level::Degraded => "DEGRADED",
        Level::NotServing => "NOT SERVING",
    };
    let serving = observed.members.iter().filter(|m| m.in_service).count();
    let nodes = format!("{serving} of {} nodes", observed.members.len());
    let mut sentences: Vec<String> = blockers.iter().map(Blocker::brief).collect();
    let first = if level == Level::NotServing {
        let reason = sentences.remove(0);
        if !observed.members.is_empty() && !observed.is_out() {
            sentences.push(format!("{nodes} in service"));
        }
        reason
    } else {
        format!("{nodes}; {}", tolerance(&observed.members, serving))
    };
    sentences.insert(0, first);
    format!("{word}: {}", sentences.join(". "))
}

/// How many more members may fail before there is no service.
fn tolerance(members: &[MemberObserved], serving: usize) -> String {
    let (up, all) = voters_up(members);
    let quorum = all / 2 + 1;
    let survived = up.saturating_sub(quorum).min(serving.saturating_sub(1));
    let more = if up == all { "" } else { " more" };
    match survived {
        0 => format!("one{more} failure stops service"),
        1 => format!("one{more} failure is survived"),
        n => format!("{n}{more} failures are survived"),
    }
}
