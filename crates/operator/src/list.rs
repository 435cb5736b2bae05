//! Objects, listed.

use crate::Operations;
use ipam::{AnyObject, Kind, Stored};

/// An object as an operator sees it.
#[derive(Clone, Debug)]
pub struct ListedObject {
    /// What was agreed on, and when.
    pub stored: Stored<AnyObject>,
    /// What it comes to at present, where that is more than it says: where a forward leads.
    pub now: Option<String>,
}

impl Operations {
    /// Every object of a kind, by key, ascending, as this node knows them.
    #[must_use]
    pub fn list(&self, kind: Kind) -> Vec<ListedObject> {
        self.read(|state| {
            let objects = state.objects().of(kind).into_iter();
            let listed = objects.map(|stored| ListedObject {
                now: stored.object.now(state),
                stored,
            });
            listed.collect()
        })
    }
}
