//! The trail of a running server, for somebody beside it.

use super::{Sighting, Trail};
use crate::Moment;
use ipam::ClientKey;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Reads the trail of a running server; its last packets stay readable after it has ended.
#[derive(Clone, Debug)]
pub struct TrailReader {
    trail: Arc<Mutex<Trail>>,
    origin: Instant,
}

impl TrailReader {
    pub(crate) const fn new(trail: Arc<Mutex<Trail>>, origin: Instant) -> Self {
        Self { trail, origin }
    }

    /// The last packets of a client, oldest first, each with how long ago it came.
    #[must_use]
    pub fn of(&self, client: &ClientKey) -> Vec<(Duration, Sighting)> {
        let now = Moment(self.origin.elapsed());
        let trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        let found = trail.of(client).into_iter();
        found.map(|found| (now.since(found.at), found)).collect()
    }
}
