//! How large a command and a batch may be (docs/limits.md).
//!
//! What is accepted is kept by every node, and sent to every node: it must fit into one message to a
//! peer, or replication would stand still behind it. So [`State::apply`](crate::State::apply) refuses
//! what is larger, and whoever proposes refuses it before ([`Command::check_budget`]).
//!
//! A [`HardwareAddress`](crate::HardwareAddress), a [`ClientIdentifier`](crate::ClientIdentifier) and
//! a [`Hostname`] cannot be longer than their fields in a packet: their types see to it.

use crate::{
    Batch, ClientIdentity, ClientKey, ClusterCommand, Command, Hostname, LeaseCommand,
    MAX_HOST_ADDRESSES, MAX_LISTENERS, NodeRegistration, ObjectCommand, Operator, RequestedCommand,
    SubnetConfig,
};
use core::fmt;

/// The most nodes that a cluster can know.
pub const MAX_NODES: usize = 64;
/// The most subnets that a cluster can serve.
pub const MAX_SUBNETS: usize = 256;
/// The longest peer address, in bytes: a host name of 253 (RFC 1035 §2.3.4), a colon and a port.
pub const MAX_PEER_ADDRESS_BYTES: usize = 259;
/// The longest domain name, in bytes, as text (RFC 1035 §2.3.4).
pub const MAX_DOMAIN_BYTES: usize = 253;
/// The most servers in a list of options 6 and 42: an option has 255 bytes (RFC 2132 §2).
pub const MAX_SERVERS: usize = 63;
/// The most names of option 119.
pub const MAX_SEARCH_DOMAINS: usize = 32;
/// The most routes of option 121.
pub const MAX_CLASSLESS_ROUTES: usize = 64;
/// The longest name of where an operator asked from, in bytes: a user, a role and an address.
pub const MAX_ORIGIN_BYTES: usize = 256;
/// The most excluded ranges of a subnet.
pub const MAX_EXCLUDED_RANGES: usize = 1024;

/// The largest command, in bytes as [`Command::size_bound`] counts them.
pub const MAX_COMMAND_BYTES: usize = 128 * 1024;
/// The most commands that are put into one batch.
pub const MAX_BATCH_COMMANDS: usize = 256;
/// The largest batch, in bytes as [`Batch::size_bound`] counts them: an entry of 1 MiB, less what
/// stands around a batch in it.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024 - 1024;

/// What a command has beside its lists, names and identifiers: tags, numbers and addresses.
const FIXED_BYTES: usize = 256;
/// A request id: a tag and eight bytes.
const REQUEST_ID_BYTES: usize = 9;
/// What protobuf puts before a field of bytes: its tag and its length.
const FIELD_BYTES: usize = 6;
/// A range of addresses, or an address, in a list.
const RANGE_BYTES: usize = 24;
/// An address in a list of addresses, packed or not.
const ADDRESS_BYTES: usize = 5;
/// A route.
const ROUTE_BYTES: usize = 40;

/// Too many of something, or something too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// There are too many.
    #[error("the limit of {limit} {what} is reached")]
    TooMany {
        /// Of what.
        what: Item,
        /// How many there may be.
        limit: usize,
    },
    /// It is too long.
    #[error("the {what} has {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// What.
        what: Item,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
}

/// What has a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A command.
    Command,
    /// A batch of commands.
    Batch,
    /// Objects of one kind.
    Objects(crate::Kind),
    /// Nodes of a cluster.
    Nodes,
    /// Where peers reach a node.
    PeerAddress,
    /// On which ports a node's host listens.
    Listeners,
    /// Addresses of a node's host.
    HostAddresses,
    /// A node's own addresses in subnets.
    ListenIps,
    /// Addresses that an offer avoids.
    AvoidedAddresses,
    /// From where an operator asked.
    OperatorOrigin,
    /// Option 15.
    DomainName,
    /// A name of option 119.
    SearchDomain,
    /// The names of option 119.
    SearchDomains,
    /// Option 6.
    DnsServers,
    /// Option 42.
    NtpServers,
    /// Option 121.
    ClasslessRoutes,
    /// Parts of a pool that are never given out.
    ExcludedRanges,
}

