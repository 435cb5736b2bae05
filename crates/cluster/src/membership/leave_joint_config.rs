//! A change of voters that was begun is brought to its end.
//!
//! openraft changes voters in two entries: a joint configuration, in which both the old and the new
//! voters must agree, then the new one alone. A leader that dies in between leaves the joint one
//! behind, and nobody else would write the second entry: from then on a quorum of both is needed, so
//! the loss of a node that was to be removed could stop the cluster. So every leader that finds a
//! joint configuration ends it.

use super::changes::Changes;
use super::error::MembershipError;
use openraft::ChangeMembers;
use raft_store::StateReader;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How soon an end that could not be committed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Ends joint configurations that were left half-way.
pub(crate) struct LeaveJointConfig {
    changes: Arc<Changes>,
    reader: StateReader,
}

/// Ends joint configurations until the node stops.
pub(crate) async fn run(leave: LeaveJointConfig) {
    let mut applied = leave.reader.marks();
    let mut leadership = leave.changes.view.changes();
    loop {
        applied.borrow_and_update();
        let ended = leave.leave_joint_config().await;
        let news = async {
            tokio::select! {
                changed = applied.changed() => changed.is_ok(),
                () = leadership.next() => true,
            }
        };
        let goes_on = match ended {
            Ok(()) => news.await,
            Err(error) => {
                tracing::warn!("a change of members is not complete yet: {error}");
                timeout(RETRY, news).await.unwrap_or(true)
            }
        };
        if !goes_on {
            // Raft has stopped, which others report with its reason.
            return std::future::pending().await;
        }
    }
}

impl LeaveJointConfig {
    /// By the applied state, in the turn of all changes.
    pub(crate) const fn new(changes: Arc<Changes>, reader: StateReader) -> Self {
        Self { changes, reader }
    }

    /// Ends a joint configuration, if this node leads one that is committed, unless whoever began it
    /// is at it.
    async fn leave_joint_config(&self) -> Result<(), MembershipError> {
        if !self.leads_joint() {
            return Ok(());
        }
        let _turn = self.changes.lock.members().await;
        if !self.leads_joint() {
            return Ok(());
        }
        // To add nobody is to go to the voters that the joint configuration leads to. Whoever is
        // not among them leaves: members are added as learners first, and removed for good.
        let nobody = ChangeMembers::AddVoterIds(BTreeSet::new());
        self.changes.change(nobody, false).await?;
        tracing::info!("a change of members that was left half-way is complete");
        Ok(())
    }

    fn leads_joint(&self) -> bool {
        self.changes.view.leading_term().is_some()
            && self.reader.with(|applied| {
                let membership = applied.membership.membership();
                membership.get_joint_config().len() > 1
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use crate::{Cluster, ClusterConfig, Snapshots, Timings};
    use ipam::{NodeId, Profile};
    use openraft::Membership;
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::Ipv4Addr;
    use std::time::Duration;
    use tokio::time::timeout;

    /// No expectation: the test waits for a condition.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn config(directory: &std::path::Path) -> ClusterConfig {
        ClusterConfig {
            node: NodeId(1),
            data_dir: directory.to_owned(),
            peer_listen: (Ipv4Addr::LOCALHOST, 0).into(),
            peer_address: "127.0.0.1:7066".to_owned(),
            listen_ip: Ipv4Addr::new(10, 15, 3, 10),
            tls: None,
            timings: Timings::default(),
            profile: Profile::Lan,
            snapshots: Snapshots::default(),
            alone: false,
        }
    }

    #[tokio::test]
    async fn a_leader_ends_the_joint_configuration_that_it_finds() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory.path().join("data"));
        let node = raft_store::PeerNode::new(config.peer_address.clone());
        let members = BTreeMap::from([(1, node)]);
        let cluster = Cluster::start(config).await.unwrap();
        let parts = &cluster.parts;
        parts.join.elections.enable();
        parts.raft.now().initialize(members.clone()).await.unwrap();
        let mut applied = parts.reader.marks();
        while parts.view.leading_term().is_none() {
            applied.changed().await.unwrap();
        }
        let voters = BTreeSet::from([1]);
        let joint = Membership::new(vec![voters.clone(), voters.clone()], members).unwrap();
        let begun = parts
            .raft
            .now()
            .append_membership(joint, openraft::EntryPayload::Blank, [])
            .await
            .unwrap();
        let ended = |index| {
            parts.reader.with(|applied| {
                let membership = &applied.membership;
                let is_later = membership.log_id().is_some_and(|id| id.index > index);
                is_later && *membership.membership().get_joint_config() == [voters.clone()]
            })
        };
        let waiting = async {
            while !ended(begun.log_id.index) {
                applied.changed().await.unwrap();
            }
        };
        timeout(PATIENCE, waiting)
            .await
            .expect("nobody ends the joint configuration");
        cluster.shutdown().await;
    }
}
