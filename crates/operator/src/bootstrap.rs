//! The first node of a cluster.

use crate::audit::AuditLine;
use crate::{Caller, Operations, OperatorError};
use ipam::State;

/// A cluster that this node is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bootstrapped {
    /// The cluster's id; `None` while this node has not applied the entry that says it.
    pub cluster_id: Option<[u8; 16]>,
    /// The node was part of it before.
    pub already: bool,
}

impl Operations {
    /// Makes this node the first of a new cluster, while it waits for one. Repeating it is no error. `alone`:
    /// without asking the other members that it knows of first.
    pub async fn bootstrap(
        &self,
        caller: &Caller,
        alone: bool,
    ) -> Result<Bootstrapped, OperatorError> {
        let already = self.read(State::cluster_id).is_some();
        if !already {
            let line = AuditLine {
                verb: "bootstrap".to_owned(),
                object: format!("node {}", self.id()),
                before: "no cluster".to_owned(),
                after: "the first node of one".to_owned(),
            };
            let change = line.begin(caller, None);
            let done = self.node.bootstrap(alone).await;
            let outcome = done.map_err(OperatorError::Refused);
            change.end(&outcome);
            outcome?;
        }
        Ok(Bootstrapped {
            cluster_id: self.read(State::cluster_id),
            already,
        })
    }
}
