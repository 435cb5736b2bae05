//! A cluster of one state, driven by hand.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

mod builders;

pub use builders::*;

use ipam::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub const SUBNET: SubnetId = SubnetId(1);
pub const NODE: NodeId = NodeId(1);
pub const REQUEST: RequestId = RequestId(7);

/// Real time in milliseconds and the state at its end of the log.
pub struct Driver {
    pub state: State,
    pub now: u64,
    /// The transaction id of the next RELEASE.
    pub xid: u32,
    /// The last entry's.
    pub index: u64,
}

impl Driver {
    pub fn new(pool: (u8, u8)) -> Self {
        let mut driver = Self {
            state: State::default(),
            now: 0,
            xid: 1,
            index: 0,
        };
        let bootstrap = Bootstrap {
            cluster_id: [7; 16],
            subnet: config(pool),
            source_nat: Some(SourceNat::Masquerade),
            forward_policy: ForwardPolicy::Drop,
        };
        assert_eq!(driver.run(Command::from(bootstrap)), Outcome::Done);
        driver
    }

    /// The same log and the same time, on a state that was put together again.
    pub const fn on(&self, state: State) -> Self {
        Self {
            state,
            now: self.now,
            xid: self.xid,
            index: self.index,
        }
    }

    /// Applies one command, stamped with the present, and checks every invariant.
    pub fn run(&mut self, command: Command) -> Outcome {
        self.run_batch(vec![command]).remove(0)
    }

    /// Applies one batch, stamped with the present, and checks every invariant.
    pub fn run_batch(&mut self, commands: Vec<Command>) -> Vec<Outcome> {
        self.effects(commands).outcomes
    }

    /// Applies one command: what changed.
    pub fn events(&mut self, command: Command) -> Vec<Event> {
        self.effects(vec![command]).events
    }

    /// Applies one batch: what came of it and what changed.
    pub fn effects(&mut self, commands: Vec<Command>) -> Effects {
        let requested = commands.into_iter().map(|command| command.of(REQUEST));
        self.requested(requested.collect())
    }

    /// The same, of several requests.
    pub fn requested(&mut self, commands: Vec<RequestedCommand>) -> Effects {
        self.index += 1;
        self.now += 1; // Nothing that follows from an answer is stamped in the same millisecond.
        let stamp = Stamp {
            term: 1,
            time: ClusterTime(self.now),
        };
        let batch = Batch {
            stamp: Some(stamp),
            commands,
        };
        let position = LogPosition {
            term: 1,
            index: self.index,
        };
        let effects = self.state.apply(position, &batch);
        invariant::check(&self.state).unwrap();
        effects
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1000;
        self.run(Command::TICK);
    }

    pub fn discover(&mut self, number: u8, requested: Option<Ipv4Addr>) -> Outcome {
        self.run(Command::from(OfferLease {
            requested,
            ..Self::offer_of(number, &[])
        }))
    }

    /// A DHCPDISCOVER without a wish, that avoids these.
    pub fn offer_of(number: u8, avoid: &[u8]) -> OfferLease {
        OfferLease {
            subnet: SUBNET,
            client: client(number),
            requested: None,
            lease_time: None,
            hostname: None,
            node: NODE,
            avoid: avoid.iter().copied().map(ip).collect(),
        }
    }

    /// What a client is offered that avoids these.
    pub fn offered_but(&mut self, number: u8, avoid: &[u8]) -> Option<Ipv4Addr> {
        match self.run(Command::from(Self::offer_of(number, avoid))) {
            Outcome::Offered(offered) => Some(offered.address),
            _ => None,
        }
    }

    /// A request of an address on which a probe found nobody.
    pub fn request(&mut self, number: u8, address: Ipv4Addr, kind: RequestKind) -> Outcome {
        self.request_probed(number, address, kind, ConflictProbe::Clear)
    }

    pub fn request_unprobed(
        &mut self,
        number: u8,
        address: Ipv4Addr,
        kind: RequestKind,
    ) -> Outcome {
        self.request_probed(number, address, kind, ConflictProbe::NotMade)
    }

    pub fn request_probed(
        &mut self,
        number: u8,
        address: Ipv4Addr,
        kind: RequestKind,
        probe: ConflictProbe,
    ) -> Outcome {
        self.run(Command::from(GrantLease {
            subnet: SUBNET,
            client: client(number),
            address,
            kind,
            lease_time: None,
            hostname: None,
            node: NODE,
            probe,
        }))
    }

