//! openraft's network over tonic.
//!
//! Every request says whom it is from and for ([`Route`]); a node that is not meant refuses it.
//! Cancel-safe: a dropped request is a lost one, which Raft repeats.

use super::answers::{Asked, Sent};
use super::log_reversions::Reversions;
use super::send_window::{SendWindow, transfer_limit};
use super::{PeerChannel, Peers};
use crate::limits::SNAPSHOT_CHUNK_BYTES as CHUNK_BYTES;
use crate::raft_view::RaftView;
use crate::timing::SharedLimits;
use api::proto::peer::peer_client::PeerClient;
use api::proto::peer::{Route, SnapshotChunk, SnapshotHeader, snapshot_chunk};
use bytes::Bytes;
use futures::stream;
use ipam::{NodeId, Profile};
use openraft::OptionalSend;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{RPCOption, RaftNetworkFactory, v2::RaftNetworkV2};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use raft_store::codec;
use raft_store::{ClusterIdFile, PeerNode, Snapshot, SnapshotData, TypeConfig, Vote};
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tonic::{Code, Response, Status};

/// Makes a network to each peer.
pub(crate) struct NetworkFactory {
    peers: Peers,
    limits: SharedLimits,
    from: NodeId,
    cluster: ClusterIdFile,
    reversions: Reversions,
    view: RaftView,
}

/// The way to one peer.
pub(crate) struct Network {
    view: RaftView,
    peers: Peers,
    limits: SharedLimits,
    from: NodeId,
    to: u64,
    /// Where it was when openraft asked for this way to it.
    address: String,
    cluster: ClusterIdFile,
    /// Only in a heartbeat's client: it says that the peer has what the leader knows that it has, so a
    /// conflict there means that its log went back.
    reversions: Option<Reversions>,
    /// What the way to it bears.
    window: SendWindow,
}

impl NetworkFactory {
    pub(crate) const fn new(
        peers: Peers,
        limits: SharedLimits,
        from: NodeId,
        cluster: ClusterIdFile,
        reversions: Reversions,
        view: RaftView,
    ) -> Self {
        Self {
            peers,
            limits,
            from,
            cluster,
            reversions,
            view,
        }
    }
}

impl RaftNetworkFactory<TypeConfig> for NetworkFactory {
    type Network = Network;

    async fn new_client(&mut self, target: u64, node: &PeerNode) -> Network {
        Network {
            view: self.view.clone(),
            peers: self.peers.clone(),
            limits: self.limits.clone(),
            from: self.from,
            to: target,
            address: node.address.clone(),
            cluster: self.cluster.clone(),
            reversions: None,
            window: SendWindow::default(),
        }
    }

    async fn new_heartbeat_client(&mut self, target: u64, node: &PeerNode) -> Network {
        Network {
            reversions: Some(self.reversions.clone()),
            ..self.new_client(target, node).await
        }
    }
}

type Rpc<T> = Result<T, RPCError<TypeConfig>>;

impl Network {
    /// Where the peer is is looked up each time: openraft keeps this network, and the peer may move.
    fn client(&self) -> Rpc<PeerClient<PeerChannel>> {
        let now = self.view.address_of(NodeId(self.to));
        let address = now.as_deref().unwrap_or(&self.address);
        self.peers
            .connect(NodeId(self.to), address)
            .map_err(|error| RPCError::Unreachable(Unreachable::new(&error)))
    }

    /// A leader that hears no quorum keeps quiet for a while.
    fn may_speak(&self) -> Rpc<()> {
        if self.peers.check_quorum().is_silent() {
            return Err(RPCError::Network(NetworkError::new(&HearsNoQuorum)));
        }
        Ok(())
    }

    /// Who asks whom, with this vote.
    fn asked(&self, vote: &Vote) -> Asked {
        Asked {
            by: self.from.0,
            whom: self.to,
            term: vote.leader_id.term,
            votes: self.view.may_have_vote(NodeId(self.to)),
        }
    }

    /// An answer that says too often that there is a higher term counts as none.
    fn believe(&self, asked: Asked, call: &str, term: u64) -> Rpc<()> {
        if term <= asked.term {
            return Ok(());
        }
        let raises = self.peers.term_raises();
        let believed = raises.believe(NodeId(self.to), call, asked.term);
        believed.map_err(|error| RPCError::Unreachable(Unreachable::new(&error)))
    }

    fn route(&self) -> Option<Route> {
        let cluster_id = self.cluster.get();
        Some(Route {
            from: self.from.0,
            to: self.to,
            cluster_id: cluster_id.map(Vec::from).unwrap_or_default(),
        })
    }
}

