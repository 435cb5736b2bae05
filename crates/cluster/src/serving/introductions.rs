//! Asking whoever is at an address which node of which cluster it is. A node of another cluster is noted.

use super::strangers::Strangers;
use crate::identity::Identity;
use crate::timing::SharedLimits;
use crate::transport::Peers;
use api::proto::peer::HealthResponse;
use futures::future::join_all;
use ipam::NodeId;
use std::sync::{Arc, OnceLock};
use tokio::time::timeout;

/// Who is asked, and how.
pub(crate) struct Introductions {
    identity: Arc<Identity>,
    peers: Peers,
    limits: SharedLimits,
    strangers: Arc<Strangers>,
    /// Those of whom one is asked for a cluster (`GATEWAY_JOIN`), this node left out.
    others: OnceLock<Vec<String>>,
}

impl Introductions {
    /// Nobody is to be asked yet.
    pub(crate) const fn new(
        identity: Arc<Identity>,
        peers: Peers,
        limits: SharedLimits,
        strangers: Arc<Strangers>,
    ) -> Self {
        Self {
            identity,
            peers,
            limits,
            strangers,
            others: OnceLock::new(),
        }
    }

    /// These are to be asked. A second call in one life changes nothing.
    pub(crate) fn set_others(&self, others: Vec<String>) {
        drop(self.others.set(others));
    }

    /// Who is to be asked, once that is known.
    pub(crate) fn others(&self) -> Option<&[String]> {
        self.others.get().map(Vec::as_slice)
    }

    /// What each of them answers; `None` of one that does not.
    pub(crate) async fn ask_all<'a>(
        &self,
        others: &'a [String],
    ) -> Vec<(&'a String, Option<HealthResponse>)> {
        let asking = others.iter().map(|address| async move {
            let said = self.ask(address).await;
            (address, said)
        });
        join_all(asking).await
    }

    async fn ask(&self, address: &str) -> Option<HealthResponse> {
        let mut client = self.peers.connect_to(address).ok()?;
        let limit = self.limits.now().introduction;
        let answer = timeout(limit, client.health(self.identity.health_request())).await;
        // One that does not answer, or not as a node does, has not introduced itself.
        let answer = answer.ok()?.ok()?.into_inner();
        if self.identity.is_foreign(&answer.cluster_id) {
            let node = NodeId(answer.node_id);
            self.strangers
                .heard(node, &answer.cluster_id, Some(address));
        }
        Some(answer)
    }
}
