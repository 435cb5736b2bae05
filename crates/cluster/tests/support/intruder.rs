//! A peer that says what it likes: the wire's messages, from whoever it says it is.

use super::Site;
use api::proto::peer::peer_client::PeerClient;
use api::proto::{peer, storage};
use cluster::PeerTls;
use std::fs::read;
use std::time::Duration;
use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// How long a node may take to refuse.
const ANSWER: Duration = Duration::from_secs(10);

/// The cluster id of [`super::bootstrap`].
pub const CLUSTER: [u8; 16] = [7; 16];

/// Speaks to one node as `from`, in a cluster that it names.
#[derive(Clone)]
pub struct Intruder {
    pub client: PeerClient<Channel>,
    pub from: u64,
    pub to: u64,
    pub cluster_id: Vec<u8>,
}

impl Intruder {
    /// Without TLS `shows` is ignored.
    pub fn new(site: &Site, to: u64, from: u64, shows: Option<&PeerTls>) -> Self {
        let address = site.address(to);
        let endpoint = match shows {
            None => Endpoint::from_shared(format!("http://{address}")).unwrap(),
            Some(files) => {
                let tls = ClientTlsConfig::new()
                    .ca_certificate(Certificate::from_pem(read(&files.ca).unwrap()))
                    .domain_name(format!("gatewayd-node-{to}"))
                    .identity(Identity::from_pem(
                        read(&files.certificate).unwrap(),
                        read(&files.key).unwrap(),
                    ));
                let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
                endpoint.tls_config(tls).unwrap()
            }
        };
        Self {
            client: PeerClient::new(endpoint.timeout(ANSWER).connect_lazy()),
            from,
            to,
            cluster_id: CLUSTER.to_vec(),
        }
    }

    pub fn route(&self) -> Option<peer::Route> {
        Some(peer::Route {
            from: self.from,
            to: self.to,
            cluster_id: self.cluster_id.clone(),
        })
    }

    pub async fn append(
        &self,
        request: peer::AppendEntriesRequest,
    ) -> Result<peer::AppendEntriesResponse, Status> {
        let route = self.route();
        let request = peer::AppendEntriesRequest { route, ..request };
        let answer = self.client.clone().append(request).await?;
        Ok(answer.into_inner())
    }

    /// A heartbeat with this vote.
    pub async fn heartbeat(
        &self,
        vote: storage::Vote,
    ) -> Result<peer::AppendEntriesResponse, Status> {
        let vote = Some(vote);
        let request = peer::AppendEntriesRequest {
            vote,
            ..peer::AppendEntriesRequest::default()
        };
        self.append(request).await
    }

    pub async fn vote(&self, request: peer::VoteRequest) -> Result<peer::VoteResponse, Status> {
        let route = self.route();
        let request = peer::VoteRequest { route, ..request };
        Ok(self.client.clone().vote(request).await?.into_inner())
    }

    pub async fn pre_vote(&self, request: peer::VoteRequest) -> Result<peer::VoteResponse, Status> {
        let route = self.route();
        let request = peer::VoteRequest { route, ..request };
        Ok(self.client.clone().pre_vote(request).await?.into_inner())
    }

    pub async fn transfer(
        &self,
        request: peer::TransferLeaderRequest,
    ) -> Result<peer::TransferLeaderResponse, Status> {
        let route = self.route();
        let request = peer::TransferLeaderRequest { route, ..request };
        Ok(self
            .client
            .clone()
            .transfer_leader(request)
            .await?
            .into_inner())
    }

    pub async fn snapshot(
        &self,
        header: peer::SnapshotHeader,
        data: Vec<u8>,
    ) -> Result<peer::SnapshotResponse, Status> {
        let route = self.route();
        let header = peer::SnapshotHeader { route, ..header };
        let parts = [
            peer::snapshot_chunk::Part::Header(header),
            peer::snapshot_chunk::Part::Data(data),
        ];
        let chunks = parts.map(|part| peer::SnapshotChunk { part: Some(part) });
        let chunks = futures::stream::iter(chunks);
        Ok(self
            .client
            .clone()
            .install_snapshot(chunks)
            .await?
            .into_inner())
    }

    pub async fn propose(&self, command: &ipam::Command) -> Result<peer::ProposeResponse, Status> {
        let request = peer::ProposeRequest {
            commands: vec![(&command.clone().of(ipam::RequestId(1))).into()],
            timeout_millis: 2000,
            route: self.route(),
        };
        Ok(self.client.clone().propose(request).await?.into_inner())
    }
}

pub fn vote(term: u64, node_id: u64, committed: bool) -> storage::Vote {
    storage::Vote {
        term,
        node_id,
        committed,
    }
}

pub fn log_id(term: u64, index: u64) -> Option<storage::LogId> {
    Some(storage::LogId { term, index })
}
