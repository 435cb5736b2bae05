//! What peers ask of this node.
//!
//! Raft requests are answered only by the node that they name, in the cluster that they name, and
//! only once it is admitted (see `Invite` in raft.proto). With TLS, nobody speaks for another node
//! (ADR 0010). Everything is bounded: message sizes by
//! the transport, snapshots by [`MAX_SNAPSHOT_BYTES`], forwarded commands by the batcher's queue.

use crate::membership::MembershipError;
use crate::node::Inner;
use crate::propose::{Committed, Origin, ProposeError};
use crate::tls::Caller;
use api::proto::raft as wire;
use api::proto::raft::peer_server::Peer;
use bytes::{Bytes, BytesMut};
use futures::future::join_all;
use ipam::{Command, NodeId};
use raft_store::codec::{self, CodecError};
use raft_store::{Snapshot, SnapshotMeta};
use std::sync::Arc;
use std::time::Duration;
use tonic::{Request, Response, Status, Streaming};

/// The largest snapshot: a /16 pool full of leases is about 10 MB.
const MAX_SNAPSHOT_BYTES: u64 = 256 * 1024 * 1024;

/// What answers peers.
pub(crate) struct PeerService {
    pub(crate) inner: Arc<Inner>,
    /// Whether a caller must have a certificate.
    pub(crate) certified_only: bool,
}

type Answer<T> = Result<Response<T>, Status>;

impl PeerService {
    /// Who sends the request, and what it says. Every request comes in here.
    fn receive<T>(&self, request: Request<T>) -> Result<(Caller, T), Status> {
        let caller = Caller::of(&request, self.certified_only)?;
        Ok((caller, request.into_inner()))
    }

    /// Refuses what comes from another node than it says, or is meant for another node or another
    /// cluster.
    fn check_route(&self, caller: &Caller, route: Option<&wire::Route>) -> Result<(), Status> {
        let route = route.ok_or_else(|| Status::invalid_argument("the request has no route"))?;
        caller.must_be(NodeId(route.from))?;
        let here = self.inner.config.node.0;
        if route.to != here {
            return Err(Status::failed_precondition(format!(
                "this is node {here}, not node {}: check the peer addresses",
                route.to
            )));
        }
        let ours = self.inner.reader.with(|applied| applied.state.cluster_id());
        match ours {
            Some(ours) if !route.cluster_id.is_empty() && route.cluster_id != ours => Err(
                Status::failed_precondition("this node belongs to another cluster"),
            ),
            _ => Ok(()),
        }
    }

    /// The same for Raft's own requests, which a node answers only once it is admitted.
    fn check_raft(&self, caller: &Caller, route: Option<&wire::Route>) -> Result<(), Status> {
        self.check_route(caller, route)?;
        if self.inner.is_admitted() {
            return Ok(());
        }
        Err(Status::failed_precondition(
            "this node's data directory is empty and it has not been invited: \
             if it lost its data, remove it from the cluster and add it again",
        ))
    }

    /// Refuses commands of a node that has been removed.
    fn check_member(&self, route: Option<&wire::Route>) -> Result<(), Status> {
        let from = NodeId(route.map_or(0, |route| route.from));
        if self.inner.members().contains_key(&from) {
            return Ok(());
        }
        Err(Status::failed_precondition(format!(
            "node {from} is not a member of the cluster"
        )))
    }

