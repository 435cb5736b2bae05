//! A subnet: its configuration, checked once, and its lease table and reservations.

use crate::{
    AddressRange, ClientKey, ClusterTime, IdentityPolicy, Ipv4Network, Lease, LeaseTable,
    PastGrants, Reservations, Span, SubnetId,
};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// The largest pool: every address of it has a place in an ordered index in memory.
pub const MAX_POOL_ADDRESSES: u64 = 65_536;

/// What operators say about a subnet. Replicated; every node serves the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetConfig {
    /// Its id.
    pub id: SubnetId,
    /// The network.
    pub network: Ipv4Network,
    /// Option 3.
    pub router: Ipv4Addr,
    /// Where dynamic leases come from.
    pub pool: AddressRange,
    /// Parts of the pool that are never given out.
    pub excluded: Vec<AddressRange>,
    /// Which name of a client counts.
    pub identity: IdentityPolicy,
    /// How long things last.
    pub times: LeaseTimes,
    /// Option 6, in order of preference.
    pub dns_servers: Vec<Ipv4Addr>,
    /// Option 15.
    pub domain_name: Option<String>,
    /// Option 119.
    pub domain_search: Vec<String>,
    /// Option 42.
    pub ntp_servers: Vec<Ipv4Addr>,
    /// Option 26, in bytes (RFC 2132 §5.1: at least 68).
    pub mtu: u16,
    /// Option 121 (RFC 3442), without the default route, which is the router.
    pub classless_routes: Vec<(Ipv4Network, Ipv4Addr)>,
    /// Any other option, by code, as raw payload of 1 to 255 bytes.
    pub extra_options: BTreeMap<u8, Vec<u8>>,
    /// Whether a client that nothing is known of is refused an address that is bound to another client here.
    /// Otherwise it is met with silence: another server on the link may know it (S6, RFC 2131 §4.3.2).
    pub authoritative: bool,
}

/// How long things last, on the cluster clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTimes {
    /// Granted to a client that asks for no particular time.
    pub default: Span,
    /// The shortest time granted.
    pub minimum: Span,
    /// The longest time granted.
    pub maximum: Span,
    /// How long an offered address waits for its DHCPREQUEST.
    pub offer: Span,
    /// How long a declined address is left alone (S7).
    pub quarantine: Span,
}

/// A subnet with everything allocated in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    pub(crate) config: Arc<SubnetConfig>,
    pub(crate) leases: LeaseTable,
    pub(crate) reservations: Reservations,
    pub(crate) past_grants: PastGrants,
}

/// Why a subnet's configuration is refused. Each names the value and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubnet {
    /// RFC 3021 networks and smaller have no room for a router and a client.
    #[error("network {0} is too small for a router and a pool: use a prefix length of 30 or less")]
    TooSmall(Ipv4Network),
    /// The router must be reachable on the link.
    #[error("router {router} is not a host address of {network}: set it to one")]
    Router {
        /// What was given.
        router: Ipv4Addr,
        /// What was given.
        network: Ipv4Network,
    },
    /// The pool must lie in the network, without its first and last address.
    #[error("pool {pool} is not made of host addresses of {network}: move its ends inside")]
    Pool {
        /// What was given.
        pool: AddressRange,
        /// What was given.
        network: Ipv4Network,
    },
    /// The index of free addresses is bounded.
    #[error(
        "pool {pool} has {size} addresses: at most {MAX_POOL_ADDRESSES} are supported, split it into several subnets"
    )]
    PoolTooLarge {
        /// What was given.
        pool: AddressRange,
        /// Its size.
        size: u64,
    },
    /// `1 s <= minimum <= default <= maximum`, and 1 s at least for an offer and a quarantine: what
    /// ends as it begins would be overdue at once (T5). None is longer than [`LeaseTimes::LONGEST`].
    #[error(
        "lease times must satisfy 1 s <= minimum <= default <= maximum, but are {minimum} s, {default} s and {maximum} s; an offer and a quarantine must last 1 s at least, and nothing longer than {} s",
        LeaseTimes::LONGEST.as_secs()
    )]
    Times {
        /// In seconds.
        minimum: u64,
        /// In seconds.
        default: u64,
        /// In seconds.
        maximum: u64,
    },
    /// RFC 2132 §5.1.
    #[error("MTU {0}: it must be at least 68 bytes (RFC 2132 section 5.1)")]
    Mtu(u16),
    /// An option that the server sets itself, or a payload out of bounds.
    #[error(
        "extra option {0}: it must not be one that the server sets itself, and its payload must have 1 to 255 bytes"
    )]
    ExtraOption(u8),
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self {
            default: Span::from_secs(3600),
            minimum: Span::from_secs(60),
            maximum: Span::from_secs(24 * 3600),
            offer: Span::from_secs(60),
            quarantine: Span::from_secs(600),
        }
    }
}

