//! The port: what this crate needs of the replicated state, and nothing more.
//!
//! * **What it is.** Two traits. [`LeaseView`] is cheap reads of what this node has applied;
//!   [`LeaseService`] adds the one way to change anything, [`LeaseService::propose`].
//! * **What it is not.** Raft. Terms, leaders and logs do not appear.
//! * **Invariants an implementation keeps.** `propose` returns `Ok` only after the command was
//!   committed (durable on a majority) *and* applied here. Reads never wait and may be stale;
//!   nothing is acknowledged or refused on a read.
//! * **Cancel safety.** Dropping `propose`'s future leaves the command's fate unknown. That is
//!   always safe here: an unknown outcome gets no reply.

use crate::limits::HELD_FOR_REQUEST;
use async_trait::async_trait;
use ipam::{
    ClientIdentity, ClusterTime, LeaseCommand, LeaseState, NodeId, Outcome, RequestId, Span,
    Subnet, SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Reads of the state that this node has applied: cheap, never waiting, possibly stale.
pub trait LeaseView: Send + Sync {
    /// The subnet's configuration, shared and not copied: it is read for every packet.
    fn subnet_config(&self, subnet: SubnetId) -> Option<Arc<SubnetConfig>>;

    /// What the state has of one client; the default when it has nothing, or no such subnet.
    /// [`ClientView::of`] reads it from a subnet.
    fn client(&self, subnet: SubnetId, client: &ClientIdentity) -> ClientView;

    /// The addresses that the next new clients would be offered, at most `limit`, in that order.
    fn free_candidates(&self, subnet: SubnetId, limit: usize) -> Vec<Ipv4Addr>;

    /// The quarantined addresses, at most `limit`, the oldest first, and when each quarantine ends.
    fn quarantined(&self, subnet: SubnetId, limit: usize) -> Vec<(Ipv4Addr, ClusterTime)>;

    /// The node whose server identifier is `listen_ip`.
    fn node_at(&self, listen_ip: Ipv4Addr) -> Option<NodeId>;

    /// Whether and beside whom this node serves.
    fn service(&self) -> ServiceView;
}

/// [`LeaseView`], and the one door through which state changes.
#[async_trait]
pub trait LeaseService: LeaseView + 'static {
    /// An id for a packet that is processed, or for what this server does of its own: for logs alone.
    fn new_request(&self) -> RequestId;

    /// Proposes a change of leases as a part of `request`, which is all that a DHCP server may ask, and waits until it is committed and applied here.
    ///
    /// May take as long as an election; the caller drops what comes too late (T6).
    async fn propose(
        &self,
        request: RequestId,
        command: LeaseCommand,
    ) -> Result<Outcome, ProposeError>;
}

/// What the applied state has of one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientView {
    /// The client's record that matters most, and its state.
    pub lease: Option<(Ipv4Addr, LeaseState)>,
    /// The node that granted or offered it.
    pub granted_by: Option<NodeId>,
    /// The address reserved for it.
    pub reserved: Option<Ipv4Addr>,
    /// Whether it may have the address of `lease` (S4): nothing was excluded, reserved or moved
    /// under it.
    pub may_keep: bool,
}

impl ClientView {
    /// Reads a client from a subnet of the replicated state.
    #[must_use]
    pub fn of(subnet: &Subnet, client: &ClientIdentity) -> Self {
        let (key, hardware) = (subnet.config().identity.key(client), &client.hardware);
        let reserved = subnet.reserved_for(&key, hardware);
        let lease = subnet.lease_of(&key);
        Self {
            lease: lease.map(|(address, lease)| (address, lease.state)),
            granted_by: lease.map(|(_, lease)| lease.node),
            reserved,
            may_keep: lease.is_some_and(|(address, _)| subnet.may_have(&key, hardware, address)),
        }
    }

    /// Whether the client has a lease or a reservation.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.lease.is_some() || self.reserved.is_some()
    }

    /// The address that is held for the client at `clock` and for [`HELD_FOR_REQUEST`] more, if it may
    /// keep it.
    #[must_use]
    pub fn held(&self, clock: ClusterTime) -> Option<(Ipv4Addr, LeaseState)> {
        let margin = Span::from_secs(HELD_FOR_REQUEST.as_secs());
        let lasts = |state: &LeaseState| state.deadline().is_some_and(|end| clock + margin < end);
        self.lease
            .filter(|(_, state)| self.may_keep && state.is_held() && lasts(state))
    }
}

/// Whether this node serves DHCP now, and who else does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceView {
    /// Whether a quorum is in reach and nothing else stops this node from answering (L2).
    pub in_service: bool,
    /// Why not, for people.
    pub reason: Option<String>,
    /// The nodes believed to be in service, this one included. Any order.
    pub nodes_in_service: Vec<NodeId>,
    /// The cluster clock as applied here: never ahead of the cluster's.
    pub clock: ClusterTime,
}

/// A command has no outcome to act on. Either way the client gets no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// It certainly did not and will not happen.
    #[error("the command was not accepted: {0}")]
    Unavailable(String),
    /// It may have happened, or may still happen (house rule 5).
    #[error("the command's fate is unknown")]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_excludes_what_ends_soon() {
        let address = Ipv4Addr::new(10, 15, 3, 20);
        let until = ClusterTime(60_000);
        let view = ClientView {
            lease: Some((
                address,
                LeaseState::Offered {
                    until,
                    returning: false,
                },
            )),
            granted_by: None,
            reserved: None,
            may_keep: true,
        };
        assert!(view.held(ClusterTime(49_999)).is_some());
        assert_eq!(view.held(ClusterTime(50_000)), None);
    }
}