impl RaftNetworkV2<TypeConfig> for Network {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<AppendEntriesResponse<TypeConfig>> {
        self.may_speak()?;
        let mut message = codec::encode_append_request(&request);
        let cut_after = codec::cut_append_request(&mut message, self.window.bytes());
        message.route = self.route();
        let (asked, sent) = (self.asked(&request.vote), Sent::of(&request));
        // openraft gives a heartbeat up by itself, and leaves the rest to us.
        let carries = !message.entries.is_empty();
        let limits = self.limits.now();
        let usual = option.hard_ttl().max(limits.append);
        // On a LAN nothing is slow but the wrong profile, and status says so.
        let limit = match limits.profile {
            Profile::Metro | Profile::Wan if carries => self.window.limit(usual),
            _ => usual,
        };
        let begun = Instant::now();
        let answer = within(limit, self.client()?.append(message)).await;
        if carries && (answer.is_ok() || begun.elapsed() >= limit) {
            self.window = self.window.after(answer.is_ok());
        }
        let answer = answer?;
        let answer = codec::decode_append_response(answer).map_err(garbled)?;
        let answer = asked.append(&sent, answer).map_err(garbled)?;
        if let AppendEntriesResponse::HigherVote(vote) = &answer {
            self.believe(asked, "Append", vote.leader_id.term)?;
        }
        if let Some(reversions) = &self.reversions
            && answer.is_conflict()
        {
            reversions.conflict(NodeId(self.to));
            return Err(RPCError::Network(NetworkError::new(&LogWentBack)));
        }
        Ok(match (answer, cut_after) {
            // The rest is sent when openraft hears how far this one came.
            (AppendEntriesResponse::Success, Some(last)) => {
                AppendEntriesResponse::PartialSuccess(Some(last))
            }
            (answer, _) => answer,
        })
    }

    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let mut message = codec::encode_vote_request(&request);
        message.route = self.route();
        let answer = within(option.hard_ttl(), self.client()?.vote(message)).await?;
        let answer = codec::decode_vote_response(answer).map_err(garbled)?;
        let asked = self.asked(&request.vote);
        let answer = asked.ballot(answer).map_err(garbled)?;
        self.believe(asked, "Vote", answer.vote.leader_id.term)?;
        Ok(answer)
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<VoteResponse<TypeConfig>> {
        let mut message = codec::encode_vote_request(&request);
        message.route = self.route();
        let answer = within(option.hard_ttl(), self.client()?.pre_vote(message)).await?;
        let answer = codec::decode_vote_response(answer).map_err(garbled)?;
        let mut asked = self.asked(&request.vote);
        // It asks about the term after its own.
        asked.term = asked.term.saturating_sub(1);
        let answer = asked.ballot(answer).map_err(garbled)?;
        self.believe(asked, "PreVote", answer.vote.leader_id.term)?;
        Ok(answer)
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        let header = SnapshotHeader {
            vote: Some(codec::encode_vote(&vote)),
            meta: Some(codec::encode_snapshot_meta(&snapshot.meta)),
            length: snapshot.snapshot.len() as u64,
            route: self.route(),
        };
        let asked = self.asked(&vote);
        let limit = transfer_limit(option.hard_ttl(), header.length);
        self.may_speak().map_err(streaming)?;
        let mut client = self.client().map_err(streaming)?;
        let send = client.install_snapshot(stream::iter(chunks(header, snapshot.snapshot)));
        tokio::select! {
            closed = cancel => Err(StreamingError::Closed(closed)),
            answer = within(limit, send) => {
                let answer = codec::decode_snapshot_response(answer.map_err(streaming)?);
                let answer = answer.map_err(|error| streaming(garbled(error)))?;
                let answer = asked.snapshot(answer).map_err(|error| streaming(garbled(error)))?;
                let believed = self.believe(asked, "InstallSnapshot", answer.vote.leader_id.term);
                believed.map_err(streaming)?;
                Ok(answer)
            }
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Rpc<TransferLeaderResponse<TypeConfig>> {
        let mut message = codec::encode_transfer_request(&request);
        message.route = self.route();
        let answer = within(option.hard_ttl(), self.client()?.transfer_leader(message)).await?;
        codec::decode_transfer_response(answer).map_err(garbled)
    }
}

/// Why a heartbeat that was answered is no success.
#[derive(Debug, thiserror::Error)]
#[error("the follower lacks what it had acknowledged: its log went back")]
struct LogWentBack;

/// Why a leader sends nothing.
#[derive(Debug, thiserror::Error)]
#[error("this leader hears no quorum, and keeps quiet so that another one can be elected")]
struct HearsNoQuorum;

fn chunks(header: SnapshotHeader, data: Bytes) -> impl Iterator<Item = SnapshotChunk> {
    let data = (0..data.len()).step_by(CHUNK_BYTES).map(move |start| {
        let end = (start + CHUNK_BYTES).min(data.len());
        snapshot_chunk::Part::Data(data.slice(start..end).to_vec())
    });
    let header = std::iter::once(snapshot_chunk::Part::Header(header));
    header
        .chain(data)
        .map(|part| SnapshotChunk { part: Some(part) })
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Rpc<T> {
    match timeout(limit, call).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(failed(&status)),
        Err(elapsed) => Err(RPCError::Network(NetworkError::new(&elapsed))),
    }
}

/// A peer that cannot be reached, or refuses to talk, is left alone for a while (backoff).
fn failed(status: &Status) -> RPCError<TypeConfig> {
    match status.code() {
        Code::Unavailable
        | Code::FailedPrecondition
        | Code::PermissionDenied
        | Code::Unauthenticated => RPCError::Unreachable(Unreachable::new(status)),
        _ => RPCError::Network(NetworkError::new(status)),
    }
}

/// An answer that cannot be used.
fn garbled(error: impl std::error::Error + 'static) -> RPCError<TypeConfig> {
    RPCError::Network(NetworkError::new(&error))
}

fn streaming(error: RPCError<TypeConfig>) -> StreamingError<TypeConfig> {
    match error {
        RPCError::Timeout(error) => StreamingError::Timeout(error),
        RPCError::Unreachable(error) => StreamingError::Unreachable(error),
        RPCError::Network(error) => StreamingError::Network(error),
    }
}
