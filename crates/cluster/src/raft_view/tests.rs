use super::feed::Receivers;
use super::{RaftView, ViewFeed};
use ipam::NodeId;
use openraft::async_runtime::{WatchReceiver, WatchSender};
use openraft::metrics::{RaftDataMetrics, RaftMetrics, RaftServerMetrics};
use openraft::type_config::TypeConfigExt;
use openraft::type_config::alias::WatchSenderOf;
use openraft::{Membership, ServerState};
use raft_store::{CommittedLeaderId, LogId, PeerNode, StoredMembership, TypeConfig, Vote};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Which node looks.
pub(crate) const HERE: NodeId = NodeId(1);

/// Metrics that a test pushes, and the view of them.
pub(crate) struct Metrics {
    pub(crate) view: RaftView,
    feed: ViewFeed,
    all: WatchSenderOf<TypeConfig, RaftMetrics<TypeConfig>>,
    data: WatchSenderOf<TypeConfig, RaftDataMetrics<TypeConfig>>,
    server: WatchSenderOf<TypeConfig, RaftServerMetrics<TypeConfig>>,
}

impl Metrics {
    /// Those of a Raft that has no log.
    pub(crate) fn empty() -> Self {
        let (feed, view) = RaftView::new(HERE);
        let (all, metrics) = TypeConfig::watch_channel(RaftMetrics::new_initial(HERE.0));
        let (data, of_data) = TypeConfig::watch_channel(RaftDataMetrics::default());
        let (server, of_server) = TypeConfig::watch_channel(server_metrics());
        feed.push(Receivers {
            metrics,
            data: of_data,
            server: of_server,
        });
        Self {
            view,
            feed,
            all,
            data,
            server,
        }
    }

    /// This node leads `term`, of these voters in a log that ends at `index`.
    pub(crate) fn push(&self, term: u64, leader: Option<u64>, sets: &[&[u64]], index: u64) {
        let sets: Vec<BTreeSet<u64>> = sets
            .iter()
            .map(|set| set.iter().copied().collect())
            .collect();
        let nodes = sets.iter().flatten();
        let nodes: BTreeMap<u64, PeerNode> = nodes
            .map(|node| (*node, PeerNode::new(format!("10.0.0.{node}:7066"))))
            .collect();
        let membership = Membership::new(sets, nodes).expect("members");
        let log_id = LogId::new(CommittedLeaderId::new(term), index);
        let mut metrics = RaftMetrics::new_initial(HERE.0);
        metrics.current_term = term;
        metrics.current_leader = leader;
        metrics.vote = Vote::new(term, leader.unwrap_or_default());
        metrics.state = match leader == Some(HERE.0) {
            true => ServerState::Leader,
            false => ServerState::Follower,
        };
        metrics.membership_config = Arc::new(StoredMembership::new(Some(log_id), membership));
        self.all.send(metrics).expect("a view");
        self.server.send(server_metrics()).expect("a view");
    }

    /// What the leader knows of its followers' logs.
    pub(crate) fn push_stored(&self, stored: &[(u64, u64)]) {
        let mut data = RaftDataMetrics::default();
        let log = |index| Some(LogId::new(CommittedLeaderId::new(1), index));
        let stored = stored.iter().map(|(node, index)| (*node, log(*index)));
        data.replication = Some(stored.collect());
        self.data.send(data).expect("a view");
    }
}

fn server_metrics() -> RaftServerMetrics<TypeConfig> {
    let initial = RaftMetrics::<TypeConfig>::new_initial(HERE.0);
    RaftServerMetrics {
        id: initial.id,
        vote: initial.vote,
        state: initial.state,
        current_leader: initial.current_leader,
        membership_config: initial.membership_config,
        committed_membership_config: initial.committed_membership_config,
    }
}

#[test]
fn view_before_raft_runs_names_nobody_and_denies_nobody_a_vote() {
    let (_feed, view) = RaftView::new(HERE);
    assert!(view.members().is_empty() && view.voters().is_empty());
    assert_eq!((view.leader(), view.leading_term()), (None, None));
    assert!(view.may_have_vote(NodeId(2)));
    assert!(view.data_metrics().is_none());
}

#[test]
fn view_follows_what_is_pushed() {
    let metrics = Metrics::empty();
    let view = &metrics.view;
    assert!(!view.may_have_vote(NodeId(2)));
    metrics.push(3, Some(2), &[&[1, 2, 3]], 9);
    let leader = (NodeId(2), "10.0.0.2:7066".to_owned());
    assert_eq!(view.leader(), Some(leader));
    assert_eq!((view.term(), view.leading_term()), (3, None));
    assert!(view.is_voter() && view.has_other_voters() && view.has_member(NodeId(3)));
    assert!(!view.has_voter(NodeId(4)) && !view.never_had_second_voter());
    metrics.push(4, Some(1), &[&[1]], 0);
    assert_eq!(view.leading_term(), Some(4));
    assert!(view.never_had_second_voter() && !view.has_other_voters());
    assert!(view.leads_a_quorum(Duration::ZERO), "it is alone");
    metrics.push(4, Some(1), &[&[1, 2]], 5);
    assert!(
        !view.leads_a_quorum(Duration::from_secs(1)),
        "nobody answered"
    );
}

#[test]
fn view_while_voters_change_tells_old_and_new() {
    let metrics = Metrics::empty();
    metrics.push(3, Some(1), &[&[1, 2], &[1, 3]], 9);
    let view = &metrics.view;
    let nodes = |ids: &[u64]| ids.iter().copied().map(NodeId).collect::<BTreeSet<_>>();
    assert!(view.is_changing_voters());
    assert_eq!(view.voters(), nodes(&[1, 2, 3]));
    assert_eq!(view.voters_to_be(), nodes(&[1, 3]));
}

#[test]
fn view_goes_by_an_announced_address() {
    let metrics = Metrics::empty();
    metrics.push(3, Some(2), &[&[1, 2]], 9);
    let view = &metrics.view;
    view.announce(NodeId(2), "10.0.0.2:7066", "10.0.0.9:7066");
    let address = |of: NodeId| view.members().remove(&of);
    assert_eq!(address(NodeId(2)).as_deref(), Some("10.0.0.9:7066"));
    let recorded = view.recorded_address(NodeId(2));
    assert_eq!(recorded.as_deref(), Some("10.0.0.2:7066"));
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_and_so_is_another_raft() {
    let metrics = Metrics::empty();
    let mut changes = metrics.view.changes();
    metrics.push(3, Some(2), &[&[1, 2]], 9);
    changes.next().await;
    let another = Metrics::empty();
    let receivers = Receivers {
        metrics: another.all.subscribe(),
        data: another.data.subscribe(),
        server: another.server.subscribe(),
    };
    assert!(receivers.metrics.borrow_watched().current_leader.is_none());
    metrics.feed.push(receivers);
    changes.next().await;
    another.push(5, Some(1), &[&[1, 2]], 9);
    changes.next().await;
    assert_eq!(metrics.view.leading_term(), Some(5));
}
