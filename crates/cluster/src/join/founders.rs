//! Whether this node may take itself for the whole cluster.
//!
//! A node founds a cluster only when every other node of `GATEWAY_JOIN` has answered that it has none:
//! one that lost its disk and reaches nobody would found a second one, which gives out the same
//! addresses (S1). For the same reason a node whose log names it the only voter goes on alone only when
//! each of them has answered that it has no cluster, or this one without another voter, or with others by an older
//! configuration alone: the log may be an old copy of the founder's. Nobody to ask (`--alone`, or no `GATEWAY_JOIN`) means that the operator
//! has decided.

use crate::admission::Admission;
use crate::config::Start;
use crate::elections::Elections;
use crate::identity::Identity;
use crate::raft_view::RaftView;
use crate::serving::{Blockers, Introductions};
use crate::start_error::StartError;
use api::proto::peer::HealthResponse;
use ipam::NodeId;
use raft_store::LogId;
use raft_store::codec::decode_log_id;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long between two rounds of asking.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// What the status calls the wait.
const PART: &str = "start";

/// What a node said when it was asked for a cluster.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// Nothing.
    Nothing,
    /// It is this node, by another name.
    Itself,
    /// It has no cluster.
    Empty,
    /// It has none, and was told to found one as well.
    Founding,
    /// It belongs to this node's cluster, and knows no other voter.
    NoOtherVoter,
    /// It belongs to a cluster: to this one with other voters, or to another.
    Cluster,
}

/// Looks whether this node may take itself for the whole cluster.
pub(crate) struct Founders {
    /// Who this node is.
    pub(crate) identity: Arc<Identity>,
    /// Which voters its log names.
    pub(crate) view: RaftView,
    /// How others are asked.
    pub(crate) introductions: Arc<Introductions>,
    /// Whether it was told to found a cluster, for others that ask.
    pub(crate) admission: Arc<Admission>,
    /// Whether it stands for election.
    pub(crate) elections: Arc<Elections>,
    /// What the status calls the wait.
    pub(crate) blockers: Arc<Blockers>,
}

impl Founders {
    /// Who is to be asked.
    pub(super) fn others(&self, start: &Start) -> Vec<String> {
        let own = &self.identity.peer_address;
        let others = start.others().iter().filter(|address| *address != own);
        others.cloned().collect()
    }

    /// Returns when every other node has said that it has no cluster.
    pub(super) async fn wait_until_all_are_empty(
        &self,
        others: &[String],
    ) -> Result<(), StartError> {
        let _waiting = Waiting(self);
        self.admission.set_founding(true);
        loop {
            let said = self.ask_all(others).await;
            if let Some((address, _)) = said.iter().find(|(_, said)| is_cluster(said)) {
                return Err(StartError::ClusterExists((*address).clone()));
            }
            let Some(reason) = waits_to_found(&said) else {
                return Ok(());
            };
            self.tell(reason);
            sleep(ASK_AGAIN).await;
        }
    }

    /// Enables elections when every other node has said that there is no voter beside this one. Returns
    /// then, or when the log has got another voter: the leader fills it.
    pub(super) async fn wait_until_alone(&self, others: &[String]) {
        let _waiting = Waiting(self);
        while !self.view.has_other_voters() {
            let said = self.ask_all(others).await;
            let Some(reason) = waits_to_go_on(&said) else {
                self.elections.enable();
                return;
            };
            self.tell(reason);
            sleep(ASK_AGAIN).await;
        }
    }

    async fn ask_all<'a>(&self, others: &'a [String]) -> Vec<(&'a String, Said)> {
        let answers = self.introductions.ask_all(others).await.into_iter();
        let read = |(address, answer): (&'a String, Option<HealthResponse>)| {
            let said = answer.map_or(Said::Nothing, |answer| self.read(&answer));
            (address, said)
        };
        answers.map(read).collect()
    }

    fn read(&self, answer: &HealthResponse) -> Said {
        let here = Here {
            node: self.identity.node,
            instance: self.identity.instance,
            voters_since: self.view.voters_since(),
        };
        let ours = self.identity.cluster_id();
        said(
            answer,
            &here,
            ours.is_some_and(|ours| answer.cluster_id == ours),
        )
    }

    /// One line in the log for each change.
    fn tell(&self, reason: String) {
        if self.blockers.reason().as_deref() != Some(reason.as_str()) {
            tracing::info!("waiting: {reason}");
            self.blockers.set(PART, Some(reason));
        }
    }
}

/// While it lives this node waits for what others say; the wait may be given up.
struct Waiting<'a>(&'a Founders);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.admission.set_founding(false);
        self.0.blockers.set(PART, None);
    }
}

/// This node, as far as an answer is read by it.
struct Here {
    node: NodeId,
    instance: u64,
    voters_since: Option<LogId>,
}

fn said(answer: &HealthResponse, here: &Here, is_ours: bool) -> Said {
    let node = here.node;
    // Other voters by an earlier configuration than the one of this node's log are voters no more: one that the
    // leader has not filled yet tells of them. Not where the one that tells is at work with them.
    let is_at_work = answer.in_service
        || answer.leads_a_quorum
        || answer.leader_id.is_some_and(|leader| leader != node.0);
    let is_outdated = || {
        let theirs = answer.voters_since.map(decode_log_id);
        !is_at_work && theirs.is_some_and(|theirs| Some(theirs) < here.voters_since)
    };
    let no_other_voter = || answer.voters.iter().all(|voter| *voter == node.0) || is_outdated();
    if answer.instance == here.instance {
        Said::Itself
    } else if answer.cluster_id.is_empty() && answer.founding {
        Said::Founding
    } else if answer.cluster_id.is_empty() && !answer.initialized {
        Said::Empty
    } else if is_ours && answer.node_id != node.0 && no_other_voter() {
        Said::NoOtherVoter
    } else {
        Said::Cluster
    }
}

