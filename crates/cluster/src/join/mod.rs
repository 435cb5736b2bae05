//! How a node becomes part of a cluster, and announces itself to it.
//!
//! * **What flows in and out.** In: how the node was told to start. Out: a cluster that it founds ([`founders`]), or
//!   its wish to be added ([`ask`]); then what it announces of itself.
//! * **Cancel safety.** All of it may be dropped, and begun again.

mod ask;
mod begin;
mod founders;

pub(crate) use founders::Founders;

use crate::admission::Admission;
use crate::config::Start;
use crate::elections::Elections;
use crate::identity::Identity;
use crate::membership::Relocation;
use crate::propose::{Propose, ProposeError};
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use crate::registration::Registration;
use crate::serving::Introductions;
use crate::start_error::StartError;
use crate::transport::Peers;
use ipam::{Command, Outcome, Profile};
use raft_store::StateReader;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for a change of leadership before trying again.
const PROPOSE_RETRY: Duration = Duration::from_millis(200);

/// Becomes part of a cluster.
pub(crate) struct Join {
    /// Who this node is.
    pub(crate) identity: Arc<Identity>,
    /// Whether it votes.
    pub(crate) view: RaftView,
    /// The log that a founder begins.
    pub(crate) raft: Arc<RaftHandle>,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// The way to members.
    pub(crate) peers: Peers,
    /// What it announces is proposed.
    pub(crate) propose: Arc<dyn Propose>,
    /// Which invitation it takes.
    pub(crate) admission: Arc<Admission>,
    /// Whether it stands for election.
    pub(crate) elections: Arc<Elections>,
    /// Whom it asks.
    pub(crate) introductions: Arc<Introductions>,
    /// Whether it may take itself for the whole cluster.
    pub(crate) founders: Founders,
    /// Where it is, if it has moved.
    pub(crate) relocation: Arc<Relocation>,
    /// What it announces.
    pub(crate) registration: Arc<Registration>,
    /// The profile that a new cluster begins with.
    pub(crate) profile: Profile,
}

impl Join {
    /// Becomes part of a cluster as `start` says and announces itself. Returns once both are committed; that may
    /// take for ever while no quorum is in reach.
    pub(crate) async fn begin(&self, start: &Start) -> Result<(), StartError> {
        let has_data = self.admission.accepts_raft_rpcs();
        self.begin_as(start, has_data).await?;
        self.relocation.announce(start.others()).await;
        self.register().await?;
        self.stay(start).await;
        Ok(())
    }

    /// Announces this node's listen IP and peer address, unless the cluster knows them already.
    pub(crate) async fn register(&self) -> Result<(), StartError> {
        let registration = self.registration.now();
        let known =
            |state: &ipam::State| state.nodes().get(&registration.node) == Some(&registration);
        if self.reader.with(|applied| known(&applied.state)) {
            return Ok(());
        }
        match self
            .propose_until_known(Command::from(registration.clone()))
            .await
        {
            Outcome::Refused(refusal) => Err(StartError::ListenIp(refusal)),
            _ => Ok(()),
        }
    }

    /// For commands that may be committed twice without harm.
    async fn propose_until_known(&self, command: Command) -> Outcome {
        loop {
            match self.propose.propose(command.clone()).await {
                Ok(outcome) => return outcome,
                Err(error @ (ProposeError::Unavailable(_) | ProposeError::Unknown(_))) => {
                    tracing::info!(%error, "not committed yet, trying again");
                }
            }
            self.view.wait_for_leader_change(PROPOSE_RETRY).await;
        }
    }
}