impl LeaseTimes {
    /// The longest that anything lasts: what option 51 can say of a lease that ends (RFC 2132 §9.2), 136 years.
    /// So no sum of times overflows, and nothing lasts for ever (S12).
    pub const LONGEST: Span = Span::from_secs(u32::MAX as u64 - 1);

    /// From when on a quarantine that would end at `until` may be lifted: the first quarter of it is the set time for
    /// which a declined address is left alone (S7).
    #[must_use]
    pub const fn lift_from(&self, until: ClusterTime) -> ClusterTime {
        ClusterTime(until.0.saturating_sub(self.quarantine.0 / 4 * 3))
    }

    /// How long an offer is safe from other clients, when nothing else is free: longer than a client
    /// waits before it sends its first DHCPREQUEST again (4 ± 1 s, RFC 2131 §4.1). ADR 0014.
    pub const OFFER_KEPT: Span = Span::from_secs(5);

    /// The lease time that a client gets that asked for `requested` (RFC 2131 §4.3.1).
    #[must_use]
    pub fn grant(&self, requested: Option<Span>) -> Span {
        requested
            .unwrap_or(self.default)
            .clamp(self.minimum, self.maximum)
    }

    /// How long after its expiry a lease of `duration` is left alone: 1 %, at least 10 s (T4).
    #[must_use]
    pub fn reclaim_grace(duration: Span) -> Span {
        Span((duration.0 / 100).max(10_000))
    }
}

impl SubnetConfig {
    /// A subnet of which nothing else is said: clients are known by their hardware address, times are the usual
    /// ones, the MTU leaves room for VXLAN, and nothing is excluded or told to clients.
    #[must_use]
    pub fn new(id: SubnetId, network: Ipv4Network, router: Ipv4Addr, pool: AddressRange) -> Self {
        Self {
            id,
            network,
            router,
            pool,
            excluded: Vec::new(),
            identity: IdentityPolicy::default(),
            times: LeaseTimes::default(),
            dns_servers: Vec::new(),
            domain_name: None,
            domain_search: Vec::new(),
            ntp_servers: Vec::new(),
            mtu: 1450,
            classless_routes: Vec::new(),
            extra_options: BTreeMap::new(),
            authoritative: false,
        }
    }

    /// Options that the server computes; a raw payload for one of them would contradict it.
    const OWN_OPTIONS: [u8; 21] = [
        0, 1, 3, 6, 12, 15, 26, 28, 42, 50, 51, 52, 53, 54, 55, 57, 61, 82, 118, 119, 121,
    ];

    /// Checks everything that can be checked about a subnet alone.
    pub fn validate(&self) -> Result<(), InvalidSubnet> {
        if self.network.prefix() > 30 {
            return Err(InvalidSubnet::TooSmall(self.network));
        }
        if !self.is_host_address(self.router) {
            return Err(InvalidSubnet::Router {
                router: self.router,
                network: self.network,
            });
        }
        self.validate_pool()?;
        self.validate_times()?;
        if self.mtu < 68 {
            return Err(InvalidSubnet::Mtu(self.mtu));
        }
        let bad_option = self.extra_options.iter().find(|(code, payload)| {
            Self::OWN_OPTIONS.contains(code) || **code == 255 || !(1..=255).contains(&payload.len())
        });
        bad_option.map_or(Ok(()), |(code, _)| Err(InvalidSubnet::ExtraOption(*code)))
    }