impl OverBudget {
    /// Refuses more than `limit` of something.
    pub const fn check_number(what: Item, found: usize, limit: usize) -> Result<(), Self> {
        if found > limit {
            return Err(Self::TooMany { what, limit });
        }
        Ok(())
    }

    /// Refuses what is longer than `limit` bytes.
    pub const fn check_bytes(what: Item, bytes: usize, limit: usize) -> Result<(), Self> {
        if bytes > limit {
            return Err(Self::TooLarge { what, bytes, limit });
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Command => "command",
            Self::Batch => "batch",
            Self::Objects(kind) => kind.plural(),
            Self::Nodes => "nodes",
            Self::PeerAddress => "peer address",
            Self::Listeners => "listening ports of a node",
            Self::HostAddresses => "addresses of a node's host",
            Self::ListenIps => "listen IPs of a node",
            Self::AvoidedAddresses => "avoided addresses",
            Self::OperatorOrigin => "operator's origin",
            Self::DomainName => "domain name",
            Self::SearchDomain => "search domain",
            Self::SearchDomains => "search domains",
            Self::DnsServers => "DNS servers",
            Self::NtpServers => "NTP servers",
            Self::ClasslessRoutes => "classless routes",
            Self::ExcludedRanges => "excluded ranges",
        })
    }
}

impl Command {
    /// Refuses a command of which a field is too long, or all together.
    pub fn check_budget(&self) -> Result<(), OverBudget> {
        match self {
            Self::Lease(LeaseCommand::Offer(offer)) => OverBudget::check_number(
                Item::AvoidedAddresses,
                offer.avoid.len(),
                crate::OfferLease::MAX_AVOIDED,
            )?,
            Self::Lease(_) => {}
            Self::Object(command) => command.check_budget()?,
            Self::Cluster(command) => check_cluster(command)?,
        }
        OverBudget::check_bytes(Item::Command, self.size_bound(), MAX_COMMAND_BYTES)
    }

    /// No fewer bytes than the command takes in the log and in a message, without its request id.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        FIXED_BYTES
            + match self {
                Self::Lease(command) => lease_bytes(command),
                Self::Object(command) => command.size_bound(),
                Self::Cluster(command) => cluster_bytes(command),
            }
    }
}

impl RequestedCommand {
    /// No fewer bytes than the command and its request id take in the log and in a message.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        self.command.size_bound() + REQUEST_ID_BYTES
    }
}

impl ObjectCommand {
    fn check_budget(&self) -> Result<(), OverBudget> {
        self.operator.check_budget()?;
        match self.change.object() {
            Some(object) => object.check_budget(),
            None => Ok(()),
        }
    }

    fn size_bound(&self) -> usize {
        self.operator.from.len() + self.change.size_bound()
    }
}

impl Operator {
    pub(crate) const fn check_budget(&self) -> Result<(), OverBudget> {
        OverBudget::check_bytes(Item::OperatorOrigin, self.from.len(), MAX_ORIGIN_BYTES)
    }
}

impl NodeRegistration {
    /// Refuses one that lists more than a node may report.
    pub(crate) fn check_budget(&self) -> Result<(), OverBudget> {
        let address = self.peer_address.len();
        OverBudget::check_bytes(Item::PeerAddress, address, MAX_PEER_ADDRESS_BYTES)?;
        for (what, found, limit) in [
            (Item::Listeners, self.listeners.len(), MAX_LISTENERS),
            (
                Item::HostAddresses,
                self.addresses.len(),
                MAX_HOST_ADDRESSES,
            ),
            (Item::ListenIps, self.listen.len(), MAX_SUBNETS),
        ] {
            OverBudget::check_number(what, found, limit)?;
        }
        Ok(())
    }
}

fn check_cluster(command: &ClusterCommand) -> Result<(), OverBudget> {
    match command {
        ClusterCommand::RegisterNode(registration) => registration.check_budget(),
        ClusterCommand::Bootstrap(bootstrap) => check_subnet(&bootstrap.subnet),
        ClusterCommand::RevokeLease { operator, .. }
        | ClusterCommand::SetForwardPolicy { operator, .. }
        | ClusterCommand::SetProfile { operator, .. } => operator.check_budget(),
        ClusterCommand::RemoveNode(_) | ClusterCommand::Tick => Ok(()),
    }
}

