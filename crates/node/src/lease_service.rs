//! dhcpd's port, plugged into the cluster: house rule 7.

use async_trait::async_trait;
use cluster::Cluster;
use dhcpd::port::ClientView;
use dhcpd::{LeaseService, LeaseView, ProposeError, ServiceView};
use ipam::{
    ClientIdentity, ClusterTime, LeaseCommand, NodeId, Outcome, RequestId, SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The cluster as dhcpd sees it.
pub struct ClusterLeases {
    cluster: Cluster,
}

impl ClusterLeases {
    /// A view of `cluster`.
    pub const fn new(cluster: Cluster) -> Self {
        Self { cluster }
    }
}

impl LeaseView for ClusterLeases {
    fn subnet_config(&self, subnet: SubnetId) -> Option<Arc<SubnetConfig>> {
        self.cluster
            .read(|state| Some(state.subnets().get(&subnet)?.shared_config()))
    }

    fn client(&self, subnet: SubnetId, client: &ClientIdentity) -> ClientView {
        self.cluster.read(|state| {
            let subnet = state.subnets().get(&subnet);
            subnet
                .map(|subnet| ClientView::of(subnet, client))
                .unwrap_or_default()
        })
    }

    fn free_candidates(&self, subnet: SubnetId, limit: usize) -> Vec<Ipv4Addr> {
        self.cluster.read(|state| {
            let subnet = state.subnets().get(&subnet);
            subnet
                .map(|subnet| subnet.leases().free_candidates(limit).collect())
                .unwrap_or_default()
        })
    }

    fn quarantined(&self, subnet: SubnetId, limit: usize) -> Vec<(Ipv4Addr, ClusterTime)> {
        self.cluster.read(|state| {
            let subnet = state.subnets().get(&subnet).into_iter();
            let quarantined = subnet.flat_map(|subnet| subnet.leases().quarantined_until());
            quarantined.take(limit).collect()
        })
    }

    fn node_at(&self, listen_ip: Ipv4Addr) -> Option<NodeId> {
        self.cluster.read(|state| state.node_at(listen_ip))
    }

    fn service(&self) -> ServiceView {
        let service = self.cluster.service();
        ServiceView {
            in_service: service.in_service(),
            reason: service.not_serving_reason,
            nodes_in_service: service.nodes_in_service,
            clock: self.cluster.read(ipam::State::clock),
        }
    }
}

#[async_trait]
impl LeaseService for ClusterLeases {
    fn new_request(&self) -> RequestId {
        self.cluster.new_request()
    }

    async fn propose(
        &self,
        request: RequestId,
        command: LeaseCommand,
    ) -> Result<Outcome, ProposeError> {
        self.cluster
            .propose(request, command.into())
            .await
            .map_err(|error| match error {
                cluster::ProposeError::Unavailable(reason) => ProposeError::Unavailable(reason),
                cluster::ProposeError::Unknown(_) => ProposeError::Unknown,
            })
    }
}