    fn not_leader(&self) -> wire::NotLeader {
        let leader = self.inner.leader();
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
        let (caller, request) = self.receive(request)?;
        self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_append_request(request).map_err(malformed)?;
        let answer = self
            .inner
            .raft
            .append_entries(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_append_response(&answer)))
    }

    async fn vote(&self, request: Request<wire::VoteRequest>) -> Answer<wire::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_vote_request(request).map_err(malformed)?;
        let answer = self.inner.raft.vote(request).await.map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    async fn pre_vote(&self, request: Request<wire::VoteRequest>) -> Answer<wire::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_vote_request(request).map_err(malformed)?;
        let answer = self.inner.raft.pre_vote(request).await.map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<wire::SnapshotChunk>>,
    ) -> Answer<wire::SnapshotResponse> {
        let (caller, mut chunks) = self.receive(request)?;
        let Some(wire::snapshot_chunk::Part::Header(header)) =
            chunks.message().await?.and_then(|chunk| chunk.part)
        else {
            return Err(Status::invalid_argument(
                "a snapshot begins with its header",
            ));
        };
        self.check_raft(&caller, header.route.as_ref())?;
        let (vote, meta) = decode_header(&header)?;
        let data = collect(&mut chunks, header.length).await?;
        let snapshot = Snapshot {
            meta,
            snapshot: data,
        };
        let answer = self
            .inner
            .raft
            .install_full_snapshot(vote, snapshot)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_snapshot_response(&answer)))
    }

    async fn transfer_leader(
        &self,
        request: Request<wire::TransferLeaderRequest>,
    ) -> Answer<wire::TransferLeaderResponse> {
        let (caller, request) = self.receive(request)?;
        self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_transfer_request(request).map_err(malformed)?;
        let answer = self
            .inner
            .raft
            .handle_transfer_leader(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_transfer_response(&answer)))
    }

    async fn propose(
        &self,
        request: Request<wire::ProposeRequest>,
    ) -> Answer<wire::ProposeResponse> {
        let (caller, request) = self.receive(request)?;
        self.check_route(&caller, request.route.as_ref())?;
        self.check_member(request.route.as_ref())?;
        let commands: Result<Vec<Command>, _> = request
            .commands
            .into_iter()
            .map(Command::try_from)
            .collect();
        let commands = commands.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let within = Duration::from_millis(request.timeout_millis);
        let queue = |command| self.inner.proposer.queue(command, Origin::Peer, within);
        let result = match gather(join_all(commands.into_iter().map(queue)).await) {
            Ok(committed) => wire::propose_response::Result::Outcomes(outcomes_of(&committed)),
            Err(ProposeError::Unavailable(_)) => {
                wire::propose_response::Result::NotLeader(self.not_leader())
            }
            Err(error @ ProposeError::Unknown(_)) => {
                return Err(Status::unknown(error.to_string()));
            }
        };
        Ok(Response::new(wire::ProposeResponse {
            result: Some(result),
        }))
    }

    async fn join(&self, request: Request<wire::JoinRequest>) -> Answer<wire::JoinResponse> {
        let (caller, request) = self.receive(request)?;
        let node = NodeId(request.node_id);
        caller.must_be(node)?;
        let added = self
            .inner
            .add_node(node, &request.peer_address, request.has_data)
            .await;
        let result = match added {
            Ok(()) => wire::join_response::Result::Joined(wire::join_response::Joined::default()),
            Err(MembershipError::NotLeader { .. } | MembershipError::NoLeader) => {
                wire::join_response::Result::NotLeader(self.not_leader())
            }
            Err(MembershipError::Rejected(reason)) => {
                wire::join_response::Result::Rejected(wire::join_response::Rejected { reason })
            }
            Err(error) => return Err(Status::unavailable(error.to_string())),
        };
        Ok(Response::new(wire::JoinResponse {
            result: Some(result),
        }))
    }

    async fn invite(&self, request: Request<wire::InviteRequest>) -> Answer<wire::InviteResponse> {
        let (_, request) = self.receive(request)?;
        let here = self.inner.config.node;
        if request.node_id != here.0 {
            return Err(Status::failed_precondition(format!(
                "the node there is node {here}, not node {}: check its GATEWAY_NODE_ID",
                request.node_id
            )));
        }
        let ours = self.inner.reader.with(|applied| applied.state.cluster_id());
        if ours.is_some_and(|ours| request.cluster_id != ours) {
            return Err(Status::failed_precondition(format!(
                "node {here} has the data of another cluster: empty its data directory if that is meant"
            )));
        }
        self.inner.admit();
        let listen_ip = self.inner.config.listen_ip.to_bits();
        Ok(Response::new(wire::InviteResponse { listen_ip }))
    }

    async fn health(&self, request: Request<wire::HealthRequest>) -> Answer<wire::HealthResponse> {
        let (caller, request) = self.receive(request)?;
        let asker = NodeId(request.node_id);
        caller.must_be(asker)?;
        Ok(Response::new(self.inner.health_response(asker)))
    }
}

