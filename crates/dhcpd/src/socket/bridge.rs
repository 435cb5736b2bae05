//! Which port of the bridge a hardware address is behind: the bridge's forwarding table, as sysfs shows it
//! (`/sys/class/net/BRIDGE/brforward`, an array of `struct __fdb_entry` of linux/if_bridge.h).
//!
//! If the interface is no bridge, or its table cannot be read, ports are unknown. That is no error: then all
//! reporters share one larger limit. The table is read once a second at most.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Hardware address (6 bytes), port's low byte, whether it is the bridge's own, age (4), port's high byte, filling.
const ENTRY_BYTES: usize = 16;
/// A table larger than 64 k entries is cut. In bytes.
const MAX_TABLE_BYTES: u64 = 1 << 20;
/// How long what was read is good for.
const FRESH: Duration = Duration::from_secs(1);

/// Ports by hardware address.
type Ports = BTreeMap<[u8; 6], u32>;

/// The forwarding table of one interface.
#[derive(Debug)]
pub(super) struct ForwardingTable {
    path: PathBuf,
    known: Mutex<Option<(Instant, Ports)>>,
}

impl ForwardingTable {
    pub(super) fn of(interface: &str) -> Self {
        Self {
            path: PathBuf::from(format!("/sys/class/net/{interface}/brforward")),
            known: Mutex::default(),
        }
    }

    /// The port behind which `hardware` was seen last.
    pub(super) fn port_of(&self, hardware: [u8; 6]) -> Option<u32> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |read: &Instant| read.elapsed() < FRESH;
        if !known.as_ref().is_some_and(|(read, _)| is_fresh(read)) {
            *known = Some((Instant::now(), self.read()));
        }
        let (_, ports) = known.as_ref()?;
        ports.get(&hardware).copied()
    }

    fn read(&self) -> Ports {
        let mut bytes = Vec::new();
        let file = File::open(&self.path);
        let read = file.and_then(|file| file.take(MAX_TABLE_BYTES).read_to_end(&mut bytes));
        read.map(|_| entries(&bytes)).unwrap_or_default()
    }
}

fn entries(table: &[u8]) -> Ports {
    let entries = table.chunks_exact(ENTRY_BYTES).filter_map(|entry| {
        let hardware = entry.get(..6)?.try_into().ok()?;
        let port = u32::from(entry[12]) << 8 | u32::from(entry[6]);
        Some((hardware, port))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_table() {
        let table = [
            [2, 0, 0, 0, 0, 1, 3, 0, 9, 0, 0, 0, 0, 0, 0, 0],
            [2, 0, 0, 0, 0, 2, 1, 1, 0, 0, 0, 0, 2, 0, 0, 0],
        ];
        let mut bytes = table.concat();
        bytes.extend([1, 2, 3]);
        let expected = [([2, 0, 0, 0, 0, 1], 3), ([2, 0, 0, 0, 0, 2], 0x201)];
        assert_eq!(entries(&bytes), BTreeMap::from(expected));
    }

    #[tokio::test]
    async fn forwarding_table_of_no_bridge_is_empty() {
        assert_eq!(ForwardingTable::of("lo").port_of([2; 6]), None);
    }
}
