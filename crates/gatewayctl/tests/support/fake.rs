//! A node that answers over real tonic on loopback with what the test scripted.

use std::net::SocketAddr;
use std::sync::Arc;

use api::proto::admin::admin_server::{Admin, AdminServer};
use api::proto::admin::{
    AddForwardRequest, AddNodeRequest, AddReservationRequest, BootstrapRequest, BootstrapResponse,
    Done, ExplainRequest, ExplainResponse, GetProfileRequest, ListForwardsRequest,
    ListForwardsResponse, ListLeasesRequest, ListLeasesResponse, ListReservationsRequest,
    ListReservationsResponse, ProfileResponse, ReleaseLeaseRequest, RemoveForwardRequest,
    RemoveNodeRequest, RemoveReservationRequest, SetProfileRequest, StatusRequest, StatusResponse,
};
use api::proto::watch::watch_server::{Watch, WatchServer};
use api::proto::watch::{Event, EventsRequest};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::sample;

/// What the node does with a change.
#[derive(Clone)]
pub enum Changes {
    Done,
    Refuse(Status),
    Hang,
}

/// The script.
#[derive(Clone)]
pub struct Fake {
    pub status: StatusResponse,
    pub changes: Changes,
    /// What is said besides of a change that is done.
    pub notices: Vec<String>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            status: sample::healthy(),
            changes: Changes::Done,
            notices: Vec::new(),
        }
    }
}

impl Fake {
    /// A node that refuses every change so.
    pub fn refusing(status: Status) -> Self {
        Self {
            changes: Changes::Refuse(status),
            ..Self::default()
        }
    }

    /// Serves until the test's runtime ends.
    pub async fn serve(self) -> SocketAddr {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        self.serve_at(any).await
    }

    /// The same at this address.
    pub async fn serve_at(self, address: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let node = Arc::new(self);
        let server = tonic::transport::Server::builder()
            .add_service(AdminServer::from_arc(Arc::clone(&node)))
            .add_service(WatchServer::from_arc(node))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        address
    }

    async fn change(&self) -> Result<Response<Done>, Status> {
        match &self.changes {
            Changes::Done => Ok(Response::new(Done {
                notices: self.notices.clone(),
            })),
            Changes::Refuse(status) => Err(status.clone()),
            Changes::Hang => std::future::pending().await,
        }
    }
}

#[tonic::async_trait]
impl Admin for Fake {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        Ok(Response::new(self.status.clone()))
    }

    async fn bootstrap(
        &self,
        _: Request<BootstrapRequest>,
    ) -> Result<Response<BootstrapResponse>, Status> {
        let already = !self.status.cluster_id.is_empty();
        self.change().await?;
        Ok(Response::new(BootstrapResponse {
            cluster_id: "c8f80c9ab7bf50d6f810aff31720c9a0".to_owned(),
            already,
        }))
    }

    async fn explain(
        &self,
        _: Request<ExplainRequest>,
    ) -> Result<Response<ExplainResponse>, Status> {
        Ok(Response::new(sample::explained()))
    }

    async fn list_leases(
        &self,
        request: Request<ListLeasesRequest>,
    ) -> Result<Response<ListLeasesResponse>, Status> {
        let wanted = request.into_inner().address;
        let mut leases = sample::leases();
        leases.retain(|lease| {
            wanted
                .as_ref()
                .is_none_or(|address| *address == lease.address)
        });
        Ok(Response::new(ListLeasesResponse { leases }))
    }

    async fn release_lease(
        &self,
        _: Request<ReleaseLeaseRequest>,
    ) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn list_reservations(
        &self,
        _: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        Ok(Response::new(ListReservationsResponse {
            reservations: sample::reservations(),
        }))
    }

    async fn add_reservation(
        &self,
        _: Request<AddReservationRequest>,
    ) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn remove_reservation(
        &self,
        _: Request<RemoveReservationRequest>,
    ) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn list_forwards(
        &self,
        _: Request<ListForwardsRequest>,
    ) -> Result<Response<ListForwardsResponse>, Status> {
        Ok(Response::new(ListForwardsResponse {
            forwards: sample::forwards(),
        }))
    }

    /// Says back what it was asked for, so that a test can look at it.
    async fn add_forward(
        &self,
        request: Request<AddForwardRequest>,
    ) -> Result<Response<Done>, Status> {
        let request = request.into_inner();
        match &request.forward {
            Some(forward) if forward.port == 1 => {
                Err(Status::invalid_argument(format!("{request:?}")))
            }
            _ => self.change().await,
        }
    }

    async fn remove_forward(
        &self,
        _: Request<RemoveForwardRequest>,
    ) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn add_node(&self, _: Request<AddNodeRequest>) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn remove_node(&self, _: Request<RemoveNodeRequest>) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn get_profile(
        &self,
        _: Request<GetProfileRequest>,
    ) -> Result<Response<ProfileResponse>, Status> {
        Ok(Response::new(ProfileResponse {
            agreed: "lan".to_owned(),
            used: "lan".to_owned(),
            ..ProfileResponse::default()
        }))
    }

    async fn set_profile(&self, _: Request<SetProfileRequest>) -> Result<Response<Done>, Status> {
        self.change().await
    }
}

#[tonic::async_trait]
impl Watch for Fake {
    type EventsStream = tokio_stream::Iter<std::vec::IntoIter<Result<Event, Status>>>;

    async fn events(
        &self,
        _: Request<EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        let events: Vec<_> = sample::events().into_iter().map(Ok).collect();
        Ok(Response::new(tokio_stream::iter(events)))
    }
}
