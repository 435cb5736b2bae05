//! `gatewayctl subnet …`.

use std::collections::BTreeMap;

use clap::Subcommand;
use ipam::{IdentityPolicy, LeaseTimes, SubnetConfig};
use serde::Serialize;

use super::{Asked, Columns, Listed, Noun};
use crate::failure::Failure;
use crate::render::Column;

/// What can be done with subnets.
#[derive(Debug, Subcommand)]
pub enum SubnetVerbs {
    /// List the subnets
    #[command(
        after_help = "With --json it prints what clients are told as well: DNS servers, routes, lease times.\n\nExamples:\n  gatewayctl subnet list\n  gatewayctl subnet list --json | jq '.[] | {network, dns_servers}'"
    )]
    List,
}

/// One subnet. Spans are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubnetConfigView {
    /// Its number.
    pub subnet_id: u32,
    /// The network: address/prefix.
    pub network: String,
    /// The clients' router.
    pub router: String,
    /// Where dynamic leases come from: first-last.
    pub pool: String,
    /// Parts of the pool that are never given out.
    pub excluded: Vec<String>,
    /// hardware-address or client-identifier: which name of a client counts.
    pub identity: &'static str,
    /// How long things last.
    pub times: LeaseTimesView,
    /// Option 6.
    pub dns_servers: Vec<String>,
    /// Option 15.
    pub domain_name: Option<String>,
    /// Option 119.
    pub domain_search: Vec<String>,
    /// Option 42.
    pub ntp_servers: Vec<String>,
    /// Option 26, in bytes.
    pub mtu: u16,
    /// Option 121.
    pub classless_routes: Vec<RouteView>,
    /// Any other option: its payload in hexadecimal, by code.
    pub extra_options: BTreeMap<u8, String>,
    /// Whether unknown clients are refused others' addresses rather than ignored.
    pub authoritative: bool,
}

/// How long things last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseTimesView {
    /// A lease for a client that asks for no particular time.
    pub default_ms: u64,
    /// The shortest lease.
    pub minimum_ms: u64,
    /// The longest lease.
    pub maximum_ms: u64,
    /// An offer.
    pub offer_ms: u64,
    /// A declined address's rest.
    pub quarantine_ms: u64,
}

/// A route that clients are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RouteView {
    /// Where to: address/prefix.
    pub destination: String,
    /// By which router.
    pub router: String,
}

impl Noun for SubnetConfig {
    const NOUN: &'static str = "subnet";
    const ABOUT: &'static str = "Subnets: networks, and what their clients are told";
    const NONE: &'static str = "No subnets.";
    const COLUMNS: Columns<Self> = &[
        (Column::Right("SUBNET"), |listed| {
            listed.object.id.to_string()
        }),
        (Column::Left("NETWORK"), |listed| {
            listed.object.network.to_string()
        }),
        (Column::Left("ROUTER"), |listed| {
            listed.object.router.to_string()
        }),
        (Column::Left("POOL"), |listed| {
            listed.object.pool.to_string()
        }),
    ];

    type Verbs = SubnetVerbs;
    type View = SubnetConfigView;

    fn asked(verb: &SubnetVerbs) -> Result<Asked, Failure> {
        match verb {
            SubnetVerbs::List => Ok(Asked::List),
        }
    }

    fn view(listed: &Listed<Self>) -> SubnetConfigView {
        let config = &listed.object;
        let routes = config.classless_routes.iter();
        let options = config.extra_options.iter();
        SubnetConfigView {
            subnet_id: config.id.0,
            network: config.network.to_string(),
            router: config.router.to_string(),
            pool: config.pool.to_string(),
            excluded: texts(&config.excluded),
            identity: match config.identity {
                IdentityPolicy::HardwareAddress => "hardware-address",
                IdentityPolicy::ClientIdentifier => "client-identifier",
            },
            times: config.times.into(),
            dns_servers: texts(&config.dns_servers),
            domain_name: config.domain_name.clone(),
            domain_search: config.domain_search.clone(),
            ntp_servers: texts(&config.ntp_servers),
            mtu: config.mtu,
            classless_routes: routes
                .map(|(destination, router)| RouteView {
                    destination: destination.to_string(),
                    router: router.to_string(),
                })
                .collect(),
            extra_options: options
                .map(|(code, payload)| (*code, hex(payload)))
                .collect(),
            authoritative: config.authoritative,
        }
    }
}

impl From<LeaseTimes> for LeaseTimesView {
    fn from(times: LeaseTimes) -> Self {
        Self {
            default_ms: times.default.0,
            minimum_ms: times.minimum.0,
            maximum_ms: times.maximum.0,
            offer_ms: times.offer.0,
            quarantine_ms: times.quarantine.0,
        }
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
