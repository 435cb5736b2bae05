//! What a kind of object says of itself on the command line.

use std::fmt::Debug;

use clap::Subcommand;
use ipam::{AnyObject, Change, Registered};
use serde::Serialize;

use super::Listed;
use crate::failure::Failure;
use crate::render::Column;

/// A kind of object, as operators see it. One file a kind implements it.
pub trait Noun: Known {
    /// What follows `gatewayctl`.
    const NOUN: &'static str;

    /// What help says of it.
    const ABOUT: &'static str;

    /// The list when there are none: a sentence.
    const NONE: &'static str;

    /// The list when there are some: at most 80 columns wide.
    const COLUMNS: Columns<Self>;

    /// What can be done with it: the verbs, with arguments and examples.
    type Verbs: Subcommand + Debug;

    /// One of a list, for programs. Its fields are an interface: add, never rename. All kinds have
    /// `revision` besides.
    type View: Serialize;

    /// What the operator asks for. Fails where the arguments make no sense together.
    fn asked(verb: &Self::Verbs) -> Result<Asked, Failure>;

    /// As programs see it.
    fn view(listed: &Listed<Self>) -> Self::View;
}

/// What the table of kinds makes for each.
pub trait Known: Registered + 'static {
    /// The number of its kind.
    const NUMBER: u32;

    /// The object, if it is of this kind.
    fn known(object: AnyObject) -> Option<Self>;
}

/// A list's columns: the heading of each, and what stands in it.
pub type Columns<T> = &'static [(Column, fn(&Listed<T>) -> String)];

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The list.
    List,
    /// A change.
    Change(Box<AskedChange>),
}

/// A change, and how it is spoken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedChange {
    /// What is to become of which object.
    pub change: Change,
    /// Whether the operator means it although it is refused otherwise.
    pub force: bool,
    /// What we are doing, with the values: "reserving 10.15.3.20 for 02:aa:00:00:00:01".
    pub doing: String,
    /// What was done, as a sentence.
    pub done: String,
}

impl Asked {
    /// Make the object.
    #[must_use]
    pub fn create(object: impl Registered, doing: String, done: String) -> Self {
        Self::change(Change::Create(object.into()), doing, done)
    }

    /// Remove the object of this key, whatever it is now.
    #[must_use]
    pub fn delete<T: Registered>(key: T::Key, doing: String, done: String) -> Self {
        let key = T::any_key(key);
        Self::change(
            Change::Delete {
                key,
                expected: None,
            },
            doing,
            done,
        )
    }

    /// A change.
    #[must_use]
    pub fn change(change: Change, doing: String, done: String) -> Self {
        Self::Change(Box::new(AskedChange {
            change,
            force: false,
            doing,
            done,
        }))
    }

    /// The same; `force` passes what is refused otherwise, where that can make sense.
    #[must_use]
    pub fn with_force(mut self, force: bool) -> Self {
        if let Self::Change(asked) = &mut self {
            asked.force = force;
        }
        self
    }
}