fn lease_bytes(command: &LeaseCommand) -> usize {
    match command {
        LeaseCommand::Offer(offer) => {
            identity_bytes(&offer.client)
                + name_bytes(offer.hostname.as_ref())
                + offer.avoid.len() * ADDRESS_BYTES
        }
        LeaseCommand::Grant(grant) => {
            identity_bytes(&grant.client) + name_bytes(grant.hostname.as_ref())
        }
        LeaseCommand::Release(release) => identity_bytes(&release.client),
        LeaseCommand::Decline(decline) => identity_bytes(&decline.client),
        LeaseCommand::Quarantine(_) | LeaseCommand::LiftQuarantine(_) => 0,
    }
}

fn cluster_bytes(command: &ClusterCommand) -> usize {
    match command {
        ClusterCommand::Bootstrap(bootstrap) => subnet_bytes(&bootstrap.subnet),
        ClusterCommand::RegisterNode(registration) => {
            let lists = registration.listeners.len()
                + registration.addresses.len()
                + registration.listen.len();
            registration.peer_address.len() + lists * RANGE_BYTES
        }
        ClusterCommand::RevokeLease { operator, .. }
        | ClusterCommand::SetForwardPolicy { operator, .. }
        | ClusterCommand::SetProfile { operator, .. } => operator.from.len(),
        ClusterCommand::RemoveNode(_) | ClusterCommand::Tick => 0,
    }
}

impl Batch {
    /// Refuses a batch that is too large for an entry.
    pub fn check_budget(&self) -> Result<(), OverBudget> {
        OverBudget::check_bytes(Item::Batch, self.size_bound(), MAX_BATCH_BYTES)
    }

    /// No fewer bytes than the batch takes in the log and in a message.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        let commands = self.commands.iter().map(RequestedCommand::size_bound);
        commands.fold(FIXED_BYTES, usize::saturating_add)
    }
}

pub(crate) fn check_subnet(config: &SubnetConfig) -> Result<(), OverBudget> {
    let domain = config.domain_name.as_ref().map_or(0, |name| name.len());
    OverBudget::check_bytes(Item::DomainName, domain, MAX_DOMAIN_BYTES)?;
    for name in &config.domain_search {
        OverBudget::check_bytes(Item::SearchDomain, name.len(), MAX_DOMAIN_BYTES)?;
    }
    for (what, found, limit) in [
        (Item::DnsServers, config.dns_servers.len(), MAX_SERVERS),
        (Item::NtpServers, config.ntp_servers.len(), MAX_SERVERS),
        (
            Item::SearchDomains,
            config.domain_search.len(),
            MAX_SEARCH_DOMAINS,
        ),
        (
            Item::ClasslessRoutes,
            config.classless_routes.len(),
            MAX_CLASSLESS_ROUTES,
        ),
        (
            Item::ExcludedRanges,
            config.excluded.len(),
            MAX_EXCLUDED_RANGES,
        ),
    ] {
        OverBudget::check_number(what, found, limit)?;
    }
    Ok(())
}

pub(crate) fn subnet_bytes(config: &SubnetConfig) -> usize {
    let addresses = config.dns_servers.len() + config.ntp_servers.len() + config.excluded.len();
    let name = |name: &alloc::string::String| FIELD_BYTES + name.len();
    let search: usize = config.domain_search.iter().map(name).sum();
    let option = |payload: &alloc::vec::Vec<u8>| RANGE_BYTES + payload.len();
    let options: usize = config.extra_options.values().map(option).sum();
    addresses * RANGE_BYTES
        + config.classless_routes.len() * ROUTE_BYTES
        + config.domain_name.as_ref().map_or(0, name)
        + search
        + options
}

fn identity_bytes(client: &ClientIdentity) -> usize {
    let identifier = client.identifier.as_ref();
    2 * FIELD_BYTES
        + client.hardware.bytes().len()
        + identifier.map_or(0, |identifier| identifier.bytes().len())
}

pub(crate) fn key_bytes(client: &ClientKey) -> usize {
    match client {
        ClientKey::Hardware(hardware) => hardware.bytes().len(),
        ClientKey::Identifier(identifier) => identifier.bytes().len(),
    }
}

fn name_bytes(name: Option<&Hostname>) -> usize {
    name.map_or(0, |name| FIELD_BYTES + name.as_str().len())
}
