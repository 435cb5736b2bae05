//! The admin service: each call is a read of this node's view, or a command and its outcome.

use super::audit::Change;
use super::{Daemon, before, explain, profile, status, text};
use crate::config::SUBNET;
use api::proto::admin as wire;
use api::proto::admin::admin_server::Admin;
use cluster::{MembershipError, ProposeError};
use ipam::{ClientKey, Command, ForwardTarget, NodeId, Outcome, Refusal, State};
use std::net::Ipv4Addr;
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
    async fn run(&self, change: Change, command: Command) -> Answer<wire::Done> {
        let outcome = match self.daemon.cluster.propose(command).await {
            Ok(Outcome::Refused(refusal)) => Err(refused(&refusal)),
            Ok(_) => Ok(Response::new(wire::Done::default())),
            Err(error) => Err(not_committed(error)),
        };
        change.log(&outcome);
        outcome
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
            let change = Change {
                verb: "bootstrap",
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
        let change = Change {
            verb: "lease release",
            object: address.to_string(),
            before: self.read(|state| before::lease(state, address)),
            after: "none".to_owned(),
            from,
        };
        let revoke = Command::RevokeLease {
            subnet,
            address,
            keep_record: true,
        };
        self.run(change, revoke).await
    }

    async fn list_reservations(
        &self,
        _: Request<wire::ListReservationsRequest>,
    ) -> Answer<wire::ListReservationsResponse> {
        let reservations = self.read(|state| {
            let subnets = state.subnets().iter();
            let reservations = subnets.flat_map(|(id, subnet)| {
                subnet
                    .reservations()
                    .iter()
                    .map(move |(client, address)| wire::Reservation {
                        client: client.to_string(),
                        address: address.to_string(),
                        subnet_id: id.0,
                    })
            });
            reservations.collect()
        });
        Ok(Response::new(wire::ListReservationsResponse {
            reservations,
        }))
    }

    async fn add_reservation(
        &self,
        request: Request<wire::AddReservationRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let address = text::parse_address(&request.address)?;
        let client = text::parse_client(&request.client)?;
        let subnet = self.read(|state| state.subnet_containing(address).map(|s| s.config().id));
        let subnet =
            subnet.ok_or_else(|| Status::not_found(format!("{address} is in no subnet")))?;
        let change = Change {
            verb: "reservation add",
            object: client.to_string(),
            before: self.read(|state| before::reservation(state, subnet, &client)),
            after: address.to_string(),
            from,
        };
        let command = Command::AddReservation {
            subnet,
            client,
            address,
        };
        self.run(change, command).await
    }

    async fn remove_reservation(
        &self,
        request: Request<wire::RemoveReservationRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let client = text::parse_client(&request.into_inner().client)?;
        let change = Change {
            verb: "reservation remove",
            object: client.to_string(),
            before: self.read(|state| before::reservation(state, SUBNET, &client)),
            after: "none".to_owned(),
            from,
        };
        let notices = self.read(|state| left_open(state, &client));
        let command = Command::RemoveReservation {
            subnet: SUBNET,
            client,
        };
        self.run(change, command).await?;
        Ok(Response::new(wire::Done { notices }))
    }

    async fn list_forwards(
        &self,
        _: Request<wire::ListForwardsRequest>,
    ) -> Answer<wire::ListForwardsResponse> {
        let forwards = self.read(|state| {
            let forwards = state.nat().forwards.iter();
            forwards
                .map(|(key, forward)| text::show_forward(*key, forward, state.resolve(forward)))
                .collect()
        });
        Ok(Response::new(wire::ListForwardsResponse { forwards }))
    }

    async fn add_forward(&self, request: Request<wire::AddForwardRequest>) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let wire::AddForwardRequest { forward, force } = request.into_inner();
        let forward = forward.ok_or_else(|| Status::invalid_argument("there is no forward"))?;
        let (key, forward) = text::parse_forward(&forward, SUBNET)?;
        let forced = if force { ", by force" } else { "" };
        let change = Change {
            verb: "forward add",
            object: key.to_string(),
            before: self.read(|state| before::forward(state, key)),
            after: format!("{}{forced}", before::target(&forward)),
            from,
        };
        let notices = self.read(|state| forward_notices(state, &forward.target));
        let command = Command::AddForward {
            key,
            forward,
            force,
        };
        self.run(change, command).await?;
        Ok(Response::new(wire::Done { notices }))
    }

    async fn remove_forward(
        &self,
        request: Request<wire::RemoveForwardRequest>,
    ) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let key = text::parse_forward_key(&request.protocol, request.port)?;
        let change = Change {
            verb: "forward remove",
            object: key.to_string(),
            before: self.read(|state| before::forward(state, key)),
            after: "none".to_owned(),
            from,
        };
        self.run(change, Command::RemoveForward(key)).await
    }

    async fn add_node(&self, request: Request<wire::AddNodeRequest>) -> Answer<wire::Done> {
        let from = request.remote_addr();
        let request = request.into_inner();
        let node = NodeId(request.node_id);
        let change = Change {
            verb: "node add",
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
        let change = Change {
            verb: "node remove",
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
            return self.run(change, Command::SetProfile(wanted)).await;
        }
        let set = profile::set_local(&self.daemon.cluster, wanted).await;
        let outcome = set.map(|()| Response::new(wire::Done::default()));
        change.log(&outcome);
        outcome
    }
}

