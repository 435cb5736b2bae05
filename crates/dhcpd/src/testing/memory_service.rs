//! The replicated state machine in one process, as a lease service.

use crate::port::{ClientView, LeaseService, LeaseView, ProposeError, ServiceView};
use async_trait::async_trait;
use ipam::{
    AddressRange, Batch, Bootstrap, Change, ClientIdentity, ClusterCommand, ClusterTime, Command,
    ForwardPolicy, Ipv4Network, LeaseCommand, LogPosition, NodeId, NodeRegistration, ObjectCommand,
    Operator, Outcome, RequestId, Span, Stamp, State, SubnetConfig, SubnetId,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is wrong with the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Proposals fail for certain; the node is out of service.
    NoQuorum,
    /// Proposals are applied, but their outcome is reported as unknown.
    OutcomeLost,
}

/// A lease service in memory.
#[derive(Debug)]
pub struct MemoryLeaseService(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    state: State,
    index: u64,
    clock: ClusterTime,
    fault: Fault,
    nodes_in_service: Vec<NodeId>,
    proposed: Vec<Command>,
    next_request: u64,
    /// The requests that commands were proposed for.
    requests: Vec<RequestId>,
}

impl MemoryLeaseService {
    /// A cluster with one subnet and these nodes, all in service.
    ///
    /// # Panics
    /// If the configuration is refused.
    #[must_use]
    pub fn new(config: &SubnetConfig, nodes: &[(NodeId, Ipv4Addr)]) -> Self {
        let service = Self(Mutex::new(Inner {
            state: State::default(),
            index: 0,
            clock: ClusterTime(1000),
            fault: Fault::None,
            nodes_in_service: nodes.iter().map(|(node, _)| *node).collect(),
            proposed: Vec::new(),
            next_request: 1,
            requests: Vec::new(),
        }));
        let bootstrap = Bootstrap {
            cluster_id: [7; 16],
            subnet: config.clone(),
            source_nat: None,
            forward_policy: ForwardPolicy::Drop,
        };
        let register = nodes.iter().map(|(node, listen_ip)| {
            let peer_address = format!("{listen_ip}:7400");
            Command::from(NodeRegistration {
                node: *node,
                listen: BTreeMap::from([(config.id, *listen_ip)]),
                peer_address,
                listeners: BTreeMap::new(),
                addresses: Default::default(),
            })
        });
        for command in std::iter::once(Command::from(bootstrap)).chain(register) {
            let outcome = service.apply(&command);
            assert_eq!(outcome, Outcome::Done, "{command:?}");
        }
        service.lock().proposed.clear();
        service
    }

    /// Commits a command.
    ///
    /// # Panics
    /// If the state machine breaks its word and gives no outcome.
    pub fn apply(&self, command: &Command) -> Outcome {
        let mut inner = self.lock();
        inner.index += 1;
        let position = LogPosition {
            term: 1,
            index: inner.index,
        };
        let stamp = Some(Stamp {
            term: 1,
            time: inner.clock,
        });
        let batch = Batch {
            stamp,
            commands: vec![command.clone().of(RequestId(inner.index))],
        };
        inner.proposed.push(command.clone());
        let effects = inner.state.apply(position, &batch);
        effects
            .outcomes
            .into_iter()
            .next()
            .expect("one outcome for each command")
    }

    /// An operator changes an object.
    pub fn change(&self, change: Change) -> Outcome {
        let operator = Operator::default();
        self.apply(&Command::from(ObjectCommand {
            operator,
            change,
            force: false,
        }))
    }

    /// An operator takes an address back.
    pub fn revoke(&self, subnet: SubnetId, address: Ipv4Addr) -> Outcome {
        let operator = Operator::default();
        self.apply(&Command::from(ClusterCommand::RevokeLease {
            operator,
            subnet,
            address,
        }))
    }

    /// What [`LeaseService::propose`] answers, without awaiting.
    pub fn propose_now(&self, command: &LeaseCommand) -> Result<Outcome, ProposeError> {
        let fault = self.lock().fault.clone();
        let command = &Command::from(command.clone());
        match fault {
            Fault::None => Ok(self.apply(command)),
            Fault::NoQuorum => Err(ProposeError::Unavailable("no quorum in reach".into())),
            Fault::OutcomeLost => {
                self.apply(command);
                Err(ProposeError::Unknown)
            }
        }
    }