    /// Whether a dynamic lease of `address` would be in bounds as far as this subnet knows (S4).
    /// Node addresses and reservations are the state's to check.
    #[must_use]
    pub fn is_dynamic(&self, address: Ipv4Addr) -> bool {
        self.pool.contains(address)
            && self.is_host_address(address)
            && address != self.router
            && !self.is_excluded(address)
    }

    /// Whether operators keep `address` out of everything.
    #[must_use]
    pub fn is_excluded(&self, address: Ipv4Addr) -> bool {
        self.excluded.iter().any(|range| range.contains(address))
    }

    /// Whether `address` is in the network and neither its first nor its last.
    #[must_use]
    pub fn is_host_address(&self, address: Ipv4Addr) -> bool {
        self.network.contains(address)
            && address != self.network.address()
            && address != self.network.broadcast()
    }

    fn validate_pool(&self) -> Result<(), InvalidSubnet> {
        let Self { pool, network, .. } = *self;
        if !self.is_host_address(pool.first()) || !self.is_host_address(pool.last()) {
            return Err(InvalidSubnet::Pool { pool, network });
        }
        if pool.size() > MAX_POOL_ADDRESSES {
            return Err(InvalidSubnet::PoolTooLarge {
                pool,
                size: pool.size(),
            });
        }
        Ok(())
    }

    fn validate_times(&self) -> Result<(), InvalidSubnet> {
        let LeaseTimes {
            minimum,
            default,
            maximum,
            offer,
            quarantine,
        } = self.times;
        let shortest = minimum.min(offer).min(quarantine);
        let longest = maximum.max(offer).max(quarantine);
        let within = shortest >= Span::from_secs(1) && longest <= LeaseTimes::LONGEST;
        if !within || minimum > default || default > maximum {
            return Err(InvalidSubnet::Times {
                minimum: minimum.as_secs(),
                default: default.as_secs(),
                maximum: maximum.as_secs(),
            });
        }
        Ok(())
    }
}

impl Subnet {
    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &SubnetConfig {
        &self.config
    }

    /// The configuration, for those who keep it longer than the state.
    #[must_use]
    pub fn shared_config(&self) -> Arc<SubnetConfig> {
        Arc::clone(&self.config)
    }

    /// The lease table.
    #[must_use]
    pub const fn leases(&self) -> &LeaseTable {
        &self.leases
    }

    /// The reservations.
    #[must_use]
    pub const fn reservations(&self) -> &Reservations {
        &self.reservations
    }

    /// Grants that ended before the time that they promised.
    #[must_use]
    pub const fn past_grants(&self) -> &PastGrants {
        &self.past_grants
    }

    /// The record that matters most to `client` among the addresses that it may have; failing that,
    /// among all.
    #[must_use]
    pub fn lease_of(&self, client: &ClientKey) -> Option<(Ipv4Addr, &Lease)> {
        let own = self.leases.best_of(client, |address, lease| {
            self.may_have(client, &lease.hardware, address)
        });
        own.or_else(|| self.leases.by_client(client))
    }

    /// The lease that an operator means by `client`: its own, or, as with a reservation, that of the machine with this
    /// hardware address, where clients are known by another name.
    #[must_use]
    pub fn bound_lease_of(&self, client: &ClientKey) -> Option<(Ipv4Addr, &Lease)> {
        let own = self.lease_of(client);
        let own = own.filter(|(_, lease)| lease.state.is_bound());
        own.or_else(|| match client {
            ClientKey::Hardware(hardware) => self.leases.bound_by_hardware(hardware),
            ClientKey::Identifier(_) => None,
        })
    }

    /// The oldest offer that its client seems to have forgotten, of an address that anybody may have.
    pub(crate) fn abandoned_offer(&self, now: ClusterTime) -> Option<Ipv4Addr> {
        let youngest_end = now + self.config.times.offer;
        let until = youngest_end.0.saturating_sub(LeaseTimes::OFFER_KEPT.0);
        self.leases.offer_ending_by(ClusterTime(until))
    }

    /// When the cluster clock next has something to do here.
    #[must_use]
    pub fn next_deadline(&self) -> Option<ClusterTime> {
        self.leases.next_deadline()
    }
}