impl Inner {
    fn health_response(&self, asker: NodeId) -> wire::HealthResponse {
        let in_service = self.service_now().in_service();
        let digest = self.health.shown_digest();
        let last_applied = self.reader.with(|applied| applied.last_applied);
        let cluster_id = self.reader.with(|applied| applied.state.cluster_id());
        wire::HealthResponse {
            node_id: self.config.node.0,
            cluster_id: cluster_id.map(Vec::from).unwrap_or_default(),
            initialized: self.is_admitted(),
            leader_id: self.leader().map(|(leader, _)| leader.0),
            term: self.term(),
            last_applied: last_applied.as_ref().map(codec::encode_log_id),
            digest: digest.map(|mark| mark.sha256.to_vec()).unwrap_or_default(),
            digest_index: digest.map_or(0, |mark| mark.index),
            in_service,
            leads_a_quorum: self.leads_a_quorum(),
            member: self.members().contains_key(&asker),
        }
    }
}

fn outcomes_of(committed: &[Committed]) -> wire::propose_response::Outcomes {
    wire::propose_response::Outcomes {
        outcomes: committed.iter().map(|one| (&one.outcome).into()).collect(),
        index: committed
            .iter()
            .map(|one| one.index)
            .max()
            .unwrap_or_default(),
    }
}

/// One answer for commands that may have gone into several batches: "not done" only if that is
/// true of all of them.
fn gather(results: Vec<Result<Committed, ProposeError>>) -> Result<Vec<Committed>, ProposeError> {
    let none_done = results
        .iter()
        .all(|result| matches!(result, Err(ProposeError::Unavailable(_))));
    let outcomes: Result<Vec<_>, _> = results.into_iter().collect();
    outcomes.map_err(|error| match error {
        ProposeError::Unavailable(reason) if !none_done => ProposeError::Unknown(reason),
        error => error,
    })
}

fn decode_header(
    header: &wire::SnapshotHeader,
) -> Result<(raft_store::Vote, SnapshotMeta), Status> {
    if header.length > MAX_SNAPSHOT_BYTES {
        return Err(Status::invalid_argument(format!(
            "a snapshot of {} bytes: at most {MAX_SNAPSHOT_BYTES} are accepted",
            header.length
        )));
    }
    let missing = || Status::invalid_argument("the snapshot's header has no vote or no metadata");
    let vote = codec::decode_vote(header.vote.ok_or_else(missing)?);
    let meta = header.meta.clone().ok_or_else(missing)?;
    Ok((vote, codec::decode_snapshot_meta(meta).map_err(malformed)?))
}

async fn collect(
    chunks: &mut Streaming<wire::SnapshotChunk>,
    length: u64,
) -> Result<Bytes, Status> {
    let mut data = BytesMut::new();
    while let Some(chunk) = chunks.message().await? {
        let Some(wire::snapshot_chunk::Part::Data(part)) = chunk.part else {
            return Err(Status::invalid_argument("a snapshot has one header"));
        };
        if (data.len() + part.len()) as u64 > length {
            return Err(Status::invalid_argument(
                "the snapshot is longer than its header says",
            ));
        }
        data.extend_from_slice(&part);
    }
    if data.len() as u64 != length {
        return Err(Status::invalid_argument(
            "the snapshot is shorter than its header says",
        ));
    }
    Ok(data.freeze())
}

fn malformed(error: CodecError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Raft answers an error only when it has stopped: its storage failed, or the node is stopping.
fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(format!("Raft has stopped on this node: {error}"))
}
