//! The operations of an operator, and how a change is carried out. The verbs are beside: one file an area.

use crate::audit::AuditLine;
use crate::{Caller, OperatorError};
use ipam::{Command, NodeId, Outcome, State};
use node::Node;
use std::sync::Arc;

/// What an operator may do with a node. Clones are of the same node.
#[derive(Clone)]
pub struct Operations {
    pub(crate) node: Arc<Node>,
}

impl Operations {
    /// On this node.
    #[must_use]
    pub const fn new(node: Arc<Node>) -> Self {
        Self { node }
    }

    /// Which node is asked.
    pub(crate) fn id(&self) -> NodeId {
        self.node.cluster().node()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.node.cluster().read(read)
    }

    /// Proposes the command, and logs the change with what came of it.
    pub(crate) async fn propose(
        &self,
        caller: &Caller,
        line: AuditLine,
        command: impl Into<Command>,
    ) -> Result<(), OperatorError> {
        let cluster = self.node.cluster();
        let request = cluster.new_request();
        let change = line.begin(caller, Some(request));
        let outcome = match cluster.propose(request, command.into()).await {
            Ok(Outcome::Refused(refusal)) => Err(OperatorError::Rejected(refusal)),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        };
        change.end(&outcome);
        outcome
    }
}