    /// Lets time pass on the cluster clock.
    pub fn pass(&self, span: Span) {
        let clock = {
            let mut inner = self.lock();
            inner.clock = inner.clock + span;
            inner.clock
        };
        tracing::trace!(%clock, "time passes");
        self.apply(&Command::TICK);
    }

    /// Breaks or mends the cluster.
    pub fn set_fault(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// Says which nodes are in service.
    pub fn set_nodes_in_service(&self, nodes: &[NodeId]) {
        self.lock().nodes_in_service = nodes.to_vec();
    }

    /// The commands proposed since this was last asked.
    pub fn take_proposed(&self) -> Vec<Command> {
        std::mem::take(&mut self.lock().proposed)
    }

    /// The requests that commands were proposed for by [`LeaseService::propose`] since this was last asked.
    pub fn take_requests(&self) -> Vec<RequestId> {
        std::mem::take(&mut self.lock().requests)
    }

    /// A copy of the state.
    #[must_use]
    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeaseView for MemoryLeaseService {
    fn subnet_config(&self, subnet: SubnetId) -> Option<Arc<SubnetConfig>> {
        let inner = self.lock();
        inner
            .state
            .subnets()
            .get(&subnet)
            .map(|subnet| subnet.shared_config())
    }

    fn client(&self, subnet: SubnetId, client: &ClientIdentity) -> ClientView {
        let inner = self.lock();
        let subnet = inner.state.subnets().get(&subnet);
        subnet
            .map(|subnet| ClientView::of(subnet, client))
            .unwrap_or_default()
    }

    fn free_candidates(&self, subnet: SubnetId, limit: usize) -> Vec<Ipv4Addr> {
        let inner = self.lock();
        let subnet = inner.state.subnets().get(&subnet);
        subnet
            .map(|subnet| subnet.leases().free_candidates(limit).collect())
            .unwrap_or_default()
    }

    fn quarantined(&self, subnet: SubnetId, limit: usize) -> Vec<(Ipv4Addr, ClusterTime)> {
        let inner = self.lock();
        let subnet = inner.state.subnets().get(&subnet).into_iter();
        let quarantined = subnet.flat_map(|subnet| subnet.leases().quarantined_until());
        quarantined.take(limit).collect()
    }

    fn node_at(&self, listen_ip: Ipv4Addr) -> Option<NodeId> {
        self.lock().state.node_at(listen_ip)
    }

    fn service(&self) -> ServiceView {
        let inner = self.lock();
        let in_service = inner.fault != Fault::NoQuorum;
        ServiceView {
            in_service,
            reason: (!in_service).then(|| "no quorum in reach".into()),
            nodes_in_service: inner.nodes_in_service.clone(),
            clock: inner.state.clock(),
        }
    }
}

#[async_trait]
impl LeaseService for MemoryLeaseService {
    fn new_request(&self) -> RequestId {
        let mut inner = self.lock();
        inner.next_request += 1;
        RequestId(inner.next_request)
    }

    async fn propose(
        &self,
        request: RequestId,
        command: LeaseCommand,
    ) -> Result<Outcome, ProposeError> {
        self.lock().requests.push(request);
        self.propose_now(&command)
    }
}

/// The subnet of the deployment guides: 10.15.3.0/24, clients from .20.
///
/// # Panics
/// Never.
#[must_use]
pub fn subnet_config() -> SubnetConfig {
    let address = |host| Ipv4Addr::new(10, 15, 3, host);
    SubnetConfig {
        dns_servers: vec![Ipv4Addr::new(9, 9, 9, 9), Ipv4Addr::new(1, 1, 1, 1)],
        domain_name: Some("example.test".into()),
        ntp_servers: vec![address(1)],
        ..SubnetConfig::new(
            SubnetId(1),
            Ipv4Network::new(address(0), 24).expect("a network"),
            address(1),
            AddressRange::new(address(20), address(254)).expect("a range"),
        )
    }
}
