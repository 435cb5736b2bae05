//! What a kind of object says of itself, and how objects are kept.

use super::{AnyKey, AnyObject, Kind, Objects};
use crate::budget::OverBudget;
use crate::{ObjectRefusal, State};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Debug, Display};

/// A kind of object. One file a kind implements it; everything else is common.
pub trait Object: Clone + Debug + Display + Eq {
    /// What tells two objects of this kind apart. Its text is how operators name it.
    type Key: Clone + Debug + Display + Ord;

    /// The most of them that a cluster can have.
    const LIMIT: usize;

    /// Whether only the node that leads may propose a change of it: a member is not believed that an operator
    /// asked for it (S12).
    const LEADERS: bool = false;

    /// Its key.
    fn key(&self) -> Self::Key;

    /// No fewer bytes than it takes in the log and in a message, beside a few fixed fields.
    fn size_bound(&self) -> usize;

    /// Refuses one of which a field is too long. Looked at before it is proposed, too.
    fn check_budget(&self) -> Result<(), OverBudget> {
        Ok(())
    }

    /// What holds of every object in every state, also of one that was read from a snapshot.
    fn check(&self, state: &State) -> Result<(), ObjectRefusal>;

    /// Whether an operator may have it: it is new, or is to take the place of the one with its key.
    /// `force` passes what an operator may mean all the same.
    fn admit(&self, state: &State, force: bool) -> Result<(), ObjectRefusal>;

    /// Whether it may go.
    fn may_be_deleted(&self, _: &State) -> Result<(), ObjectRefusal> {
        Ok(())
    }

    /// Brings up to date what follows from the object, after it came, changed or went.
    fn on_change(_: &mut State, _before: Option<&Self>, _after: Option<&Self>) {}

    /// Who has its key already, for whoever wanted another: a sentence without a full stop.
    fn taken(&self) -> String;

    /// What an operator should know of it now that is no error: a sentence each.
    fn notices(&self, _: &State) -> Vec<String> {
        Vec::new()
    }

    /// What an operator should know once it is gone.
    fn notices_when_gone(&self, _: &State) -> Vec<String> {
        Vec::new()
    }

    /// What it comes to at present, for lists: `None` if that is what it says anyway.
    fn now(&self, _: &State) -> Option<String> {
        None
    }

    /// Some of every sort: for round trips, fixtures, fuzzing and the simulation's operators.
    fn samples() -> Vec<Self>;
}

/// What the table of kinds makes for each.
pub trait Registered: Object + Into<AnyObject> {
    /// Its kind.
    const KIND: Kind;

    /// Where they are kept.
    fn table(objects: &Objects) -> &Table<Self>;

    /// The same, to be changed.
    fn table_mut(objects: &mut Objects) -> &mut Table<Self>;

    /// Its key, among those of all kinds.
    fn any_key(key: Self::Key) -> AnyKey;
}

/// The objects of one kind, by key.
pub type Table<T> = BTreeMap<<T as Object>::Key, Stored<T>>;

/// An object, and since when it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The object.
    pub object: T,
    /// When it was made and changed.
    pub revision: Revision,
}

/// Indexes of the log entries that made an object and changed it last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Which entry made it.
    pub created: u64,
    /// Which one changed it last: what a change may be made conditional on.
    pub changed: u64,
}

impl<T: Registered> Stored<T> {
    /// The same, as an object of any kind.
    #[must_use]
    pub fn any(&self) -> Stored<AnyObject> {
        Stored {
            object: self.object.clone().into(),
            revision: self.revision,
        }
    }
}
