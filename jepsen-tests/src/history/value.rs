//! What an operation is about: its `:value`. Which function has which is in [`super::operation`].
//!
//! Clients are written as everywhere: `02:aa:00:00:00:01`, or `id:…` where the client identifier
//! decides. Durations are milliseconds (`-ms`), moments nanoseconds since the run began.

mod admin;
mod fault;
mod flow;
mod lease;
mod node;
mod setup;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use clojure_reader::edn::Edn;

pub use admin::{Forward, Member, Reservation};
pub use fault::Fault;
pub use flow::{Answer, Flow, FlowEvent, NatStatus, Probe, Tenant};
pub use lease::{Exchange, Grant, Reply, ReplyKind};
pub use node::{LeaseRow, LeaseState, NodeState, RulesetSeen};
pub use setup::Setup;
pub use status::{Amiss, Asked, Shown, Stall, Told};

use super::edn::{Fields, ShapeError, text};
use super::operation::Function;

/// The value of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// nil.
    None,
    /// What a client asks and gets.
    Exchange(Exchange),
    /// A packet that came in.
    Reply(Reply),
    /// A reservation to add or remove.
    Reservation(Reservation),
    /// All reservations, client to address.
    Reservations(BTreeMap<String, Ipv4Addr>),
    /// A forward to add or remove.
    Forward(Forward),
    /// All forwards, public port to target.
    Forwards(BTreeMap<String, String>),
    /// The lease to end.
    Address(Ipv4Addr),
    /// A node to add or remove.
    Member(Member),
    /// All voters, by name.
    Voters(BTreeSet<String>),
    /// A fault.
    Fault(Fault),
    /// A node's table.
    NodeState(NodeState),
    /// A node's rules.
    Ruleset(RulesetSeen),
    /// What a node says of NAT.
    Nat(NatStatus),
    /// A moment of a flow.
    Flow(Flow),
    /// Who has an address.
    Tenant(Tenant),
    /// Somebody tried a port of a host's own.
    Probe(Probe),
    /// What a node says of itself.
    Shown(Shown),
    /// A client's DHCPDISCOVER.
    Asked(Asked),
    /// The machine stood still.
    Stall(Stall),
    /// What the run was given.
    Setup(Setup),
}

/// Something that is a map in EDN.
pub(super) trait Shape: Sized {
    /// Its entries, without those that are absent.
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)>;

    /// From its entries.
    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError>;

    /// As EDN.
    fn edn(&self) -> Edn<'static> {
        super::edn::map(self.entries())
    }
}

impl Value {
    pub(super) fn edn(&self) -> Edn<'static> {
        match self {
            Self::None => Edn::Nil,
            Self::Exchange(value) => value.edn(),
            Self::Reply(value) => value.edn(),
            Self::Reservation(value) => value.edn(),
            Self::Reservations(table) => dictionary(table),
            Self::Forward(value) => value.edn(),
            Self::Forwards(table) => dictionary(table),
            Self::Address(address) => text(address),
            Self::Member(value) => value.edn(),
            Self::Voters(names) => Edn::Vector(names.iter().map(text).collect()),
            Self::Fault(value) => value.edn(),
            Self::NodeState(value) => value.edn(),
            Self::Ruleset(value) => value.edn(),
            Self::Nat(value) => value.edn(),
            Self::Flow(value) => value.edn(),
            Self::Tenant(value) => value.edn(),
            Self::Probe(value) => value.edn(),
            Self::Shown(value) => value.edn(),
            Self::Asked(value) => value.edn(),
            Self::Stall(value) => value.edn(),
            Self::Setup(value) => value.edn(),
        }
    }

    /// The value of `function`, whose shape it decides.
    pub(super) fn read(function: &Function, edn: &Edn<'_>) -> Result<Self, ShapeError> {
        if *edn == Edn::Nil {
            return Ok(Self::None);
        }
        Ok(match function {
            Function::Acquire
            | Function::Renew
            | Function::Rebind
            | Function::Reboot
            | Function::Confirm
            | Function::Release
            | Function::Decline => Self::Exchange(shape(edn)?),
            Function::Reply => Self::Reply(shape(edn)?),
            Function::ReservationAdd | Function::ReservationRemove => {
                Self::Reservation(shape(edn)?)
            }
            Function::ReservationList => Self::Reservations(read_dictionary(edn)?),
            Function::ForwardAdd | Function::ForwardRemove => Self::Forward(shape(edn)?),
            Function::ForwardList => Self::Forwards(read_dictionary(edn)?),
            Function::LeaseRevoke => Self::Address(super::edn::parsed(edn)?),
            Function::NodeAdd | Function::NodeRemove => Self::Member(shape(edn)?),
            Function::NodeList => Self::Voters(read_names(edn)?),
            Function::Start(_) | Function::Stop(_) => Self::Fault(shape(edn)?),
            Function::State | Function::Final => Self::NodeState(shape(edn)?),
            Function::Ruleset => Self::Ruleset(shape(edn)?),
            Function::Nat => Self::Nat(shape(edn)?),
            Function::Flow => Self::Flow(shape(edn)?),
            Function::Tenant => Self::Tenant(shape(edn)?),
            Function::Probe => Self::Probe(shape(edn)?),
            Function::Status => Self::Shown(shape(edn)?),
            Function::Discover => Self::Asked(shape(edn)?),
            Function::Stall => Self::Stall(shape(edn)?),
            Function::Setup => Self::Setup(shape(edn)?),
        })
    }
}

/// A value that is a map with fixed keys.
pub(super) fn shape<T: Shape>(edn: &Edn<'_>) -> Result<T, ShapeError> {
    T::read(&Fields::of(edn)?)
}

fn dictionary<V: ToString>(table: &BTreeMap<String, V>) -> Edn<'static> {
    let entries = table.iter().map(|(key, value)| (text(key), text(value)));
    Edn::Map(entries.collect())
}

fn read_names(edn: &Edn<'_>) -> Result<BTreeSet<String>, ShapeError> {
    let Edn::Vector(names) = edn else {
        return Err(ShapeError::not("a vector", edn));
    };
    names.iter().map(super::edn::parsed).collect()
}

fn read_dictionary<V: std::str::FromStr>(edn: &Edn<'_>) -> Result<BTreeMap<String, V>, ShapeError>
where
    V::Err: std::fmt::Display,
{
    let Edn::Map(entries) = edn else {
        return Err(ShapeError::not("a map", edn));
    };
    let entries = entries.iter();
    entries
        .map(|(key, value)| Ok((super::edn::parsed(key)?, super::edn::parsed(value)?)))
        .collect()
}
