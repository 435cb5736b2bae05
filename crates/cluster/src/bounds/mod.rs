//! What a Raft request may say, before openraft and the disk see it (S12).
//!
//! openraft trusts its peers: it stores whatever term it is told, adds 1 to it, and panics on an
//! overflow, at every start from then on. So numbers are bounded here.
//!
//! * **What flows in and out.** In: what this node knows of itself ([`Own`]), who sent the request,
//!   and the request. Out: nothing, or what is wrong with it ([`Violation`]). Pure.
//! * **A term** is at most 2^62, and at most 2^20 above the own one. A larger one is approached, not
//!   ignored ([`Violation::asks_for_a_higher_term`]): else a liar could raise one of two honest nodes
//!   so far that they never agree again. At 1,000 steps a second, 2^62 is 139 years away.
//! * **A vote** in a request is its sender's own: nobody speaks in another's name.
//! * **Positions** never contradict what is committed here, and entries follow one another. A leader does
//!   not replace what it wrote itself.
//! * **The cluster clock and the log's length** are within what an honest cluster can have counted by now
//!   ([`Reach`]).

mod reach;
pub(crate) mod voter_change;

#[cfg(test)]
pub(crate) use reach::{AHEAD, RATE};
pub(crate) use reach::{Reach, Start};

use ipam::budget::{MAX_NODES, MAX_PEER_ADDRESS_BYTES};
use ipam::{ClusterTime, Stamp};
use openraft::EntryPayload;
use openraft::raft::{AppendEntriesRequest, TransferLeaderRequest, VoteRequest};
use raft_store::{LogId, Membership, SnapshotMeta, TypeConfig, Vote};

/// The largest term that is ever taken (ADR 0015).
pub(crate) const MAX_TERM: u64 = 1 << 62;
/// The largest index of a log entry. At a million entries a second it is 146,000 years away.
pub(crate) const MAX_INDEX: u64 = 1 << 62;
/// How far a term may be above the own one. An election raises it by 1.
pub(crate) const TERM_STEP: u64 = 1 << 20;
/// Old and new voters, while they change.
const MAX_VOTER_SETS: usize = 2;

/// What this node knows of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    /// Its newest vote; the term is its own.
    pub(crate) vote: Vote,
    /// The last entry that it knows committed.
    pub(crate) committed: Option<LogId>,
    /// How far the clock and the log of its cluster may be.
    pub(crate) reach: Reach,
}

impl Own {
    /// Whether the log has this position, or is past it.
    pub(crate) fn has(&self, log: Log<'_>, position: LogId) -> bool {
        let is_past = |committed: LogId| position.index <= committed.index;
        self.committed.is_some_and(is_past) || log(position.index) == Some(position)
    }
}

/// What this node's log has at an index; nothing where it does not know any more.
pub(crate) type Log<'a> = &'a dyn Fn(u64) -> Option<LogId>;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    /// Nobody gets there by elections.
    #[error("term {0} is larger than {MAX_TERM}, the largest there is")]
    TermTooLarge(u64),
    /// It may be honest: another was raised by a liar.
    #[error(
        "term {term} is more than {TERM_STEP} above this node's, which is {own}: it is approached in steps"
    )]
    TermTooFar {
        /// The request's.
        term: u64,
        /// This node's.
        own: u64,
    },
    /// Someone speaks in another's name.
    #[error("it names node {named} as the one that leads or stands, but node {sender} sent it")]
    NotTheSender {
        /// Whom it names.
        named: u64,
        /// Who sent it.
        sender: u64,
    },
    /// A leader's vote is committed, a candidate's is not.
    #[error("its vote is not of the kind that this request takes")]
    WrongKindOfVote,
    /// A term has one leader.
    #[error("node {0} is the leader of that term")]
    AnotherLeads(u64),
    /// Positions that no honest log has.
    #[error("its log positions cannot be: {0}")]
    Position(&'static str),
    /// Too far for a clock that never runs faster than real time.
    #[error(
        "it sets the cluster clock to {stamp}, and by now the clock of an honest cluster is before {latest}"
    )]
    Clock {
        /// Where to.
        stamp: ClusterTime,
        /// What is taken now.
        latest: ClusterTime,
    },
    /// Too far for a log that gets an entry at a time.
    #[error(
        "it is about entry {index}, and by now the log of an honest cluster is before {furthest}"
    )]
    TooLong {
        /// Which.
        index: u64,
        /// What is taken now.
        furthest: u64,
    },
    /// Members that no honest cluster has.
    #[error("its members cannot be: {0}")]
    Members(&'static str),
    /// More than a cluster can have.
    #[error("its members cannot be: more than {MAX_NODES} nodes")]
    TooManyMembers,
    /// No address that a node can have.
    #[error(
        "its members cannot be: an address is empty, or longer than {MAX_PEER_ADDRESS_BYTES} bytes"
    )]
    Address,
}

