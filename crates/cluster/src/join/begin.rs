//! How a node begins: it founds a cluster, joins one, or goes on with what is on its disk.

use super::{Join, Start};
use crate::start_error::StartError;
use ipam::{Bootstrap, ClusterCommand, ClusterRefusal, Command, Operator, Outcome, Refusal};
use raft_store::Applied;
use std::collections::BTreeMap;

impl Join {
    /// Begins as `start` says. A node that is a voting member already has nothing to do.
    pub(super) async fn begin_as(&self, start: &Start, has_data: bool) -> Result<(), StartError> {
        let others = self.founders.others(start);
        self.introductions.set_others(others.clone());
        if has_data && self.view.has_other_voters() {
            self.elections.enable();
        } else if has_data && self.view.last_voted_for_itself() {
            self.founders.wait_until_alone(&others).await;
        }
        match start {
            Start::Bootstrap(bootstrap, _) => {
                // Looked at before anybody can join: a cluster with a second voter has begun long ago.
                let has_begun = has_data && !self.view.never_had_second_voter();
                if !has_data {
                    self.founders.wait_until_all_are_empty(&others).await?;
                    self.elections.enable();
                }
                self.lay_down(bootstrap, has_data).await?;
                if has_begun {
                    return Ok(());
                }
                self.first_profile().await
            }
            Start::Join(addresses) if !self.view.is_voter() => self.join(addresses).await,
            Start::Wait if !has_data => {
                self.admission.wait();
                tracing::info!("waiting to be added: run `gatewayctl node add` on a member");
                Ok(())
            }
            Start::Join(_) | Start::Wait => {
                if !self.view.has_other_voters() {
                    self.wait_until_laid_down().await;
                }
                Ok(())
            }
        }
    }

    /// A bootstrap that was cut short leaves a log with one member and no cluster in it. It waits to be
    /// bootstrapped again. Cancel-safe.
    async fn wait_until_laid_down(&self) {
        let is_laid_down = || {
            let known = |applied: &Applied| applied.state.cluster_id().is_some();
            self.reader.with(known)
        };
        let mut marks = self.reader.marks();
        while !is_laid_down() {
            if marks.changed().await.is_err() {
                // The state machine has stopped, and this node with it.
                return;
            }
        }
    }

    async fn lay_down(&self, bootstrap: &Bootstrap, has_data: bool) -> Result<(), StartError> {
        // Before anything is acknowledged in its name. An earlier try may have drawn another.
        let mut bootstrap = bootstrap.clone();
        bootstrap.cluster_id = self.identity.cluster.claim(bootstrap.cluster_id).await?;
        if !has_data {
            self.admission.accept_raft_rpcs();
            let members = BTreeMap::from([(self.identity.node.0, self.identity.own_record())]);
            let initialized = self.raft.now().initialize(members).await;
            initialized.map_err(|error| StartError::Initialize(error.to_string()))?;
        }
        if self
            .reader
            .with(|applied| applied.state.cluster_id().is_some())
        {
            return Ok(());
        }
        match self.propose_until_known(Command::from(bootstrap)).await {
            Outcome::Refused(Refusal::Cluster(ClusterRefusal::AlreadyBootstrapped)) => Ok(()),
            Outcome::Refused(refusal) => Err(StartError::Bootstrap(refusal)),
            _ => Ok(()),
        }
    }

    /// Sets the profile that the cluster begins with, unless one was ever set, or it is what an unset one is.
    async fn first_profile(&self) -> Result<(), StartError> {
        let set = self.reader.with(|applied| applied.state.profile());
        if set.revision == 0 && self.profile != set.profile {
            let set = ClusterCommand::SetProfile {
                operator: Operator {
                    node: self.identity.node,
                    from: "its configuration".to_owned(),
                },
                profile: self.profile,
            };
            self.propose_until_known(set.into()).await;
        }
        Ok(())
    }
}
