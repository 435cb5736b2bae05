//! How large a command and a batch may be (docs/limits.md).
//!
//! What is accepted is kept by every node, and sent to every node: it must fit into one message to a
//! peer, or replication would stand still behind it. So [`State::apply`](crate::State::apply) refuses
//! what is larger, and whoever proposes refuses it before ([`Command::check_budget`]).
//!
//! A [`HardwareAddress`](crate::HardwareAddress), a [`ClientIdentifier`](crate::ClientIdentifier) and
//! a [`Hostname`] cannot be longer than their fields in a packet: their types see to it.

use crate::{
    Batch, ClientIdentity, ClientKey, Command, ForwardTarget, Hostname, NodeRegistration, Refusal,
    SubnetConfig,
};

/// The most nodes that a cluster can know.
pub const MAX_NODES: usize = 64;
/// The most subnets that a cluster can serve.
pub const MAX_SUBNETS: usize = 256;
/// The most port forwards that a cluster can have.
pub const MAX_FORWARDS: usize = 10_000;

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
/// What protobuf puts before a field of bytes: its tag and its length.
const FIELD_BYTES: usize = 6;
/// A range of addresses, or an address, in a list.
const RANGE_BYTES: usize = 24;
/// An address in a list of addresses, packed or not.
const ADDRESS_BYTES: usize = 5;
/// A route.
const ROUTE_BYTES: usize = 40;

impl Command {
    /// Refuses a command of which a field is too long, or all together.
    pub fn check_budget(&self) -> Result<(), Refusal> {
        match self {
            Self::RegisterNode(NodeRegistration { peer_address, .. }) => {
                at_most("peer address", peer_address.len(), MAX_PEER_ADDRESS_BYTES)?;
            }
            Self::OfferLease(offer) if offer.avoid.len() > crate::OfferLease::MAX_AVOIDED => {
                let (what, limit) = ("avoided addresses", crate::OfferLease::MAX_AVOIDED);
                return Err(Refusal::TooMany { what, limit });
            }
            Self::PutSubnet(config) => check_subnet(config)?,
            Self::Bootstrap(bootstrap) => check_subnet(&bootstrap.subnet)?,
            _ => {}
        }
        at_most("command", self.size_bound(), MAX_COMMAND_BYTES)
    }

    /// No fewer bytes than the command takes in the log and in a message.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        let variable = match self {
            Self::Bootstrap(bootstrap) => subnet_bytes(&bootstrap.subnet),
            Self::PutSubnet(config) => subnet_bytes(config),
            Self::RegisterNode(registration) => {
                registration.peer_address.len()
                    + (registration.listeners.len() + registration.addresses.len()) * RANGE_BYTES
            }
            Self::OfferLease(offer) => {
                identity_bytes(&offer.client)
                    + name_bytes(offer.hostname.as_ref())
                    + offer.avoid.len() * ADDRESS_BYTES
            }
            Self::GrantLease(grant) => {
                identity_bytes(&grant.client) + name_bytes(grant.hostname.as_ref())
            }
            Self::ReleaseLease(release) => identity_bytes(&release.client),
            Self::DeclineAddress(decline) => identity_bytes(&decline.client),
            Self::AddReservation { client, .. } | Self::RemoveReservation { client, .. } => {
                key_bytes(client)
            }
            Self::AddForward { forward, .. } => match &forward.target {
                ForwardTarget::Client { client, .. } => key_bytes(client),
                ForwardTarget::Address(_) => 0,
            },
            Self::RemoveNode(_)
            | Self::QuarantineAddress(_)
            | Self::LiftQuarantine(_)
            | Self::RevokeLease { .. }
            | Self::RemoveForward(_)
            | Self::SetSourceNat { .. }
            | Self::SetForwardPolicy(_)
            | Self::SetProfile(_)
            | Self::Tick => 0,
        };
        FIXED_BYTES + variable
    }
}

impl Batch {
    /// Refuses a batch that is too large for an entry.
    pub fn check_budget(&self) -> Result<(), Refusal> {
        at_most("batch", self.size_bound(), MAX_BATCH_BYTES)
    }

    /// No fewer bytes than the batch takes in the log and in a message.
    #[must_use]
    pub fn size_bound(&self) -> usize {
        let commands = self.commands.iter().map(Command::size_bound);
        commands.fold(FIXED_BYTES, usize::saturating_add)
    }
}

fn check_subnet(config: &SubnetConfig) -> Result<(), Refusal> {
    let domain = config.domain_name.as_ref().map_or(0, |name| name.len());
    at_most("domain name", domain, MAX_DOMAIN_BYTES)?;
    for name in &config.domain_search {
        at_most("search domain", name.len(), MAX_DOMAIN_BYTES)?;
    }
    for (what, found, limit) in [
        ("DNS servers", config.dns_servers.len(), MAX_SERVERS),
        ("NTP servers", config.ntp_servers.len(), MAX_SERVERS),
        (
            "search domains",
            config.domain_search.len(),
            MAX_SEARCH_DOMAINS,
        ),
        (
            "classless routes",
            config.classless_routes.len(),
            MAX_CLASSLESS_ROUTES,
        ),
        (
            "excluded ranges",
            config.excluded.len(),
            MAX_EXCLUDED_RANGES,
        ),
    ] {
        if found > limit {
            return Err(Refusal::TooMany { what, limit });
        }
    }
    Ok(())
}

const fn at_most(what: &'static str, bytes: usize, limit: usize) -> Result<(), Refusal> {
    if bytes > limit {
        return Err(Refusal::TooLarge { what, bytes, limit });
    }
    Ok(())
}

fn subnet_bytes(config: &SubnetConfig) -> usize {
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

fn key_bytes(client: &ClientKey) -> usize {
    match client {
        ClientKey::Hardware(hardware) => hardware.bytes().len(),
        ClientKey::Identifier(identifier) => identifier.bytes().len(),
    }
}

fn name_bytes(name: Option<&Hostname>) -> usize {
    name.map_or(0, |name| FIELD_BYTES + name.as_str().len())
}