impl Violation {
    /// Under which name it is counted.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::TermTooLarge(_) | Self::TermTooFar { .. } => "term",
            Self::NotTheSender { .. } => "not_the_sender",
            Self::WrongKindOfVote => "kind_of_vote",
            Self::AnotherLeads(_) => "another_leads",
            Self::Position(_) | Self::TooLong { .. } => "log_position",
            Self::Clock { .. } => "clock",
            Self::Members(_) | Self::TooManyMembers | Self::Address => "members",
        }
    }

    /// The term to go to, if the sender may be honest and only too far ahead.
    pub(crate) fn asks_for_a_higher_term(self) -> Option<u64> {
        match self {
            Self::TermTooFar { own, .. } => Some(own.saturating_add(TERM_STEP).min(MAX_TERM)),
            _ => None,
        }
    }
}

/// A candidate's request, for a vote or for a forecast of one.
pub(crate) fn check_vote(
    own: &Own,
    sender: u64,
    request: &VoteRequest<TypeConfig>,
) -> Result<(), Violation> {
    check_sender(own, sender, &request.vote, false)?;
    check_position(&request.vote, request.last_log_id)
}

/// A leader's entries, or its heartbeat.
pub(crate) fn check_append(
    own: &Own,
    log: Log<'_>,
    sender: u64,
    request: &AppendEntriesRequest<TypeConfig>,
) -> Result<(), Violation> {
    let vote = &request.vote;
    check_sender(own, sender, vote, true)?;
    check_position(vote, request.prev_log_id)?;
    check_position(vote, request.leader_commit)?;
    check_not_against_committed(own, request.prev_log_id)?;
    check_own_writing(own, log, vote, request.prev_log_id)?;
    let mut previous = request.prev_log_id;
    for entry in &request.entries {
        let expected = previous.map_or(0, |previous| previous.index + 1);
        check_position(vote, Some(entry.log_id))?;
        check_not_against_committed(own, Some(entry.log_id))?;
        check_own_writing(own, log, vote, Some(entry.log_id))?;
        check_length(own, entry.log_id)?;
        if entry.log_id.index != expected {
            return Err(Violation::Position(
                "an entry does not follow the one before",
            ));
        }
        if previous.is_some_and(|previous| previous.leader_id.term > entry.log_id.leader_id.term) {
            return Err(Violation::Position(
                "terms go back from one entry to the next",
            ));
        }
        match &entry.payload {
            EntryPayload::Membership(members) => check_members(members)?,
            EntryPayload::Normal(batch) => check_stamp(own, batch.stamp)?,
            EntryPayload::Blank => {}
        }
        previous = Some(entry.log_id);
    }
    Ok(())
}

/// What a follower may take for committed: no more than it shares with the leader after this request
/// (Raft, figure 2), and nothing if the two logs differ, before it or at what is called committed. openraft
/// takes the leader's word for entries that it has not compared, and then applies what is there in their
/// place; it compares terms first, so an old term with a huge index passes for little.
pub(crate) fn clamp_commit(
    own: &Own,
    log: Log<'_>,
    request: &mut AppendEntriesRequest<TypeConfig>,
) {
    request.leader_commit = shared_commit(own, log, request);
}

fn shared_commit(
    own: &Own,
    log: Log<'_>,
    request: &AppendEntriesRequest<TypeConfig>,
) -> Option<LogId> {
    let (previous, entries) = (request.prev_log_id, &request.entries);
    if !previous.is_none_or(|previous| own.has(log, previous)) {
        return None;
    }
    // openraft remembers what is called committed beyond what is shared, and applies what is there later.
    let shared = entries.last().map(|entry| entry.log_id).or(previous)?;
    let commit = request.leader_commit?;
    let commit = match shared.index <= commit.index {
        true => shared,
        false => commit,
    };
    if Some(commit.index) <= own.committed.map(|committed| committed.index) {
        return own.committed;
    }
    let is_in_request = entries
        .first()
        .is_some_and(|first| first.log_id.index <= commit.index);
    let is_shared = match is_in_request {
        true => entries.iter().any(|entry| entry.log_id == commit),
        false => own.has(log, commit),
    };
    is_shared.then_some(commit)
}

/// What a snapshot says that it covers. What it holds is checked when it is read.
pub(crate) fn check_snapshot(
    own: &Own,
    sender: u64,
    vote: &Vote,
    meta: &SnapshotMeta,
) -> Result<(), Violation> {
    check_sender(own, sender, vote, true)?;
    check_position(vote, meta.last_log_id)?;
    check_not_against_committed(own, meta.last_log_id)?;
    let members_since = *meta.last_membership.log_id();
    check_position(vote, members_since)?;
    let index = |position: Option<LogId>| position.map(|position| position.index);
    // openraft orders by term first, and looks for the members from that index on.
    if members_since > meta.last_log_id || index(members_since) > index(meta.last_log_id) {
        return Err(Violation::Position("its members are newer than itself"));
    }
    let Some(last) = meta.last_log_id else {
        return Err(Violation::Position("a snapshot of nothing"));
    };
    check_length(own, last)?;
    check_members(meta.last_membership.membership())
}

