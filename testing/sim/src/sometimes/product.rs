//! The product's enumerations that do not list themselves.

use gatewayd::verdict::Blocker;
use ipam::Refusal;

/// The names of an enum's variants, and the name of one. A new variant does not compile until it is in the list.
macro_rules! variants {
    ($all:ident, $name:ident of $enum:ident { $($variant:ident),+ $(,)? }) => {
        pub(super) const $all: &[&str] = &[$(stringify!($variant)),+];

        /// The variant's name.
        #[must_use]
        pub const fn $name(of: &$enum) -> &'static str {
            match of {
                $($enum::$variant { .. } => stringify!($variant),)+
            }
        }
    };
}

variants!(REFUSALS, refusal_name of Refusal {
    UnknownSubnet,
    Unstamped,
    AlreadyBootstrapped,
    PoolExhausted,
    NotInSubnet,
    NotAvailable,
    HeldByAnother,
    Quarantined,
    HasOtherAddress,
    UnknownClient,
    NotTheHolder,
    NodeAddress,
    ReservedForAnother,
    AlreadyReserved,
    NotProbed,
    InUse,
    ReleasedBefore,
    IdentifierNotUsed,
    NotFound,
    PortTaken,
    PortZero,
    PortInUse,
    RouterAddress,
    TargetLeased,
    InvalidSubnet,
    Overlap,
    SubnetInUse,
    TooMany,
    TooLarge,
});

variants!(BLOCKERS, blocker_name of Blocker {
    NotServing,
    MemberUnreachable,
    MemberNotServing,
    MemberNotVoting,
    PoolFull,
    Nat,
});
