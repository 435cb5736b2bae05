//! What peers ask of this node.
//!
//! Raft requests are answered only by the node that they name, in the cluster that they name, and
//! only once it is admitted (see `Invite` in peer.proto), and only if they are within [`crate::bounds`]. With TLS, nobody speaks for another node
//! (ADR 0010). Everything is bounded: message sizes by the transport, snapshots by [`snapshot_rpc`],
//! forwarded commands by the batcher's queue.
//!
//! One file a kind of call; [`route`] checks who speaks.

mod change_member_rpc;
mod explain_rpc;
mod guard;
mod handles;
mod health_rpc;
mod install_gate;
mod listen;
mod membership_rpc;
mod propose_rpc;
mod raft_rpc;
mod route;
mod snapshot_rpc;
mod snapshot_turns;
mod unknown_turns;

pub(crate) use handles::PeerHandles;
pub use listen::PeerHandler;
pub(crate) use listen::{Running, bind, handler};

use crate::bounds::Start;
use install_gate::InstallGate;
use snapshot_turns::SnapshotTurns;
use unknown_turns::UnknownTurns;

use api::proto::peer as wire;
use api::proto::peer::peer_server::Peer;
use std::sync::Arc;
use tokio::sync::Mutex;
use tonic::{Request, Response, Status, Streaming};

/// What answers peers.
struct PeerService {
    handles: Arc<PeerHandles>,
    /// Whether a caller must have a certificate.
    certified_only: bool,
    /// The one snapshot that is being received.
    snapshots: SnapshotTurns,
    /// When nodes that are no members are heard.
    unknown: UnknownTurns,
    /// Which of them may change the log now.
    gate: InstallGate,
    /// Held from when an append is judged until openraft has it: what is judged next is judged by it.
    turn: Arc<Mutex<()>>,
    /// Where this node was when it started.
    start: Start,
}

type Answer<T> = Result<Response<T>, Status>;

impl PeerService {
    fn not_leader(&self) -> wire::NotLeader {
        let leader = self.handles.view.leader();
        wire::NotLeader {
            leader_id: leader.as_ref().map(|(leader, _)| leader.0),
            leader_address: leader.map(|(_, address)| address).unwrap_or_default(),
        }
    }
}

#[tonic::async_trait]
impl Peer for PeerService {
    async fn append(
        &self,
        request: Request<wire::AppendEntriesRequest>,
    ) -> Answer<wire::AppendEntriesResponse> {
        self.answer_append(request).await
    }

    async fn vote(&self, request: Request<wire::VoteRequest>) -> Answer<wire::VoteResponse> {
        self.answer_vote(request).await
    }

    async fn pre_vote(&self, request: Request<wire::VoteRequest>) -> Answer<wire::VoteResponse> {
        self.answer_pre_vote(request).await
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<wire::SnapshotChunk>>,
    ) -> Answer<wire::SnapshotResponse> {
        self.answer_install_snapshot(request).await
    }

    async fn transfer_leader(
        &self,
        request: Request<wire::TransferLeaderRequest>,
    ) -> Answer<wire::TransferLeaderResponse> {
        self.answer_transfer_leader(request).await
    }

    async fn propose(
        &self,
        request: Request<wire::ProposeRequest>,
    ) -> Answer<wire::ProposeResponse> {
        self.answer_propose(request).await
    }

    async fn join(&self, request: Request<wire::JoinRequest>) -> Answer<wire::JoinResponse> {
        self.answer_join(request).await
    }

    async fn invite(&self, request: Request<wire::InviteRequest>) -> Answer<wire::InviteResponse> {
        self.answer_invite(request).await
    }

    async fn change_member(
        &self,
        request: Request<wire::ChangeMemberRequest>,
    ) -> Answer<wire::ChangeMemberResponse> {
        self.answer_change_member(request).await
    }

    async fn health(&self, request: Request<wire::HealthRequest>) -> Answer<wire::HealthResponse> {
        self.answer_health(request).await
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Answer<wire::ExplainResponse> {
        self.answer_explain(request).await
    }
}
