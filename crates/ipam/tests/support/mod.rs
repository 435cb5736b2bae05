//! A cluster of one state, driven by hand.
#![allow(dead_code, missing_docs, clippy::unwrap_used)]

use ipam::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

pub const SUBNET: SubnetId = SubnetId(1);
pub const NODE: NodeId = NodeId(1);

/// Real time in milliseconds and the state at its end of the log.
pub struct Driver {
    pub state: State,
    pub now: u64,
    /// The transaction id of the next RELEASE.
    pub xid: u32,
    index: u64,
}

pub fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, last)
}

pub fn client(number: u8) -> ClientIdentity {
    ClientIdentity {
        hardware: HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, number]),
        identifier: None,
    }
}

pub fn key(number: u8) -> ClientKey {
    ClientKey::Hardware(client(number).hardware)
}

pub fn config(pool: (u8, u8)) -> SubnetConfig {
    SubnetConfig {
        id: SUBNET,
        network: Ipv4Network::new(ip(0), 24).unwrap(),
        router: ip(1),
        pool: AddressRange::new(ip(pool.0), ip(pool.1)).unwrap(),
        excluded: vec![],
        identity: IdentityPolicy::HardwareAddress,
        times: LeaseTimes::default(),
        dns_servers: vec![],
        domain_name: None,
        domain_search: vec![],
        ntp_servers: vec![],
        mtu: 1450,
        classless_routes: vec![],
        extra_options: BTreeMap::new(),
        authoritative: false,
    }
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
        assert_eq!(driver.run(Command::Bootstrap(bootstrap)), Outcome::Done);
        driver
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

    fn effects(&mut self, commands: Vec<Command>) -> Effects {
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
        self.run(Command::Tick);
    }

    pub fn discover(&mut self, number: u8, requested: Option<Ipv4Addr>) -> Outcome {
        self.run(Command::OfferLease(OfferLease {
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
        match self.run(Command::OfferLease(Self::offer_of(number, avoid))) {
            Outcome::Offered(offered) => Some(offered.address),
            _ => None,
        }
    }

    /// A request of an address on which a probe found nobody.
    pub fn request(&mut self, number: u8, address: Ipv4Addr, kind: RequestKind) -> Outcome {
        self.request_probed(number, address, kind, Some(ConflictProbe::Clear))
    }

    pub fn request_unprobed(
        &mut self,
        number: u8,
        address: Ipv4Addr,
        kind: RequestKind,
    ) -> Outcome {
        self.request_probed(number, address, kind, Some(ConflictProbe::NotMade))
    }

    pub fn request_probed(
        &mut self,
        number: u8,
        address: Ipv4Addr,
        kind: RequestKind,
        probe: Option<ConflictProbe>,
    ) -> Outcome {
        self.run(Command::GrantLease(GrantLease {
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
        self.run(Command::RevokeLease {
            subnet: SUBNET,
            address,
            keep_record: true,
        })
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
        self.run(Command::ReleaseLease(ReleaseLease {
            subnet: SUBNET,
            client,
            address,
            grant,
            xid: Some(self.xid),
        }))
    }

    pub fn decline(&mut self, number: u8, address: Ipv4Addr) -> Outcome {
        let (client, grant) = (client(number), self.grant_of(address));
        let decline = DeclineAddress {
            subnet: SUBNET,
            client,
            address,
            grant,
            bounded: true,
        };
        self.run(Command::DeclineAddress(decline))
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

    pub fn reserve(&mut self, number: u8, address: Ipv4Addr) -> Outcome {
        self.run(Command::AddReservation {
            subnet: SUBNET,
            client: key(number),
            address,
        })
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
        let peer_address = format!("172.31.0.{node}:7066");
        self.run(Command::RegisterNode(NodeRegistration {
            node: NodeId(node),
            listen_ip,
            peer_address,
            listeners,
            addresses: BTreeSet::new(),
        }))
    }
}

pub fn granted(address: Ipv4Addr) -> Outcome {
    Outcome::Granted(Granted {
        address,
        lease_time: LeaseTimes::default().default,
    })
}
