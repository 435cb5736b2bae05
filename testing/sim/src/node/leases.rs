//! dhcpd's port as `node` plugs it into the cluster, and a look at what comes of each command.

use crate::sometimes::Sightings;
use ::node::ClusterLeases;
use async_trait::async_trait;
use dhcpd::port::ClientView;
use dhcpd::{LeaseService, LeaseView, ProposeError, ServiceView};
use ipam::{
    ClientIdentity, ClusterTime, LeaseCommand, NodeId, Outcome, RequestId, SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// The cluster as dhcpd sees it. It changes nothing.
pub(super) struct WatchedLeases {
    leases: ClusterLeases,
    sightings: Sightings,
}

impl WatchedLeases {
    pub(super) const fn new(leases: ClusterLeases, sightings: Sightings) -> Self {
        Self { leases, sightings }
    }
}

impl LeaseView for WatchedLeases {
    fn subnet_config(&self, subnet: SubnetId) -> Option<Arc<SubnetConfig>> {
        self.leases.subnet_config(subnet)
    }

    fn client(&self, subnet: SubnetId, client: &ClientIdentity) -> ClientView {
        self.leases.client(subnet, client)
    }

    fn free_candidates(&self, subnet: SubnetId, limit: usize) -> Vec<Ipv4Addr> {
        self.leases.free_candidates(subnet, limit)
    }

    fn quarantined(&self, subnet: SubnetId, limit: usize) -> Vec<(Ipv4Addr, ClusterTime)> {
        self.leases.quarantined(subnet, limit)
    }

    fn node_at(&self, listen_ip: Ipv4Addr) -> Option<NodeId> {
        self.leases.node_at(listen_ip)
    }

    fn service(&self) -> ServiceView {
        self.leases.service()
    }
}

#[async_trait]
impl LeaseService for WatchedLeases {
    fn new_request(&self) -> RequestId {
        self.leases.new_request()
    }

    async fn propose(
        &self,
        request: RequestId,
        command: LeaseCommand,
    ) -> Result<Outcome, ProposeError> {
        tracing::debug!(?command, "proposes");
        let outcome = self.leases.propose(request, command).await;
        tracing::debug!(?outcome, "hears of it");
        let outcome = outcome?;
        self.sightings.outcome(&outcome);
        Ok(outcome)
    }
}