fn is_cluster(said: &Said) -> bool {
    matches!(said, Said::NoOtherVoter | Said::Cluster)
}

/// What a node that is to found a cluster waits for.
fn waits_to_found(said: &[(&String, Said)]) -> Option<String> {
    if let Some((address, _)) = said.iter().find(|(_, said)| *said == Said::Founding) {
        return Some(format!(
            "{address} was told to found a cluster as well: start only one node with --bootstrap"
        ));
    }
    let (address, _) = said.iter().find(|(_, said)| *said == Said::Nothing)?;
    Some(format!(
        "it founds no cluster before every node of GATEWAY_JOIN has answered that it has none, and \
         {address} does not answer: start gatewayd there (it waits to be added), or say --alone if \
         there is no cluster yet for certain"
    ))
}

/// What a node whose log names it the only voter waits for.
fn waits_to_go_on(said: &[(&String, Said)]) -> Option<String> {
    let is_open = |said: &Said| matches!(said, Said::Nothing | Said::Founding | Said::Cluster);
    let (address, said) = said.iter().find(|(_, said)| is_open(said))?;
    let found = match said {
        Said::Nothing => "does not answer",
        _ => "has a cluster of which this node is not the only voter",
    };
    Some(format!(
        "its log names it the only voter, and {address} {found}: if the data directory is an old copy, \
         wait for the leader, or empty it and add the node again; if this node is all that is left, \
         start it once with --alone"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::proto::storage as wire;
    use raft_store::CommittedLeaderId;

    const HERE: NodeId = NodeId(1);

    fn answer(cluster: &[u8], voters: &[u64]) -> HealthResponse {
        HealthResponse {
            node_id: 2,
            cluster_id: cluster.to_vec(),
            initialized: !voters.is_empty(),
            voters: voters.to_vec(),
            instance: 9,
            ..HealthResponse::default()
        }
    }

    #[test]
    fn an_answer_is_taken_for_what_it_is() {
        let here = Here {
            node: HERE,
            instance: 5,
            voters_since: Some(LogId::new(CommittedLeaderId::new(3), 50)),
        };
        let ask = |answer: HealthResponse, is_ours| said(&answer, &here, is_ours);
        assert_eq!(ask(answer(&[], &[]), false), Said::Empty);
        assert_eq!(ask(answer(&[7; 16], &[1]), true), Said::NoOtherVoter);
        assert_eq!(ask(answer(&[7; 16], &[1, 2]), true), Said::Cluster);
        assert_eq!(ask(answer(&[8; 16], &[1]), false), Said::Cluster);
        let since = |term, index| {
            let mut answer = answer(&[7; 16], &[1, 2]);
            answer.voters_since = Some(wire::LogId { term, index });
            answer
        };
        assert_eq!(ask(since(2, 80), true), Said::NoOtherVoter, "outdated");
        let mut at_work = since(2, 80);
        at_work.leader_id = Some(3);
        assert_eq!(ask(at_work, true), Said::Cluster, "they go on with it");
        assert_eq!(ask(since(3, 50), true), Said::Cluster);
        assert_eq!(ask(since(4, 20), true), Said::Cluster, "this log is older");
        let half_joined = answer(&[], &[1]);
        assert_eq!(ask(half_joined, false), Said::Cluster);
        let mut copy = answer(&[7; 16], &[1]);
        copy.node_id = HERE.0;
        assert_eq!(
            ask(copy.clone(), true),
            Said::Cluster,
            "a copy beside this one"
        );
        copy.instance = 5;
        assert_eq!(ask(copy, true), Said::Itself);
    }

    #[test]
    fn a_cluster_is_founded_when_all_are_empty() {
        let (one, other) = ("a:1".to_owned(), "b:1".to_owned());
        let waits = |first, second| waits_to_found(&[(&one, first), (&other, second)]);
        assert_eq!(waits(Said::Empty, Said::Itself), None);
        let silent = waits(Said::Empty, Said::Nothing).unwrap_or_default();
        assert!(silent.contains("b:1 does not answer"), "{silent}");
        let two = waits(Said::Founding, Said::Nothing).unwrap_or_default();
        assert!(two.contains("a:1 was told to found"), "{two}");
        assert_eq!(waits_to_found(&[]), None, "--alone");
    }

    #[test]
    fn the_only_voter_goes_on_when_nobody_knows_another() {
        let (one, other) = ("a:1".to_owned(), "b:1".to_owned());
        let waits = |first, second| waits_to_go_on(&[(&one, first), (&other, second)]);
        assert_eq!(waits(Said::Empty, Said::NoOtherVoter), None);
        assert!(waits(Said::Empty, Said::Nothing).is_some());
        let old = waits(Said::Empty, Said::Cluster).unwrap_or_default();
        assert!(old.contains("not the only voter"), "{old}");
    }
}
