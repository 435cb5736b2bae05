//! A voter that answers: whatever it is asked, there is a higher term.

use super::Site;
use api::proto::peer::peer_server::{Peer, PeerServer};
use api::proto::{peer, storage};
use futures::Stream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, Streaming};

/// The furthest that a node goes at once.
pub const STEP: u64 = 1 << 20;

/// A server at the address of a node that does not run.
pub struct Liar {
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Liar {
    /// Answers in place of `node`, without TLS, with a term that is `raise` above what it is asked in.
    pub async fn start(site: &Site, node: u64, raise: u64) -> Self {
        let listener = tokio::net::TcpListener::bind(site.address(node)).await;
        let connections = accepted(listener.unwrap());
        let (stop, stopped) = oneshot::channel();
        let serving = tonic::transport::Server::builder()
            .add_service(PeerServer::new(Answers { raise, node }))
            .serve_with_incoming_shutdown(connections, async { drop(stopped.await) });
        let served = tokio::spawn(async move { serving.await.unwrap() });
        Self { stop, served }
    }

    pub async fn stop(self) {
        drop(self.stop);
        self.served.await.unwrap();
    }
}

fn accepted(
    listener: tokio::net::TcpListener,
) -> impl Stream<Item = std::io::Result<tokio::net::TcpStream>> {
    futures::stream::unfold(listener, |listener| async {
        let accepted = listener.accept().await;
        Some((accepted.map(|(stream, _)| stream), listener))
    })
}

struct Answers {
    raise: u64,
    node: u64,
}

type Answer<T> = Result<Response<T>, Status>;

impl Answers {
    fn higher(&self, asked: Option<storage::Vote>) -> storage::Vote {
        let term = asked.map_or(0, |vote| vote.term) + self.raise;
        super::intruder::vote(term, self.node, false)
    }

    fn ballot(&self, request: Request<peer::VoteRequest>) -> Answer<peer::VoteResponse> {
        Ok(Response::new(peer::VoteResponse {
            vote: Some(self.higher(request.into_inner().vote)),
            granted: false,
            last_log_id: None,
        }))
    }
}

fn silent<T>() -> Answer<T> {
    Err(Status::unavailable("it says nothing else"))
}

#[tonic::async_trait]
impl Peer for Answers {
    async fn append(
        &self,
        request: Request<peer::AppendEntriesRequest>,
    ) -> Answer<peer::AppendEntriesResponse> {
        let higher = self.higher(request.into_inner().vote);
        Ok(Response::new(peer::AppendEntriesResponse {
            result: Some(peer::append_entries_response::Result::HigherVote(higher)),
        }))
    }

    async fn vote(&self, request: Request<peer::VoteRequest>) -> Answer<peer::VoteResponse> {
        self.ballot(request)
    }

    async fn pre_vote(&self, request: Request<peer::VoteRequest>) -> Answer<peer::VoteResponse> {
        self.ballot(request)
    }

    async fn install_snapshot(
        &self,
        _: Request<Streaming<peer::SnapshotChunk>>,
    ) -> Answer<peer::SnapshotResponse> {
        silent()
    }

    async fn transfer_leader(
        &self,
        _: Request<peer::TransferLeaderRequest>,
    ) -> Answer<peer::TransferLeaderResponse> {
        silent()
    }

    async fn propose(&self, _: Request<peer::ProposeRequest>) -> Answer<peer::ProposeResponse> {
        silent()
    }

    async fn join(&self, _: Request<peer::JoinRequest>) -> Answer<peer::JoinResponse> {
        silent()
    }

    /// It lets itself be added, and never catches up.
    async fn invite(&self, _: Request<peer::InviteRequest>) -> Answer<peer::InviteResponse> {
        let last = 9 + u8::try_from(self.node).unwrap();
        let listen_ip = super::ip(last).to_bits();
        Ok(Response::new(peer::InviteResponse {
            listen_ip,
            key: None,
        }))
    }

    async fn change_member(
        &self,
        _: Request<peer::ChangeMemberRequest>,
    ) -> Answer<peer::ChangeMemberResponse> {
        silent()
    }

    async fn health(&self, _: Request<peer::HealthRequest>) -> Answer<peer::HealthResponse> {
        silent()
    }

    async fn explain(&self, _: Request<peer::ExplainRequest>) -> Answer<peer::ExplainResponse> {
        silent()
    }
}
