//! Who this node is: its id, where it is, of which cluster, and what proves it.

use api::proto::peer::{HealthRequest, Route};
use ipam::{KeyHash, NodeId};
use openraft::AsyncRuntime;
use raft_store::{ClusterIdFile, NodeRuntime, PeerNode};
use rand::RngExt;
use std::net::Ipv4Addr;

/// Who this node is.
pub(crate) struct Identity {
    /// Its Raft id.
    pub(crate) node: NodeId,
    /// What its peers connect to.
    pub(crate) peer_address: String,
    /// Its own address on the subnet.
    pub(crate) listen_ip: Ipv4Addr,
    /// What it proves itself by.
    pub(crate) key: Option<KeyHash>,
    /// Which cluster it belongs to, on its disk.
    pub(crate) cluster: ClusterIdFile,
    /// Drawn at this start: see `HealthResponse` in peer.proto. The ids of this node's requests count on from it.
    pub(crate) instance: u64,
}

impl Identity {
    /// A node that starts.
    pub(crate) fn new(
        config: &crate::config::ClusterConfig,
        key: Option<KeyHash>,
        cluster: ClusterIdFile,
    ) -> Self {
        Self {
            node: config.node,
            peer_address: config.peer_address.clone(),
            listen_ip: config.listen_ip,
            key,
            cluster,
            instance: NodeRuntime::thread_rng().random(),
        }
    }

    /// The cluster that this node belongs to, once it knows.
    pub(crate) fn cluster_id(&self) -> Option<[u8; 16]> {
        self.cluster.get()
    }

    /// The same as messages have it; empty before it belongs to one.
    pub(crate) fn cluster_bytes(&self) -> Vec<u8> {
        self.cluster_id().map(Vec::from).unwrap_or_default()
    }

    /// Whether `cluster` is another one than this node's. Who has none yet belongs to nobody else.
    pub(crate) fn is_foreign(&self, cluster: &[u8]) -> bool {
        let ours = self.cluster_id();
        !cluster.is_empty() && ours.is_some_and(|ours| cluster != ours)
    }

    /// What a member of this id and address is in the membership.
    pub(crate) fn own_record(&self) -> PeerNode {
        PeerNode::new(self.peer_address.clone()).with_key(self.key)
    }

    /// Who a request is from and for.
    pub(crate) fn route_to(&self, node: NodeId) -> Route {
        Route {
            from: self.node.0,
            to: node.0,
            cluster_id: self.cluster_bytes(),
        }
    }

    /// The same of a request to whoever answers.
    pub(crate) fn route_to_anybody(&self) -> Route {
        Route {
            to: 0,
            ..self.route_to(self.node)
        }
    }

    /// What this node asks a peer, and says of itself meanwhile.
    pub(crate) fn health_request(&self) -> HealthRequest {
        HealthRequest {
            node_id: self.node.0,
            cluster_id: self.cluster_bytes(),
            notes: Vec::new(),
            has_notes: false,
        }
    }
}
