//! A member's peer address changes: it announces itself, and the leader takes it over.
//!
//! * **What flows in and out.** In: the address in this node's configuration, and what members say of
//!   theirs (a `Join` of a member that has its data). Out: the node's record in the membership
//!   (`SetNodes`).
//! * **Safety.** openraft warns of `SetNodes`: were the address another node's, two majorities could
//!   form. A node refuses requests that are not for it (`Route`), so a wrong address is a node out of
//!   reach and never a second vote. Beyond that the address must be proven: whoever answers there
//!   shows this node's certificate (with TLS), its id, its cluster and that it has data. And nobody
//!   may answer as this node where it was, because a copy of its directory shows all of that, too. One
//!   change at a time, by the leader, under the lock of all changes of members (ADR 0021).
//! * **Elections.** A node whose new address nobody believes yet does not stand: it may run from a copy,
//!   and two daemons would vote in one name.
//! * **Cancel safety.** Whoever asked may go away; the change comes about or not, and is asked for
//!   again.

use super::changes::Changes;
use super::error::MembershipError;
use super::peer_address;
use super::rules::require_free;
use crate::elections::Elections;
use crate::identity::Identity;
use crate::notes::Notes;
use crate::raft_view::RaftView;
use crate::serving::{Blockers, Introductions};
use crate::timing::SharedLimits;
use crate::transport::{self, Peers};
use api::proto::peer::{HealthResponse, JoinRequest, join_response};
use futures::future::join_all;
use ipam::NodeId;
use openraft::ChangeMembers;
use raft_store::{PeerNode, StateReader};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a member may take to look at an announcement: it asks at both addresses, and the leader
/// then has the change committed.
const ANNOUNCE: Duration = Duration::from_secs(10);
/// How long a node that waits to be filled again waits before it says where it is.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a node waits between two rounds of announcing itself.
const RETRY: Duration = Duration::from_secs(1);

/// Which part of the node says that it is not found yet ([`crate::serving::Blockers`]).
const PART: &str = "peer address";

/// What a peer that was reached makes of where this node says that it is.
enum Told {
    /// The leader has it in the membership.
    WrittenDown,
    /// It has nothing against it, and is not the leader.
    NotRefused,
    /// It does not believe it.
    Refused(String),
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrittenDown => f.write_str("it writes it down"),
            Self::NotRefused => f.write_str("it knows, and is not the leader"),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}

/// Announces where this node is, and looks at what others announce.
pub(crate) struct Relocation {
    /// Who and where this node is.
    pub(crate) identity: Arc<Identity>,
    /// Where the membership has everybody.
    pub(crate) view: RaftView,
    /// How members change.
    pub(crate) changes: Arc<Changes>,
    /// The way to others.
    pub(crate) peers: Peers,
    /// How long they may take to say who they are.
    pub(crate) limits: SharedLimits,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// Whether this node's disk went back.
    pub(crate) notes: Arc<Notes>,
    /// A node that nobody believes does not stand.
    pub(crate) elections: Arc<Elections>,
    /// A node that is not found does not serve.
    pub(crate) blockers: Arc<Blockers>,
    /// Whom it was told to ask.
    pub(crate) introductions: Arc<Introductions>,
}

/// A node whose disk went back says where it is, also if it knows of no move: another daemon, from a copy of its
/// directory, may have had its place, and then its own log is older than that.
pub(crate) async fn run(relocation: Arc<Relocation>) {
    loop {
        sleep(AGAIN).await;
        let others = relocation.introductions.others();
        if let Some(others) = others.filter(|_| relocation.notes.gate.is_behind()) {
            let told = relocation.tell_everybody(others).await;
            let told = told.unwrap_or_else(|| "the leader has it".to_owned());
            tracing::debug!(told, "said where this node is");
        }
    }
}

