//! Why a command is refused, by its class. Refused means that nothing changed.
//!
//! A program tells refusals apart by their variants. The texts are for people.

mod address;
mod cluster;
mod lease;
mod object;

pub use address::AddressRefusal;
pub use cluster::ClusterRefusal;
pub use lease::LeaseRefusal;
pub use object::ObjectRefusal;

use crate::budget::OverBudget;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What a client asked.
    #[error(transparent)]
    Lease(#[from] LeaseRefusal),
    /// What an operator asked of an object.
    #[error(transparent)]
    Object(#[from] ObjectRefusal),
    /// What a node or an operator asked of the cluster, and what any command can meet.
    #[error(transparent)]
    Cluster(#[from] ClusterRefusal),
}

impl Refusal {
    /// The entry carried no stamp of its own term (T2): nothing changed; ask again.
    pub const UNSTAMPED: Self = Self::Cluster(ClusterRefusal::Unstamped);
}

impl From<OverBudget> for Refusal {
    fn from(over: OverBudget) -> Self {
        Self::Cluster(over.into())
    }
}
