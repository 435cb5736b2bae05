//! The admin service: each call is a read of this node's view, or a command and its outcome.

use super::audit;
use super::{Daemon, before, explain, objects, profile, status, text};
use api::proto::admin as wire;
use api::proto::admin::admin_server::Admin;
use cluster::{MembershipError, ProposeError};
use ipam::{
    AddressRefusal, Change, ClusterCommand, ClusterRefusal, Command, NodeId, ObjectCommand,
    ObjectRefusal, Operator, Outcome, Refusal, State,
};
use std::net::SocketAddr;
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Answers operators.
pub struct AdminService {
    daemon: Arc<Daemon>,
}

type Answer<T> = Result<Response<T>, Status>;

impl AdminService {
    /// For this daemon.
    pub const fn new(daemon: Arc<Daemon>) -> Self {
        Self { daemon }
    }

    /// Proposes the change, and logs it with what came of it.
    async fn run(&self, change: audit::Change, command: impl Into<Command>) -> Answer<wire::Done> {
        let outcome = match self.daemon.cluster.propose(command.into()).await {
            Ok(Outcome::Refused(refusal)) => Err(refused(&refusal)),
            Ok(_) => Ok(Response::new(wire::Done::default())),
            Err(error) => Err(not_committed(error)),
        };
        change.log(&outcome);
        outcome
    }

    /// Changes an object, and says what may surprise of it.
    async fn change(
        &self,
        change: Change,
        force: bool,
        from: Option<SocketAddr>,
    ) -> Answer<wire::Done> {
        objects::check_kind(&change)?;
        let line = self.read(|state| objects::audit_line(state, &change, force, from));
        let notices = self.read(|state| objects::notices(state, &change));
        let operator = self.operator(from);
        let command = ObjectCommand {
            operator,
            change,
            force,
        };
        self.run(line, command).await?;
        Ok(Response::new(wire::Done { notices }))
    }

    /// Who asks, as this node knows it.
    fn operator(&self, from: Option<SocketAddr>) -> Operator {
        Operator {
            node: self.daemon.cluster.status().node,
            from: from.map(|from| from.to_string()).unwrap_or_default(),
        }
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        self.daemon.cluster.read(read)
    }
}

#[tonic::async_trait]
impl Admin for AdminService {
    async fn status(&self, _: Request<wire::StatusRequest>) -> Answer<wire::StatusResponse> {
        Ok(Response::new(status::status(&self.daemon)))
    }

    async fn bootstrap(
        &self,
        request: Request<wire::BootstrapRequest>,
    ) -> Answer<wire::BootstrapResponse> {
        let already = self.read(|state| state.cluster_id().is_some());
        if !already {
            let change = audit::Change {
                verb: "bootstrap".to_owned(),
                object: format!("node {}", self.daemon.cluster.status().node),
                before: "no cluster".to_owned(),
                after: "the first node of one".to_owned(),
                from: request.remote_addr(),
            };
            let outcome = self.daemon.bootstrap(request.into_inner().alone).await;
            let outcome = outcome.map_err(Status::failed_precondition);
            change.log(&outcome);
            outcome?;
        }
        let cluster_id = self.read(ipam::State::cluster_id);
        Ok(Response::new(wire::BootstrapResponse {
            cluster_id: cluster_id.map(|id| status::hex(&id)).unwrap_or_default(),
            already,
        }))
    }

    async fn explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Answer<wire::ExplainResponse> {
        let answer = explain::explain(&self.daemon, request.into_inner()).await;
        answer.map(Response::new)
    }

    async fn list_leases(
        &self,
        request: Request<wire::ListLeasesRequest>,
    ) -> Answer<wire::ListLeasesResponse> {
        let request = request.into_inner();
        let address = request
            .address
            .as_deref()
            .map(text::parse_address)
            .transpose()?;
        let client = request
            .client
            .as_deref()
            .map(text::parse_client)
            .transpose()?;
        let now = self.daemon.cluster.clock_estimate();
        let leases = self.read(|state| {
            let subnets = state.subnets().iter();
            let leases = subnets.flat_map(|(id, subnet)| {
                subnet
                    .leases()
                    .iter()
                    .map(move |(address, lease)| (*id, address, lease))
            });
            leases
                .filter(|(_, at, _)| address.is_none_or(|wanted| *at == wanted))
                .filter(|(_, _, lease)| {
                    client.as_ref().is_none_or(|wanted| lease.client == *wanted)
                })
                .map(|(id, at, lease)| text::show_lease(id, at, lease, now))
                .collect()
        });
        Ok(Response::new(wire::ListLeasesResponse { leases }))
    }

    async fn release_lease(
        &self,
        request: Request<wire::ReleaseLeaseRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let address = text::parse_address(&request.into_inner().address)?;
        let subnet = self.read(|state| state.subnet_containing(address).map(|s| s.config().id));
        let subnet =
            subnet.ok_or_else(|| Status::not_found(format!("{address} is in no subnet")))?;
        let change = audit::Change {
            verb: "lease release".to_owned(),
            object: address.to_string(),
            before: self.read(|state| before::lease(state, address)),
            after: "none".to_owned(),
            from,
        };
        let revoke = ClusterCommand::RevokeLease {
            operator: self.operator(from),
            subnet,
            address,
        };
        self.run(change, revoke).await
    }