impl Relocation {
    /// Announces this node's address to the members, and to whoever is at `others`, until the
    /// committed membership has it. Returns at once if it does, or if this node is no member.
    ///
    /// Its own log is not enough: it may have led, written the address down and lost the leadership. Then the
    /// others do not find it, and no leader of theirs replaces what it wrote.
    pub(crate) async fn announce(&self, others: &[String]) {
        let here = &self.identity.peer_address;
        while let Some(recorded) = self.view.recorded_address(self.identity.node) {
            if recorded == *here && self.is_committed_here() {
                break;
            }
            if recorded == *here {
                self.elections.refresh();
                self.blockers.set(PART, None);
                if self.view.leading_term().is_none() {
                    let told = self.tell_everybody(others).await;
                    tracing::debug!(told, "its own log has its address, and the cluster may not");
                }
                self.view.wait_for_leader_change(RETRY).await;
                continue;
            }
            let told = self.tell_everybody(others).await;
            self.elections.refresh();
            let reason = format!(
                "its peer address is {here} now, and the cluster has it at {recorded}: it tells its \
                 peers ({})",
                told.unwrap_or_else(|| "the leader writes it down".to_owned())
            );
            tracing::warn!("{reason}");
            self.blockers.set(PART, Some(reason));
            self.view.wait_for_leader_change(RETRY).await;
        }
        self.elections.refresh();
        self.blockers.set(PART, None);
    }

    /// Whether the membership that is committed, as far as it is applied here, has this node where it is.
    fn is_committed_here(&self) -> bool {
        self.reader.with(|applied| {
            let node = applied
                .membership
                .membership()
                .get_node(&self.identity.node.0);
            node.is_none_or(|node| node.address == self.identity.peer_address)
        })
    }

    /// Tells all of them at once. `None` when one of them has taken it over, else why not.
    async fn tell_everybody(&self, others: &[String]) -> Option<String> {
        if self.view.leading_term().is_some() {
            let (node, here) = (self.identity.node, self.identity.peer_address.clone());
            let changed = self.set_address(node, &here).await;
            return changed.err().map(|error| error.to_string());
        }
        let mut places: BTreeSet<String> = others.iter().cloned().collect();
        places.extend(self.view.other_members().into_values());
        places.remove(&self.identity.peer_address);
        let told = join_all(places.iter().map(|place| self.tell(place))).await;
        let mut reasons = Vec::new();
        let (mut believed, mut refused) = (false, false);
        for (place, told) in places.iter().zip(told) {
            match &told {
                Ok(Told::WrittenDown) => return None,
                Ok(Told::NotRefused) => believed = true,
                Ok(Told::Refused(_)) => refused = true,
                Err(_) => {}
            }
            let reason = told.map_or_else(|reason| reason, |told| told.to_string());
            reasons.push(format!("{place}: {reason}"));
        }
        // One that refuses may lie: who is where this node was, it sees for itself (S12).
        let taken_over = believed && !(refused && self.is_doubled().await);
        self.elections.set_taken_over(taken_over);
        if reasons.is_empty() {
            reasons.push("it knows of nobody: name the others in GATEWAY_JOIN".to_owned());
        }
        Some(reasons.join("; "))
    }

    async fn tell(&self, place: &str) -> Result<Told, String> {
        let client = self.peers.connect_to(place);
        let mut client = client.map_err(|error| error.to_string())?;
        let request = JoinRequest {
            node_id: self.identity.node.0,
            peer_address: self.identity.peer_address.clone(),
            has_data: true,
            nonce: Vec::new(),
            route: Some(self.identity.route_to_anybody()),
        };
        let answer = timeout(ANNOUNCE, client.join(request)).await;
        let answer = answer.map_err(|_| "no answer".to_owned())?;
        let answer = answer.map_err(|status| transport::explain(&status))?;
        match answer.into_inner().result {
            Some(join_response::Result::Joined(_)) => Ok(Told::WrittenDown),
            Some(join_response::Result::Rejected(rejected)) => {
                Ok(Told::Refused(transport::bounded(&rejected.reason)))
            }
            Some(join_response::Result::NotLeader(_)) | None => Ok(Told::NotRefused),
        }
    }

    /// Whether this is what a member says that has its data and is elsewhere than the membership has
    /// it.
    pub(super) fn has_moved(&self, node: NodeId, peer_address: &str, has_data: bool) -> bool {
        has_data
            && self
                .view
                .recorded_address(node)
                .is_some_and(|recorded| recorded != peer_address)
    }

