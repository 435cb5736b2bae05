//! What can be asked of the state machine. Commands are imperative, and the only way in.
//!
//! There are three classes, by who may ask: [`LeaseCommand`] for DHCP servers, [`ObjectCommand`] for
//! operators, [`ClusterCommand`] for nodes, and for operators of the cluster itself.

mod cluster;
mod lease;

pub use cluster::{Bootstrap, ClusterCommand};
pub use lease::{
    ConflictProbe, DeclineAddress, GrantLease, GrantRef, LeaseCommand, LiftQuarantine, OfferLease,
    QuarantineAddress, ReleaseLease, RequestKind,
};

use crate::{NodeRegistration, ObjectCommand, RequestId, Stamp};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// One log entry's worth: many commands, one stamp, one fsync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The leader's reading of the cluster clock, if it had one.
    pub stamp: Option<Stamp>,
    /// Applied in this order.
    pub commands: Vec<RequestedCommand>,
}

/// A command, and the request that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedCommand {
    /// For the logs. `apply` does not look at it.
    pub request: RequestId,
    /// What to do.
    pub command: Command,
}

/// A request to change the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Of leases.
    Lease(LeaseCommand),
    /// Of what operators agree on.
    Object(ObjectCommand),
    /// Of the cluster itself.
    Cluster(ClusterCommand),
}

impl Command {
    /// Nothing but the stamp.
    pub const TICK: Self = Self::Cluster(ClusterCommand::Tick);

    /// This command as a part of `request`.
    #[must_use]
    pub const fn of(self, request: RequestId) -> RequestedCommand {
        RequestedCommand {
            request,
            command: self,
        }
    }
}

/// Each request names its own command.
macro_rules! commands {
    ($($request:ident => $class:ident::$kind:ident($command:ident)),* $(,)?) => {
        $(impl From<$request> for Command {
            fn from(request: $request) -> Self {
                Self::$kind($class::$command(request))
            }
        })*
    };
}

commands! {
    OfferLease => LeaseCommand::Lease(Offer),
    GrantLease => LeaseCommand::Lease(Grant),
    ReleaseLease => LeaseCommand::Lease(Release),
    DeclineAddress => LeaseCommand::Lease(Decline),
    QuarantineAddress => LeaseCommand::Lease(Quarantine),
    LiftQuarantine => LeaseCommand::Lease(LiftQuarantine),
    NodeRegistration => ClusterCommand::Cluster(RegisterNode),
}

impl From<Bootstrap> for Command {
    fn from(bootstrap: Bootstrap) -> Self {
        Self::Cluster(ClusterCommand::Bootstrap(Box::new(bootstrap)))
    }
}

impl From<LeaseCommand> for Command {
    fn from(command: LeaseCommand) -> Self {
        Self::Lease(command)
    }
}

impl From<ObjectCommand> for Command {
    fn from(command: ObjectCommand) -> Self {
        Self::Object(command)
    }
}

impl From<ClusterCommand> for Command {
    fn from(command: ClusterCommand) -> Self {
        Self::Cluster(command)
    }
}
