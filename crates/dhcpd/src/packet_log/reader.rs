//! Read access to the packet log of a running server.

use super::{PacketLog, PacketRecord};
use crate::MonotonicTime;
use ipam::ClientKey;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Reads the packet log of a running server; its last packets stay readable after it has ended.
#[derive(Clone, Debug)]
pub struct PacketLogReader {
    packet_log: Arc<Mutex<PacketLog>>,
    origin: Instant,
}

impl PacketLogReader {
    pub(crate) const fn new(packet_log: Arc<Mutex<PacketLog>>, origin: Instant) -> Self {
        Self { packet_log, origin }
    }

    /// The last packets of a client, oldest first, each with how long ago it came.
    #[must_use]
    pub fn of(&self, client: &ClientKey) -> Vec<(Duration, PacketRecord)> {
        let now = MonotonicTime(self.origin.elapsed());
        let packet_log = self
            .packet_log
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let found = packet_log.of(client).into_iter();
        found.map(|found| (now.since(found.at), found)).collect()
    }
}