    /// What a member says of its address: looks whether it is true, and goes by it from then on. The
    /// leader writes it down.
    pub(super) async fn hear_of_move(
        &self,
        node: NodeId,
        peer_address: &str,
    ) -> Result<(), MembershipError> {
        let Some(recorded) = self.view.recorded_address(node) else {
            return Err(MembershipError::NoLeader);
        };
        peer_address::check(peer_address).map_err(MembershipError::Rejected)?;
        require_free(&self.view.members(), node, peer_address)?;
        self.require_proof(node, &recorded, peer_address).await?;
        self.view.announce(node, &recorded, peer_address);
        tracing::info!(%node, from = %recorded, to = %peer_address, "a member's peer address has changed");
        self.set_address(node, peer_address).await
    }

    /// Writes a member's address down. Only on the leader.
    async fn set_address(&self, node: NodeId, peer_address: &str) -> Result<(), MembershipError> {
        self.changes.require_leadership()?;
        let _turn = self.changes.lock.members().await;
        if self.view.recorded_address(node).as_deref() == Some(peer_address) {
            return Ok(());
        }
        self.changes.confirm_leadership().await?;
        require_free(&self.view.members(), node, peer_address)?;
        if self.view.recorded_address(node).is_none() {
            return Err(MembershipError::Rejected(format!(
                "node {node} is no longer a member"
            )));
        }
        let key = self.view.recorded_key(node);
        let record = PeerNode::new(peer_address).with_key(key);
        let change = ChangeMembers::SetNodes(BTreeMap::from([(node.0, record)]));
        self.changes.change(change, true).await
    }

    /// Whether another daemon answers as this node where the membership has it.
    async fn is_doubled(&self) -> bool {
        let node = self.identity.node;
        let Some(recorded) = self.view.recorded_address(node) else {
            return false;
        };
        let there = self.who_is_at(node, &recorded).await;
        there.is_ok_and(|there| {
            self.is_that_member(node, &there) && there.instance != self.identity.instance
        })
    }

    /// Whether this is what a member of this cluster answers that has its data.
    fn is_that_member(&self, node: NodeId, answer: &HealthResponse) -> bool {
        let ours = self.reader.with(|applied| applied.state.cluster_id());
        answer.node_id == node.0
            && answer.initialized
            && ours.is_some_and(|ours| answer.cluster_id == ours)
    }

    /// Refuses an address at which this member is not. With TLS its certificate tells, by the
    /// connection itself. But a copy of the member has that too, and without TLS anybody can say so:
    /// nobody may answer as the member where it was, nor where it said last that it is.
    async fn require_proof(
        &self,
        node: NodeId,
        recorded: &str,
        claimed: &str,
    ) -> Result<(), MembershipError> {
        let refused = |reason: String| {
            Err(MembershipError::Rejected(format!(
                "node {node} says that its peer address is {claimed}, not {recorded}: {reason}"
            )))
        };
        // That this node does not get there says nothing against it.
        let there = self.who_is_at(node, claimed).await?;
        if there.node_id != node.0 {
            return refused(format!("node {} answers there", there.node_id));
        }
        if !self.is_that_member(node, &there) {
            return refused("who answers there has not got this cluster's data".to_owned());
        }
        let announced = self.view.announced_address(node, recorded.to_owned());
        let before: BTreeSet<&str> = [recorded, &announced].into();
        for place in before.into_iter().filter(|place| *place != claimed) {
            let Ok(old) = self.who_is_at(node, place).await else {
                continue;
            };
            // One process may answer at both, by a name and by a number say; another cluster's node may have its id.
            let is_another = old.instance == 0 || old.instance != there.instance;
            if is_another && self.is_that_member(node, &old) {
                return refused(format!(
                    "it still answers at {place} too, so one of them runs from a copy of its data \
                     directory: stop that one"
                ));
            }
        }
        Ok(())
    }

    async fn who_is_at(
        &self,
        node: NodeId,
        address: &str,
    ) -> Result<HealthResponse, MembershipError> {
        let mut client = self.peers.connect(node, address)?;
        let limit = self.limits.now().introduction;
        let answer = timeout(limit, client.health(self.identity.health_request())).await;
        let answer = answer.map_err(|_| MembershipError::silent(address, limit))?;
        let answer = answer.map_err(|status| MembershipError::unreachable(address, &status))?;
        Ok(answer.into_inner())
    }
}
