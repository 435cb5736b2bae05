//! What a run is made of, drawn from its seed: how many nodes and clients, how scarce addresses are,
//! how short leases, and which faults come when.

use crate::check::Pace;
use crate::distance::Distance;
use crate::fault::{Kind, Schedule, Severity};
use crate::network::Host;
use crate::others::{OtherCluster, our_name};
use crate::world::Relay;
use anyhow::Result;
use cluster::{Snapshots, Timings};
use fastrand::Rng;
use ipam::{
    AddressRange, Bootstrap, ForwardPolicy, IdentityPolicy, Ipv4Network, LeaseTimes, SourceNat,
    Span, SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The subnet that every run serves.
pub const SUBNET: SubnetId = SubnetId(1);
/// Nodes are up and clients begin by now, at the latest.
pub const BEGUN: Duration = Duration::from_secs(5);

/// A run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed that all of this was drawn from.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u64,
    /// How many clients.
    pub clients: u32,
    /// Whether there are fewer addresses than clients.
    pub scarce: bool,
    /// Who uses an address of the pool without asking.
    pub squatters: Vec<Squatter>,
    /// A relay agent, with clients behind it.
    pub relay: Option<Relay>,
    /// How many hostile neighbours.
    pub hostile: u8,
    /// The cluster-wide configuration.
    pub bootstrap: Bootstrap,
    /// How much of the log is kept.
    pub snapshots: Snapshots,
    /// Raft's timers.
    pub timings: Timings,
    /// How far apart the nodes are.
    pub distance: Distance,
    /// Another cluster on the peers' network.
    pub others: Option<OtherCluster>,
    /// Each node's clock rate.
    pub rates: Vec<f64>,
    /// The faults.
    pub schedule: Schedule,
    /// When the last fault is over.
    pub healed: Duration,
}

/// A machine with a fixed address, which is in the pool.
#[derive(Clone, Copy, Debug)]
pub struct Squatter {
    /// The address.
    pub address: Ipv4Addr,
    /// Where the machine is.
    pub host: Host,
    /// From when on.
    pub since: Duration,
}

impl Scenario {
    /// The run that `seed` means, with this many nodes if the caller says so.
    pub fn draw(seed: u64, nodes: Option<u64>) -> Result<Self> {
        let mut random = Rng::with_seed(seed);
        let drawn = if random.u8(0..3) == 0 { 5 } else { 3 };
        let nodes = nodes.unwrap_or(drawn);
        let clients = random.u32(10..=40);
        let faults = Duration::from_millis(random.u64(20_000..50_000));
        let healed = BEGUN + faults;
        let mut snapshots = draw_snapshots(&mut random);
        // A node that is removed may not come back to an address that a client was given meanwhile.
        let wide = random.u8(0..3) == 0;
        let severity = Severity::draw(&mut random, |kind| {
            let is_added = matches!(
                kind,
                Kind::Rollback | Kind::FailingPort | Kind::Reconfigured | Kind::OtherCluster
            );
            !is_added && (!wide || kind != Kind::Replacement)
        });
        let scarce = random.u8(0..3) == 0;
        let mut bootstrap = draw_bootstrap(&mut random, nodes, clients, scarce, wide)?;
        let distance = Distance::draw(seed, nodes);
        if distance.pace() != Pace::default() {
            // A few entries at once, over such links, are fewer than come in: shipped is 300.
            snapshots.entries_per_append = Snapshots::default().entries_per_append;
            // Whoever asks to keep a lease has time for two copies of its wish.
            let default = &mut bootstrap.subnet.times.default;
            *default = Span(default.0 * 2);
        }
        let squatters = match scarce || random.u8(0..3) != 0 {
            true => Vec::new(),
            false => {
                let drawn = draw_squatters(&mut random, nodes, clients, &bootstrap, healed);
                row_of_squatters(seed, &bootstrap).unwrap_or(drawn)
            }
        };
        let hostile = u8::from(random.u8(0..4) == 0);
        let rates = (0..nodes).map(|_| draw_rate(&mut random)).collect();
        let mut schedule = Schedule::draw(&mut random, nodes, severity, BEGUN..healed);
        schedule.add_rollbacks(seed, nodes, BEGUN..healed);
        schedule.add_failing_ports(seed, nodes, BEGUN..healed);
        schedule.add_reconfigurations(seed, nodes, BEGUN..healed);
        bootstrap.cluster_id = our_name(seed);
        let others = OtherCluster::draw(seed, &bootstrap)?;
        if let Some(others) = &others {
            schedule.add_other_clusters_doings(others.seed, nodes, BEGUN..healed);
        }
        Ok(Self {
            seed,
            nodes,
            clients,
            scarce,
            hostile,
            squatters,
            relay: Relay::draw(seed, nodes),
            bootstrap,
            snapshots,
            timings: Timings::default(),
            distance,
            others,
            rates,
            schedule,
            healed,
        })
    }

