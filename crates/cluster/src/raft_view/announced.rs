//! Where members say that they are, while the membership still names their old addresses.
//!
//! Without it a quorum that needs such a member could not write down where it is (ADR 0021).

use crate::lock::lock;
use ipam::NodeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Members' proven words. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Announced(Arc<Mutex<BTreeMap<NodeId, Word>>>);

/// A member's word for where it is now. It counts while the membership says `instead_of`.
#[derive(Debug)]
struct Word {
    instead_of: String,
    address: String,
}

impl Announced {
    /// Takes a member at its proven word until the membership says otherwise.
    pub(super) fn announce(&self, node: NodeId, instead_of: &str, address: &str) {
        let word = Word {
            instead_of: instead_of.to_owned(),
            address: address.to_owned(),
        };
        lock(&self.0).insert(node, word);
    }

    /// Where `node` is, which the membership has at `recorded`.
    pub(super) fn address_of(&self, node: NodeId, recorded: String) -> String {
        let mut words = lock(&self.0);
        match words.get(&node) {
            Some(word) if word.instead_of == recorded => word.address.clone(),
            Some(_) => {
                // The membership has it, or something newer: what is out of date is dropped.
                words.remove(&node);
                recorded
            }
            None => recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_address_counts_until_the_membership_changes() {
        let (announced, node) = (Announced::default(), NodeId(3));
        let look = |recorded: &str| announced.address_of(node, recorded.to_owned());
        assert_eq!(look("old:1"), "old:1");
        announced.announce(node, "old:1", "new:1");
        assert_eq!(look("old:1"), "new:1");
        assert_eq!(look("third:1"), "third:1");
        assert_eq!(look("old:1"), "old:1", "it is forgotten by then");
    }
}