    async fn list_objects(
        &self,
        request: Request<wire::ListObjectsRequest>,
    ) -> Answer<wire::ListObjectsResponse> {
        let kind = objects::kind(request.into_inner().kind)?;
        Ok(Response::new(self.read(|state| objects::list(state, kind))))
    }

    async fn create_object(
        &self,
        request: Request<wire::CreateObjectRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let wire::CreateObjectRequest { object, force } = request.into_inner();
        let change = Change::Create(objects::object(object)?);
        self.change(change, force, from).await
    }

    async fn replace_object(
        &self,
        request: Request<wire::ReplaceObjectRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let change = Change::Replace {
            object: objects::object(request.object)?,
            expected: request.expected,
        };
        self.change(change, request.force, from).await
    }

    async fn delete_object(
        &self,
        request: Request<wire::DeleteObjectRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let wire::DeleteObjectRequest { key, expected } = request.into_inner();
        let key = objects::key(key)?;
        self.change(Change::Delete { key, expected }, false, from)
            .await
    }

    async fn add_node(&self, request: Request<wire::AddNodeRequest>) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let node = NodeId(request.node_id);
        let change = audit::Change {
            verb: "node add".to_owned(),
            object: format!("node {node}"),
            before: before::member(&self.daemon.cluster.status(), node),
            after: format!("member at {}", request.peer_address),
            from,
        };
        let added = self
            .daemon
            .cluster
            .add_node(node, &request.peer_address)
            .await;
        let outcome = added
            .map(|()| Response::new(wire::Done::default()))
            .map_err(|error| membership(&error));
        change.log(&outcome);
        outcome
    }

    async fn remove_node(&self, request: Request<wire::RemoveNodeRequest>) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let node = NodeId(request.into_inner().node_id);
        let change = audit::Change {
            verb: "node remove".to_owned(),
            object: format!("node {node}"),
            before: before::member(&self.daemon.cluster.status(), node),
            after: "no member".to_owned(),
            from,
        };
        let removed = self.daemon.cluster.remove_node(node).await;
        let outcome = removed
            .map(|()| Response::new(wire::Done::default()))
            .map_err(|error| membership(&error));
        change.log(&outcome);
        outcome
    }

    async fn get_profile(
        &self,
        _: Request<wire::GetProfileRequest>,
    ) -> Answer<wire::ProfileResponse> {
        Ok(Response::new(profile::show(&self.daemon.cluster.profile())))
    }

    async fn set_profile(&self, request: Request<wire::SetProfileRequest>) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let wanted = profile::parse(&request.profile)?;
        let now = self.daemon.cluster.profile();
        let change = profile::change(&now, wanted, request.local, from);
        if !request.local {
            let operator = self.operator(from);
            let profile = wanted;
            let set = ClusterCommand::SetProfile { operator, profile };
            return self.run(change, set).await;
        }
        let set = profile::set_local(&self.daemon.cluster, wanted).await;
        let outcome = set.map(|()| Response::new(wire::Done::default()));
        change.log(&outcome);
        outcome
    }
}

/// `UNAVAILABLE` is this node's word that nothing was proposed (gatewayctl ends with 3, not with 1: the
/// cluster has refused nothing).
fn not_committed(error: ProposeError) -> Status {
    match error {
        ProposeError::Unavailable(reason) => Status::unavailable(reason),
        ProposeError::Unknown(reason) => Status::unknown(format!(
            "it is unknown whether the change was made: {reason}; look before you repeat it"
        )),
    }
}

fn refused(refusal: &Refusal) -> Status {
    let text = refusal.to_string();
    match refusal {
        Refusal::Object(ObjectRefusal::NotFound(_) | ObjectRefusal::UnknownSubnet(_))
        | Refusal::Cluster(ClusterRefusal::NoLease(_) | ClusterRefusal::UnknownSubnet(_)) => {
            Status::not_found(text)
        }
        Refusal::Object(
            ObjectRefusal::Exists(_)
            | ObjectRefusal::Address(AddressRefusal::ReservedForAnother { .. }),
        ) => Status::already_exists(text),
        _ => Status::failed_precondition(text),
    }
}

fn membership(error: &MembershipError) -> Status {
    match error {
        MembershipError::Unknown(_) => Status::unknown(error.to_string()),
        // One of several steps failed: what was done before it stays done.
        MembershipError::NotDone(_) => Status::aborted(error.to_string()),
        MembershipError::NoLeader => Status::unavailable(error.to_string()),
        MembershipError::NotLeader { .. }
        | MembershipError::Rejected(_)
        | MembershipError::Unreachable { .. } => Status::failed_precondition(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    #[test]
    fn what_was_not_proposed_is_not_a_refusal_of_the_cluster() {
        let reason = || "there is no leader".to_owned();
        let code = |error| not_committed(error).code();
        assert_eq!(code(ProposeError::Unavailable(reason())), Code::Unavailable);
        assert_eq!(code(ProposeError::Unknown(reason())), Code::Unknown);
        let code = |error| membership(&error).code();
        assert_eq!(code(MembershipError::NoLeader), Code::Unavailable);
        assert_eq!(code(MembershipError::NotDone(reason())), Code::Aborted);
        assert_eq!(code(MembershipError::Unknown(reason())), Code::Unknown);
    }
}
