//! Who asks.

use ipam::{NodeId, Operator};

/// An operator, as far as the transport knows him.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Where the request came from, as the transport writes it; empty if it does not say. At most 256 bytes.
    pub from: String,
}

impl Caller {
    /// As commands name him: who was asked, and from where.
    pub(crate) fn at(&self, node: NodeId) -> Operator {
        Operator {
            node,
            from: self.from.clone(),
        }
    }
}