    /// The address that a client is offered.
    pub fn offered(&mut self, number: u8, requested: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        match self.discover(number, requested) {
            Outcome::Offered(offered) => Some(offered.address),
            _ => None,
        }
    }

    pub fn revoke(&mut self, address: Ipv4Addr) -> Outcome {
        let revoke = ClusterCommand::RevokeLease {
            operator: operator(),
            subnet: SUBNET,
            address,
        };
        self.run(revoke.into())
    }

    /// The quarantined addresses, the oldest first.
    pub fn quarantined(&self) -> Vec<Ipv4Addr> {
        let leases = self.state.subnets()[&SUBNET].leases();
        leases.quarantined().collect()
    }

    /// Which grant a node would name now: the newest one that the state knows.
    pub fn grant_of(&self, address: Ipv4Addr) -> GrantRef {
        let lease = self.state.subnets()[&SUBNET].leases().get(address);
        match lease.map(|lease| (lease.state, lease.node)) {
            Some((LeaseState::Bound { granted, .. }, node)) => GrantRef { granted, node },
            _ => GrantRef::default(),
        }
    }

    /// A RELEASE of its own.
    pub fn release(&mut self, number: u8, address: Ipv4Addr) -> Outcome {
        self.xid += 1;
        self.release_grant(number, address, self.grant_of(address))
    }

    /// A RELEASE that was heard when `grant` was the newest.
    pub fn release_grant(&mut self, number: u8, address: Ipv4Addr, grant: GrantRef) -> Outcome {
        let client = client(number);
        self.run(Command::from(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant,
            xid: self.xid,
        }))
    }

    pub fn decline(&mut self, number: u8, address: Ipv4Addr) -> Outcome {
        let (client, grant) = (client(number), self.grant_of(address));
        let decline = DeclineAddress {
            subnet: SUBNET,
            client,
            address,
            grant,
        };
        self.run(Command::from(decline))
    }

    /// DISCOVER and REQUEST: the address, if there is one.
    pub fn obtain(&mut self, number: u8) -> Option<Ipv4Addr> {
        let Outcome::Offered(offered) = self.discover(number, None) else {
            return None;
        };
        match self.request(number, offered.address, RequestKind::Selecting) {
            Outcome::Granted(granted) => Some(granted.address),
            _ => None,
        }
    }

    /// Makes the object, or puts it in the place of the one with its key.
    pub fn put(&mut self, object: impl Into<AnyObject>) -> Outcome {
        let object = object.into();
        match self.state.objects().get(&object.key()) {
            Some(_) => self.run(replace(object, None)),
            None => self.run(create(object)),
        }
    }

    pub fn put_subnet(&mut self, config: SubnetConfig) -> Outcome {
        self.put(config)
    }

    /// Reserves an address for a client that is known by its hardware address.
    pub fn reserve(&mut self, number: u8, address: Ipv4Addr) -> Outcome {
        self.reserve_for(key(number), address)
    }

    pub fn reserve_for(&mut self, client: ClientKey, address: Ipv4Addr) -> Outcome {
        self.run(create(reservation(client, address)))
    }

    pub fn unreserve(&mut self, number: u8) -> Outcome {
        self.run(delete(reservation_key(number), None))
    }

    pub fn add_forward(&mut self, forward: Forward, force: bool) -> Outcome {
        let change = Change::Create(forward.into());
        self.run(object_command(change, force))
    }

    pub fn remove_forward(&mut self, key: ForwardKey) -> Outcome {
        self.run(delete(AnyKey::Forward(key), None))
    }

    pub fn register(&mut self, node: u64, listen_ip: Ipv4Addr) -> Outcome {
        self.register_with(node, listen_ip, BTreeMap::new())
    }

    /// A node on whose host these ports are in use.
    pub fn register_with(
        &mut self,
        node: u64,
        listen_ip: Ipv4Addr,
        listeners: BTreeMap<ForwardKey, Listener>,
    ) -> Outcome {
        let registration = registration(node, [(SUBNET, listen_ip)].into());
        self.run(Command::from(NodeRegistration {
            listeners,
            ..registration
        }))
    }
}