/// What is allowed, and may surprise.
fn forward_notices(state: &State, target: &ForwardTarget) -> Vec<String> {
    let address = match target {
        ForwardTarget::Address(address) => address,
        ForwardTarget::Client { subnet, client } => {
            let subnet = state.subnets().get(subnet);
            return match subnet.and_then(|subnet| subnet.bound_lease_of(client)) {
                Some(_) => Vec::new(),
                None => vec![format!(
                    "{client} has no lease now: the port leads nowhere until it has one (is that the \
                     client? `gatewayctl lease list`)"
                )],
            };
        }
    };
    let subnet = state.subnet_containing(*address);
    let dynamic = subnet.is_some_and(|subnet| {
        subnet.config().is_dynamic(*address) && subnet.reservations().client_of(*address).is_none()
    });
    if !dynamic {
        return Vec::new();
    }
    vec![format!(
        "{address} is in the pool and reserved for nobody: whoever leases it next gets this traffic. \
         Reserve it (gatewayctl reservation add), or use --to-client"
    )]
}

/// Forwards to an address that loses its reservation, one line each.
fn left_open(state: &State, client: &ClientKey) -> Vec<String> {
    let subnet = state.subnets().get(&SUBNET);
    let reserved = subnet.and_then(|subnet| subnet.reservations().address_of(client));
    let dynamic =
        |address: &Ipv4Addr| subnet.is_some_and(|subnet| subnet.config().is_dynamic(*address));
    let Some(address) = reserved.filter(dynamic) else {
        return Vec::new();
    };
    let forwards = state.nat().forwards.iter();
    let left = forwards.filter(|(_, forward)| forward.target == ForwardTarget::Address(address));
    left.map(|(key, _)| {
        format!(
            "{key} is forwarded to {address}, which is reserved for nobody now: whoever leases it next gets \
             this traffic. `gatewayctl forward remove {} {}`, or reserve the address again",
            key.protocol.name(),
            key.port
        )
    })
    .collect()
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
        Refusal::NotFound(_) | Refusal::UnknownSubnet(_) => Status::not_found(text),
        Refusal::PortTaken | Refusal::AlreadyReserved(_) | Refusal::ReservedForAnother { .. } => {
            Status::already_exists(text)
        }
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
    fn forward_to_a_client_without_a_lease_is_noted() -> Result<(), Status> {
        let target = ForwardTarget::Client {
            subnet: SUBNET,
            client: text::parse_client("02:aa:00:00:00:77")?,
        };
        let notices = forward_notices(&State::default(), &target);
        assert_eq!(notices.len(), 1);
        assert!(
            notices[0].starts_with("02:aa:00:00:00:77 has no lease now"),
            "{notices:?}"
        );
        Ok(())
    }

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
