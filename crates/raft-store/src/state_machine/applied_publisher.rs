//! Telling readers what was applied. Held by the state machine alone, so that its end is news too.

use super::applied::{AppliedMark, Committed};
use super::shared::Shared;
use ipam::Event;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// How many entries' events a slow subscriber may be behind before it loses some.
const EVENT_ENTRIES: usize = 1024;

/// Publishes what was applied: marks by a watch, events by a broadcast.
pub(super) struct AppliedPublisher {
    mark: watch::Sender<AppliedMark>,
    events: broadcast::Sender<Committed>,
}

/// The receiving side.
#[derive(Clone)]
pub(super) struct Subscriptions {
    pub(super) mark: watch::Receiver<AppliedMark>,
    events: broadcast::WeakSender<Committed>,
}

impl AppliedPublisher {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            mark: watch::Sender::new(shared.mark()),
            events: broadcast::Sender::new(EVENT_ENTRIES),
        }
    }

    pub(super) fn subscriptions(&self) -> Subscriptions {
        Subscriptions {
            mark: self.mark.subscribe(),
            events: self.events.downgrade(),
        }
    }

    /// How far the state is now.
    pub(super) fn publish_mark(&self, shared: &Shared) {
        self.mark.send_replace(shared.mark());
    }

    /// What one entry has changed.
    pub(super) fn publish_events(&self, index: u64, events: Vec<Event>) {
        if !events.is_empty() {
            let events: Arc<[Event]> = events.into();
            // Without subscribers there is nobody to miss it.
            self.events.send(Committed { index, events }).ok();
        }
    }
}

impl Subscriptions {
    /// Events from now on; a subscription that is closed already when the state machine is gone.
    pub(super) fn events(&self) -> broadcast::Receiver<Committed> {
        match self.events.upgrade() {
            Some(events) => events.subscribe(),
            None => broadcast::Sender::new(1).subscribe(),
        }
    }
}
