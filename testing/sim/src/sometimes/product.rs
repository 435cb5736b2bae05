//! The product's enumerations that do not list themselves.

use super::{Row, Table};
use ipam::budget::OverBudget;
use ipam::{AddressRefusal, ClusterRefusal, LeaseRefusal, ObjectRefusal, Refusal};
use operator::verdict::Blocker;

/// The names of an enum's variants, and the name of one. A new variant does not compile until it is in the list.
macro_rules! variants {
    ($all:ident, $visibility:vis $name:ident of $enum:ident { $($variant:ident),+ $(,)? }) => {
        pub(super) const $all: &[&str] = &[$(stringify!($variant)),+];

        /// The variant's name.
        #[must_use]
        $visibility const fn $name(of: &$enum) -> &'static str {
            match of {
                $($enum::$variant { .. } => stringify!($variant),)+
            }
        }
    };
}

variants!(LEASE_REFUSALS, lease_refusal of LeaseRefusal {
    UnknownSubnet,
    PoolExhausted,
    NotInSubnet,
    NotAvailable,
    OfNode,
    HeldByAnother,
    Quarantined,
    HasOtherAddress,
    UnknownClient,
    NotTheHolder,
    NotProbed,
    InUse,
    ReleasedBefore,
});

variants!(OBJECT_REFUSALS, object_refusal of ObjectRefusal {
    NotFound,
    Exists,
    RevisionChanged,
    OverBudget,
    Address,
    UnknownSubnet,
    IdentifierNotUsed,
    PortZero,
    PortInUse,
    TargetLeased,
    InvalidSubnet,
    Overlap,
    SubnetNotEmpty,
    NotBootstrapped,
    SubnetInUse,
});

variants!(CLUSTER_REFUSALS, cluster_refusal of ClusterRefusal {
    Unstamped,
    OverBudget,
    AlreadyBootstrapped,
    Bootstrap,
    Address,
    OtherSubnet,
    UnknownSubnet,
    UnknownNode,
    NoLease,
});

variants!(ADDRESS_REFUSALS, address_refusal of AddressRefusal {
    NotInSubnet,
    NotAvailable,
    HeldByAnother,
    OfNode,
    ReservedForAnother,
    Router,
});

variants!(OVER_BUDGETS, over_budget of OverBudget {
    TooMany,
    TooLarge,
});

/// The rows of a refusal: its own, and that of what it is made of, if it is made of something.
pub(super) fn refusal_rows(refusal: &Refusal) -> impl Iterator<Item = Row> {
    let row = match refusal {
        Refusal::Lease(refusal) => (Table::LeaseRefused, lease_refusal(refusal)),
        Refusal::Object(refusal) => (Table::ObjectRefused, object_refusal(refusal)),
        Refusal::Cluster(refusal) => (Table::ClusterRefused, cluster_refusal(refusal)),
    };
    let part = match refusal {
        Refusal::Object(ObjectRefusal::Address(address))
        | Refusal::Cluster(ClusterRefusal::Address(address)) => {
            Some((Table::AddressRefused, address_refusal(address)))
        }
        Refusal::Object(ObjectRefusal::OverBudget(over))
        | Refusal::Cluster(ClusterRefusal::OverBudget(over)) => {
            Some((Table::OverBudget, over_budget(over)))
        }
        _ => None,
    };
    let rows = std::iter::once(row).chain(part);
    rows.map(|(table, name)| Row { table, name })
}

variants!(BLOCKERS, pub blocker_name of Blocker {
    NotServing,
    MemberUnreachable,
    MemberNotServing,
    MemberNotVoting,
    PoolFull,
    Nat,
});
