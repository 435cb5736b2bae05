//! The replicated state machine: what is allocated to whom, until when, and why.
//!
//! * **What it is.** A [`State`] that changes only by [`State::apply`] of a [`Batch`] of
//!   [`Command`]s, at a [`LogPosition`]. Every node that applies the same batches in the same
//!   order has the same state, byte for byte (contract S8).
//! * **What it is not.** No I/O, no async, no clock, no randomness, no hash maps. `no_std` makes a
//!   clock or a socket a compile error (house rule 1).
//! * **What flows in and out.** In: commands and the leader's [`Stamp`]. Out: one [`Outcome`] per
//!   command, in order, and the [`Event`]s that say what changed.
//! * **Invariants.** [`invariant::check`], one function per promise of the lease contract.
//! * **A crash** leaves nothing: this crate holds no resource.
//!
//! Refusal is an outcome, not an error (house rule 3): `apply` is total.
#![no_std]

extern crate alloc;

mod apply;
pub mod budget;
mod client;
mod client_text;
mod command;
mod event;
mod ids;
pub mod invariant;
mod lease;
mod lease_table;
mod nat;
mod net;
mod node;
mod objects;
mod outcome;
mod past_grants;
mod profile;
mod refusal;
mod removed;
mod reservations;
mod state;
mod subnet;
mod time;

pub use apply::Effects;
pub use client::{
    ClientIdentifier, ClientIdentity, ClientKey, HardwareAddress, IdentityPolicy, InvalidLength,
};
pub use client_text::InvalidClient;
pub use command::{
    Batch, Bootstrap, ClusterCommand, Command, ConflictProbe, DeclineAddress, GrantLease, GrantRef,
    LeaseCommand, LiftQuarantine, OfferLease, QuarantineAddress, ReleaseLease, RequestKind,
    RequestedCommand,
};
pub use event::{Actor, Event, EventKind, ObjectChange};
pub use ids::{DEFAULT_SUBNET, LogPosition, NodeId, RequestId, SubnetId};
pub use lease::{Hostname, Lease, LeaseState};
pub use lease_table::LeaseTable;
pub use nat::{
    ForwardPolicy, Gateway, MAX_SNAT_ADDRESSES, NatView, PortUse, Protocol, ResolvedForward,
    SnatPool, SourceNat, SubnetNat,
};
pub use net::{AddressRange, InvalidNetwork, Ipv4Network};
pub use node::{Listener, MAX_HOST_ADDRESSES, MAX_LISTENERS, NodeRegistration};
pub use objects::*;
pub use outcome::{Granted, Offered, Outcome};
pub use past_grants::{PastGrant, PastGrants};
pub use profile::{Profile, ProfileSetting, UnknownProfile};
pub use refusal::{AddressRefusal, ClusterRefusal, LeaseRefusal, ObjectRefusal, Refusal};
pub use removed::{KeyHash, MAX_REMOVED, MemberKey, RemovedMembers};
pub use reservations::Reservations;
pub use state::{InvalidState, State, StateParts, SubnetLeases};
pub use subnet::{InvalidSubnet, LeaseTimes, MAX_POOL_ADDRESSES, Subnet, SubnetConfig};
pub use time::{ClusterTime, Span, Stamp};