/// A leader's wish to be succeeded: from the leader that this node knows, in its term.
pub(crate) fn check_transfer(
    own: &Own,
    sender: u64,
    request: &TransferLeaderRequest<TypeConfig>,
) -> Result<(), Violation> {
    let vote = request.from_leader();
    check_sender(own, sender, vote, true)?;
    check_position(vote, request.last_log_id().copied())?;
    if *vote != own.vote {
        return Err(Violation::AnotherLeads(own.vote.leader_id.voted_for));
    }
    Ok(())
}

fn check_sender(own: &Own, sender: u64, vote: &Vote, leads: bool) -> Result<(), Violation> {
    let (term, named) = (vote.leader_id.term, vote.leader_id.voted_for);
    if named != sender {
        return Err(Violation::NotTheSender { named, sender });
    }
    if vote.committed != leads {
        return Err(Violation::WrongKindOfVote);
    }
    if term > MAX_TERM {
        return Err(Violation::TermTooLarge(term));
    }
    let own_term = own.vote.leader_id.term;
    if term > own_term.saturating_add(TERM_STEP) {
        return Err(Violation::TermTooFar {
            term,
            own: own_term,
        });
    }
    // openraft would refuse the vote, and take over what comes with it as committed.
    if leads && own.vote.committed && term == own_term && own.vote.leader_id.voted_for != named {
        return Err(Violation::AnotherLeads(own.vote.leader_id.voted_for));
    }
    Ok(())
}

/// A position of a log that the bearer of `vote` may have.
fn check_position(vote: &Vote, position: Option<LogId>) -> Result<(), Violation> {
    let Some(position) = position else {
        return Ok(());
    };
    if position.index > MAX_INDEX {
        return Err(Violation::Position("an index is larger than 2^62"));
    }
    if position.leader_id.term > vote.leader_id.term {
        return Err(Violation::Position(
            "an entry's term is larger than the vote's",
        ));
    }
    Ok(())
}

/// What is committed stays, and terms do not go back behind it. An honest leader has all of it, and
/// openraft asserts that it does.
fn check_not_against_committed(own: &Own, position: Option<LogId>) -> Result<(), Violation> {
    let (Some(committed), Some(position)) = (own.committed, position) else {
        return Ok(());
    };
    if position.index <= committed.index && position > committed {
        return Err(Violation::Position("it contradicts what is committed here"));
    }
    if position.index > committed.index && position < committed {
        return Err(Violation::Position(
            "its term is older than what is committed here before it",
        ));
    }
    Ok(())
}

/// A leader only ever adds to its log, so nothing that it wrote in its term goes again in that term.
/// openraft would go on counting what it had before, and apply entries that are gone.
fn check_own_writing(
    own: &Own,
    log: Log<'_>,
    vote: &Vote,
    position: Option<LogId>,
) -> Result<(), Violation> {
    let index = |position: LogId| position.index;
    let Some(position) = position.filter(|at| Some(at.index) > own.committed.map(index)) else {
        return Ok(());
    };
    match log(position.index) {
        Some(here) if here != position && here.leader_id.term == vote.leader_id.term => Err(
            Violation::Position("it replaces what the same leader wrote in the same term"),
        ),
        _ => Ok(()),
    }
}

fn check_length(own: &Own, LogId { index, .. }: LogId) -> Result<(), Violation> {
    let furthest = own.reach.index;
    match index > furthest {
        true => Err(Violation::TooLong { index, furthest }),
        false => Ok(()),
    }
}

fn check_stamp(own: &Own, stamp: Option<Stamp>) -> Result<(), Violation> {
    let latest = own.reach.clock;
    match stamp {
        Some(Stamp { time: stamp, .. }) if stamp > latest => {
            Err(Violation::Clock { stamp, latest })
        }
        _ => Ok(()),
    }
}

/// Members that a cluster can have.
pub(crate) fn check_members(members: &Membership) -> Result<(), Violation> {
    let sets = members.get_joint_config();
    if sets.is_empty() || sets.iter().any(|voters| voters.is_empty()) {
        return Err(Violation::Members("a set of voters is empty"));
    }
    if sets.len() > MAX_VOTER_SETS {
        return Err(Violation::Members("more than two sets of voters"));
    }
    if members.nodes().count() > MAX_NODES {
        return Err(Violation::TooManyMembers);
    }
    for (id, node) in members.nodes() {
        if *id == 0 {
            return Err(Violation::Members("node id 0"));
        }
        if node.address.is_empty() || node.address.len() > MAX_PEER_ADDRESS_BYTES {
            return Err(Violation::Address);
        }
    }
    let known = |voter: &u64| members.get_node(voter).is_some();
    if !members.voter_ids().all(|voter| known(&voter)) {
        return Err(Violation::Members("a voter without a node record"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
