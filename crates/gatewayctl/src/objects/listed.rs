//! An object of a list, and the list as text.

use api::DecodeError;
use api::proto::admin::ListedObject;
use ipam::{AnyObject, Stored};
use serde::{Serialize, Serializer};

use super::Noun;
use crate::render::{Style, table};

/// An object as a node lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The object.
    pub object: T,
    /// Which log entry changed it last: what a change may be made conditional on.
    pub revision: u64,
    /// What it comes to at present, where that is more than it says.
    pub now: Option<String>,
}

/// The kind's own fields, and those that all kinds have.
#[derive(Serialize)]
struct ListedView<V> {
    #[serde(flatten)]
    own: V,
    revision: u64,
}

impl<T: Noun> Listed<T> {
    /// Reads what a node sent.
    pub fn read(message: ListedObject) -> Result<Self, DecodeError> {
        let ListedObject { stored, now } = message;
        let stored = stored.ok_or(DecodeError::Missing("ListedObject.stored"))?;
        let Stored { object, revision } = Stored::<AnyObject>::try_from(stored)?;
        Ok(Self {
            object: T::known(object).ok_or(DecodeError::Missing(T::KIND.name()))?,
            revision: revision.changed,
            now,
        })
    }

    /// A table, or a sentence if there are none.
    #[must_use]
    pub fn list(listed: &[Self], style: Style) -> String {
        if listed.is_empty() {
            return format!("{}\n", T::NONE);
        }
        let columns: Vec<_> = T::COLUMNS.iter().map(|(column, _)| *column).collect();
        let row = |one| -> Vec<String> { T::COLUMNS.iter().map(|(_, cell)| cell(one)).collect() };
        table(&columns, listed.iter().map(row), style)
    }
}

impl<T: Noun> Serialize for Listed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = T::view(self);
        let revision = self.revision;
        ListedView { own, revision }.serialize(serializer)
    }
}
