//! Members: added and removed.

use crate::audit::AuditLine;
use crate::{Caller, Operations, OperatorError, before};
use ipam::NodeId;

impl Operations {
    /// Makes the node at `peer_address` (`host:port`) a member, and a voter once it has caught up.
    pub async fn add_node(
        &self,
        caller: &Caller,
        node: NodeId,
        peer_address: &str,
    ) -> Result<(), OperatorError> {
        let line = self.member_line("add", node, format!("member at {peer_address}"));
        let change = line.begin(caller, None);
        let added = self.node.cluster().add_node(node, peer_address).await;
        let outcome = added.map_err(OperatorError::from);
        change.end(&outcome);
        outcome
    }

    /// Makes the node no member any more.
    pub async fn remove_node(&self, caller: &Caller, node: NodeId) -> Result<(), OperatorError> {
        let line = self.member_line("remove", node, "no member".to_owned());
        let change = line.begin(caller, None);
        let removed = self.node.cluster().remove_node(node).await;
        let outcome = removed.map_err(OperatorError::from);
        change.end(&outcome);
        outcome
    }

    fn member_line(&self, verb: &str, node: NodeId, after: String) -> AuditLine {
        AuditLine {
            verb: format!("node {verb}"),
            object: format!("node {node}"),
            before: before::member(&self.node.cluster().status(), node),
            after,
        }
    }
}
