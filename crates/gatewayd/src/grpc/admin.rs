//! The admin service: each call is one of an operator's operations.

use super::{decode, encode, error, status};
use api::proto::admin as wire;
use api::proto::admin::admin_server::Admin;
use ipam::{Change, NodeId};
use operator::{LeaseFilter, Operations, OperatorError, text};
use tonic::{Request, Response, Status};

/// Answers operators.
pub(super) struct AdminService {
    operations: Operations,
}

type Answer<T> = Result<Response<T>, Status>;

impl AdminService {
    /// On this node.
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }

    /// Makes the change that a request asks for.
    async fn change<T>(
        &self,
        request: Request<T>,
        decode: impl FnOnce(T) -> Result<(Change, bool), OperatorError>,
    ) -> Answer<wire::Done> {
        let caller = decode::caller(&request);
        let (change, force) =
            decode(request.into_inner()).map_err(|error| error::status(&error))?;
        let notices = self.operations.change(&caller, change, force).await;
        answer(notices.map(|notices| wire::Done { notices }))
    }
}

fn answer<T>(outcome: Result<T, OperatorError>) -> Answer<T> {
    outcome
        .map(Response::new)
        .map_err(|error| error::status(&error))
}

fn done(outcome: Result<(), OperatorError>) -> Answer<wire::Done> {
    answer(outcome.map(|()| wire::Done::default()))
}

#[tonic::async_trait]
impl Admin for AdminService {
    async fn status(&self, _: Request<wire::StatusRequest>) -> Answer<wire::StatusResponse> {
        Ok(Response::new(status::of(&self.operations)))
    }

    async fn bootstrap(
        &self,
        request: Request<wire::BootstrapRequest>,
    ) -> Answer<wire::BootstrapResponse> {
        let caller = decode::caller(&request);
        let alone = request.into_inner().alone;
        let bootstrapped = self.operations.bootstrap(&caller, alone).await;
        answer(bootstrapped.map(|bootstrapped| wire::BootstrapResponse {
            cluster_id: encode::cluster_id(bootstrapped.cluster_id),
            already: bootstrapped.already,
        }))
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Answer<wire::ExplainResponse> {
        let client = text::parse_client(&request.into_inner().client)
            .map_err(|error| error::status(&error))?;
        let explanation = self.operations.explain(&client).await;
        answer(Ok(encode::explanation(client.to_string(), explanation)))
    }

    async fn list_leases(
        &self,
        request: Request<wire::ListLeasesRequest>,
    ) -> Answer<wire::ListLeasesResponse> {
        let wire::ListLeasesRequest { address, client } = request.into_inner();
        let address = address.as_deref().map(text::parse_address).transpose();
        let client = client.as_deref().map(text::parse_client).transpose();
        let filter = LeaseFilter {
            address: address.map_err(|error| error::status(&error))?,
            client: client.map_err(|error| error::status(&error))?,
        };
        let leases = self.operations.leases(&filter);
        let leases = leases.iter().map(encode::lease).collect();
        answer(Ok(wire::ListLeasesResponse { leases }))
    }

    async fn release_lease(
        &self,
        request: Request<wire::ReleaseLeaseRequest>,
    ) -> Answer<wire::Done> {
        let caller = decode::caller(&request);
        let address = text::parse_address(&request.into_inner().address);
        let address = address.map_err(|error| error::status(&error))?;
        done(self.operations.release_lease(&caller, address).await)
    }

    async fn list_objects(
        &self,
        request: Request<wire::ListObjectsRequest>,
    ) -> Answer<wire::ListObjectsResponse> {
        let kind =
            decode::kind(request.into_inner().kind).map_err(|error| error::status(&error))?;
        let objects = self.operations.list(kind).into_iter();
        let objects = objects.map(encode::object).collect();
        answer(Ok(wire::ListObjectsResponse { objects }))
    }

    async fn create_object(
        &self,
        request: Request<wire::CreateObjectRequest>,
    ) -> Answer<wire::Done> {
        let decode = |request: wire::CreateObjectRequest| {
            let object = decode::object(request.object)?;
            Ok((Change::Create(object), request.force))
        };
        self.change(request, decode).await
    }

    async fn replace_object(
        &self,
        request: Request<wire::ReplaceObjectRequest>,
    ) -> Answer<wire::Done> {
        let decode = |request: wire::ReplaceObjectRequest| {
            let object = decode::object(request.object)?;
            let expected = request.expected;
            Ok((Change::Replace { object, expected }, request.force))
        };
        self.change(request, decode).await
    }

    async fn delete_object(
        &self,
        request: Request<wire::DeleteObjectRequest>,
    ) -> Answer<wire::Done> {
        let decode = |request: wire::DeleteObjectRequest| {
            let key = decode::key(request.key)?;
            let expected = request.expected;
            Ok((Change::Delete { key, expected }, false))
        };
        self.change(request, decode).await
    }

    async fn add_node(&self, request: Request<wire::AddNodeRequest>) -> Answer<wire::Done> {
        let caller = decode::caller(&request);
        let wire::AddNodeRequest {
            node_id,
            peer_address,
        } = request.into_inner();
        let node = NodeId(node_id);
        done(self.operations.add_node(&caller, node, &peer_address).await)
    }

    async fn remove_node(&self, request: Request<wire::RemoveNodeRequest>) -> Answer<wire::Done> {
        let caller = decode::caller(&request);
        let node = NodeId(request.into_inner().node_id);
        done(self.operations.remove_node(&caller, node).await)
    }

    async fn get_profile(
        &self,
        _: Request<wire::GetProfileRequest>,
    ) -> Answer<wire::ProfileResponse> {
        answer(Ok(encode::profile(&self.operations.profile())))
    }

    async fn set_profile(&self, request: Request<wire::SetProfileRequest>) -> Answer<wire::Done> {
        let caller = decode::caller(&request);
        let wire::SetProfileRequest { profile, local } = request.into_inner();
        let profile = text::parse_profile(&profile).map_err(|error| error::status(&error))?;
        done(if local {
            self.operations.set_local_profile(&caller, profile).await
        } else {
            self.operations.set_profile(&caller, profile).await
        })
    }
}