    /// All hosts.
    pub fn hosts(&self) -> impl Iterator<Item = Host> + use<> {
        1..=self.nodes
    }
}

/// The address of the node on `host`.
#[must_use]
pub fn listen_ip(host: Host) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, 9 + u8::try_from(host).unwrap_or(u8::MAX))
}

/// Where its peers reach the node on `host`.
#[must_use]
pub fn peer_address(host: Host) -> String {
    format!("n{host}:7000")
}

/// Within ±0.2 % of real time (contract T4).
fn draw_rate(random: &mut Rng) -> f64 {
    1.0 + (random.f64() - 0.5) * 0.004
}

/// Often so few that a node that was away needs a snapshot; and now and then so many that one that
/// was away reads the whole log, in small pieces.
fn draw_snapshots(random: &mut Rng) -> Snapshots {
    let entries_between = match random.u8(0..4) {
        0 => 100_000,
        _ => random.u64(10..200),
    };
    Snapshots {
        entries_between,
        entries_kept: random.u64(0..=entries_between / 2),
        entries_per_append: match random.bool() {
            // Fewer would not keep up with the clients of a run.
            true => random.u64(4..12),
            false => Snapshots::default().entries_per_append,
        },
    }
}

/// A few of the addresses that would be given out first.
fn draw_excluded(random: &mut Rng, first: Ipv4Addr) -> Result<Vec<AddressRange>> {
    if random.bool() {
        return Ok(Vec::new());
    }
    let from = first.to_bits() + random.u32(0..20);
    let range = AddressRange::new(
        Ipv4Addr::from_bits(from),
        Ipv4Addr::from_bits(from + random.u32(0..4)),
    );
    Ok(vec![range?])
}

/// On addresses that will be wanted; from the beginning, or all at once.
fn draw_squatters(
    random: &mut Rng,
    nodes: u64,
    clients: u32,
    bootstrap: &Bootstrap,
    healed: Duration,
) -> Vec<Squatter> {
    let first = bootstrap.subnet.pool.first().to_bits();
    let squatters = (0..random.u8(1..=3)).map(|_| Squatter {
        address: Ipv4Addr::from_bits(first + random.u32(0..clients)),
        host: random.u64(1..=nodes),
        since: match random.bool() {
            true => Duration::ZERO,
            false => BEGUN + (healed - BEGUN).mul_f64(random.f64()),
        },
    });
    squatters.collect()
}

/// Machines on all of the addresses that would be offered first, from the beginning.
fn row_of_squatters(seed: u64, bootstrap: &Bootstrap) -> Option<Vec<Squatter>> {
    let mut random = Rng::with_seed(seed ^ 0x5c0a_77e2);
    let first = bootstrap.subnet.pool.first().to_bits();
    let row = (0..4).map(|place| Squatter {
        address: Ipv4Addr::from_bits(first + place),
        host: 1,
        since: Duration::ZERO,
    });
    (random.u8(0..3) == 0).then(|| row.collect())
}

/// Leases are short, so that they run out.
fn draw_bootstrap(
    random: &mut Rng,
    nodes: u64,
    clients: u32,
    scarce: bool,
    wide: bool,
) -> Result<Bootstrap> {
    let wanted = if scarce { clients / 2 } else { clients * 2 };
    let router = Ipv4Addr::new(10, 15, 3, 1);
    // Some pools go over the router's and the founder's own addresses (S4). Those of the others are
    // excluded: a client may have one before they join, and keep it.
    let (first, occupied) = match wide {
        true => (router, 2),
        false => (Ipv4Addr::new(10, 15, 3, 20), 0),
    };
    let mut excluded = draw_excluded(random, first)?;
    if wide && nodes > 1 {
        excluded.push(AddressRange::new(listen_ip(2), listen_ip(nodes))?);
    }
    let excluded_size: u64 = excluded.iter().map(|range| range.size()).sum();
    let size = u64::from(wanted.max(4)) + occupied + excluded_size;
    let last = first.to_bits() + u32::try_from(size)? - 1;
    let lease = random.u64(8..30);
    let by_identifier = random.u8(0..4) == 0;
    let subnet = SubnetConfig {
        excluded,
        identity: if by_identifier {
            IdentityPolicy::ClientIdentifier
        } else {
            IdentityPolicy::HardwareAddress
        },
        times: LeaseTimes {
            default: Span::from_secs(lease),
            minimum: Span::from_secs(5),
            maximum: Span::from_secs(60),
            offer: Span::from_secs(random.u64(6..20)),
            quarantine: Span::from_secs(random.u64(5..20)),
        },
        ..SubnetConfig::new(
            SUBNET,
            Ipv4Network::new(Ipv4Addr::new(10, 15, 3, 0), 24)?,
            router,
            AddressRange::new(first, Ipv4Addr::from_bits(last))?,
        )
    };
    Ok(Bootstrap {
        cluster_id: [0; 16],
        subnet,
        source_nat: Some(SourceNat::Masquerade),
        forward_policy: ForwardPolicy::Drop,
    })
}
