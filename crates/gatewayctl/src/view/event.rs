//! A committed change.

use api::proto::watch::Event;
use serde::Serialize;

/// One event of the watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// The log index of the entry that made the change.
    pub index: u64,
    /// Past tense: `LeaseGranted`, `LeaseExpired`, …
    pub kind: String,
    /// The address concerned; empty if none is.
    pub address: String,
    /// The client concerned; empty if none is.
    pub client: String,
    /// For people.
    pub text: String,
    /// Who made the change: the cluster, a node, or an operator and from where.
    pub actor: String,
    /// How many events were missed before this one.
    pub missed: u64,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        let Event {
            index,
            kind,
            address,
            client,
            text,
            actor,
            missed,
        } = event;
        Self {
            index,
            kind,
            address,
            client,
            text,
            actor,
            missed,
        }
    }
}
