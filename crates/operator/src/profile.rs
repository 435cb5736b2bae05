//! How patient the nodes are with each other.

use crate::audit::AuditLine;
use crate::{Caller, Operations, OperatorError};
use cluster::ProfileStatus;
use ipam::{ClusterCommand, Profile};

impl Operations {
    /// What this node knows of the profile.
    #[must_use]
    pub fn profile(&self) -> ProfileStatus {
        self.node.cluster().profile()
    }

    /// Sets the cluster's profile.
    pub async fn set_profile(
        &self,
        caller: &Caller,
        profile: Profile,
    ) -> Result<(), OperatorError> {
        let line = line("the cluster", self.profile().agreed, profile);
        let operator = caller.at(self.id());
        let set = ClusterCommand::SetProfile { operator, profile };
        self.propose(caller, line, set).await
    }

    /// Has this node alone go by the profile, until the cluster's is set: works without a quorum.
    pub async fn set_local_profile(
        &self,
        caller: &Caller,
        profile: Profile,
    ) -> Result<(), OperatorError> {
        let line = line("this node alone", self.profile().used, profile);
        let change = line.begin(caller, None);
        let set = self.node.cluster().set_local_profile(profile).await;
        let outcome = set.map_err(|reason| {
            OperatorError::Unavailable(format!("the profile was not set: {reason}"))
        });
        change.end(&outcome);
        outcome
    }
}

fn line(object: &str, before: Profile, after: Profile) -> AuditLine {
    AuditLine {
        verb: "profile set".to_owned(),
        object: object.to_owned(),
        before: before.to_string(),
        after: after.to_string(),
    }
}
