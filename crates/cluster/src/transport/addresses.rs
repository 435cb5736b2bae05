//! Where each member is, looked up at each call.
//!
//! openraft makes a client of a member once and keeps it, whatever the membership says later. So a
//! client asks here each time: the address is that of the membership as this node knows it now, or
//! the one that the member has announced and proven while the membership still names its old one
//! ([`crate::relocation`]): without it a quorum that needs this member could not write down where it
//! is.

use ipam::NodeId;
use openraft::Raft;
use openraft::async_runtime::WatchReceiver;
use openraft::type_config::alias::WatchReceiverOf;
use raft_store::{StateMachine, TypeConfig};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Metrics = WatchReceiverOf<TypeConfig, openraft::metrics::RaftMetrics<TypeConfig>>;

/// Where each member is. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Addresses(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// The membership; `None` before Raft runs.
    metrics: Option<Metrics>,
    announced: BTreeMap<NodeId, Announced>,
}

/// A member's word for where it is now. It counts while the membership says `instead_of`.
struct Announced {
    instead_of: String,
    address: String,
}

impl Addresses {
    /// From now on the membership is that of `raft`.
    pub(crate) fn follow(&self, raft: &Raft<TypeConfig, StateMachine>) {
        self.lock().metrics = Some(raft.metrics());
    }

    /// Takes a member at its proven word until the membership says otherwise.
    pub(crate) fn announce(&self, node: NodeId, instead_of: &str, address: &str) {
        let announced = Announced {
            instead_of: instead_of.to_owned(),
            address: address.to_owned(),
        };
        self.lock().announced.insert(node, announced);
    }

    /// Where `node` is, which the membership has at `recorded`.
    pub(crate) fn of_member(&self, node: NodeId, recorded: String) -> String {
        self.lock().of_member(node, recorded)
    }

    /// Where `node` is; `None` of one that is no member.
    pub(crate) fn of(&self, node: NodeId) -> Option<String> {
        let mut known = self.lock();
        let recorded = {
            let metrics = known.metrics.as_ref()?.borrow_watched();
            let membership = metrics.membership_config.membership();
            membership.get_node(&node.0)?.address.clone()
        };
        Some(known.of_member(node, recorded))
    }

    /// Whether `node` is a voter; before Raft runs nobody is said not to be.
    pub(crate) fn has_vote(&self, node: NodeId) -> bool {
        let known = self.lock();
        let is_voter = |metrics: &Metrics| {
            let metrics = metrics.borrow_watched();
            let mut voters = metrics.membership_config.membership().voter_ids();
            voters.any(|voter| voter == node.0)
        };
        known.metrics.as_ref().is_none_or(is_voter)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn of_member(&mut self, node: NodeId, recorded: String) -> String {
        match self.announced.get(&node) {
            Some(announced) if announced.instead_of == recorded => announced.address.clone(),
            Some(_) => {
                // The membership has it, or something newer.
                self.announced.remove(&node);
                recorded
            }
            None => recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_address_counts_until_the_membership_changes() {
        let (addresses, node) = (Addresses::default(), NodeId(3));
        let look = |recorded: &str| addresses.of_member(node, recorded.to_owned());
        assert_eq!(look("old:1"), "old:1");
        addresses.announce(node, "old:1", "new:1");
        assert_eq!(look("old:1"), "new:1");
        assert_eq!(look("third:1"), "third:1");
        assert_eq!(look("old:1"), "old:1", "it is forgotten by then");
        assert_eq!(addresses.of(node), None, "no membership, no member");
    }
}
