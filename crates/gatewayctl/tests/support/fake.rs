//! A node that answers over real tonic on loopback with what the test scripted.

use std::net::SocketAddr;
use std::sync::Arc;

use api::proto::admin::admin_server::{Admin, AdminServer};
use api::proto::admin::{
    AddNodeRequest, BootstrapRequest, BootstrapResponse, CreateObjectRequest, DeleteObjectRequest,
    Done, ExplainRequest, ExplainResponse, GetProfileRequest, ListLeasesRequest,
    ListLeasesResponse, ListObjectsRequest, ListObjectsResponse, ProfileResponse,
    ReleaseLeaseRequest, RemoveNodeRequest, ReplaceObjectRequest, SetProfileRequest, StatusRequest,
    StatusResponse,
};
use api::proto::watch::watch_server::{Watch, WatchServer};
use api::proto::watch::{Event, EventsRequest};
use ipam::{AnyKey, AnyObject, Kind};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::{objects, sample};

/// What the node does with a change.
#[derive(Clone)]
pub enum Changes {
    Done,
    Refuse(Status),
    /// Refuses, and says what was asked for, so that a test can look at it.
    SayBack,
    Hang,
}

/// The script.
#[derive(Clone)]
pub struct Fake {
    pub status: StatusResponse,
    pub changes: Changes,
    /// What is said besides of a change that is done.
    pub notices: Vec<String>,
    /// What it lists, whatever kind of object it is asked for.
    pub lists: Option<Kind>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            status: sample::healthy(),
            changes: Changes::Done,
            notices: Vec::new(),
            lists: None,
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

    /// A node that refuses changes of objects, and says what it was asked for.
    pub fn saying_back() -> Self {
        Self {
            changes: Changes::SayBack,
            ..Self::default()
        }
    }

    fn say_back(&self, asked: &str) -> Result<(), Status> {
        match self.changes {
            Changes::SayBack => Err(Status::invalid_argument(asked)),
            _ => Ok(()),
        }
    }

    async fn change(&self) -> Result<Response<Done>, Status> {
        match &self.changes {
            Changes::Done => Ok(Response::new(Done {
                notices: self.notices.clone(),
            })),
            Changes::Refuse(status) => Err(status.clone()),
            Changes::SayBack => Err(Status::internal("this call is not said back")),
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

    async fn list_objects(
        &self,
        request: Request<ListObjectsRequest>,
    ) -> Result<Response<ListObjectsResponse>, Status> {
        let kind = api::objects::kind_of_number(request.into_inner().kind)
            .ok_or_else(|| Status::invalid_argument("no such kind"))?;
        Ok(Response::new(ListObjectsResponse {
            objects: objects::listed(self.lists.unwrap_or(kind)),
        }))
    }

    async fn create_object(
        &self,
        request: Request<CreateObjectRequest>,
    ) -> Result<Response<Done>, Status> {
        let CreateObjectRequest { object, force } = request.into_inner();
        let object = object.map(AnyObject::try_from).transpose();
        let object = object.map_err(|error| Status::internal(error.to_string()))?;
        self.say_back(&format!("{object:?}, force: {force}"))?;
        self.change().await
    }

    async fn replace_object(
        &self,
        _: Request<ReplaceObjectRequest>,
    ) -> Result<Response<Done>, Status> {
        self.change().await
    }

    async fn delete_object(
        &self,
        request: Request<DeleteObjectRequest>,
    ) -> Result<Response<Done>, Status> {
        let DeleteObjectRequest { key, expected } = request.into_inner();
        let key = key.map(AnyKey::try_from).transpose();
        let key = key.map_err(|error| Status::internal(error.to_string()))?;
        self.say_back(&format!("{key:?}, expected: {expected:?}"))?;
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
