//! What of the product's own a run comes across.

use super::product::refusal_rows;
use super::{Row, Table};
use dhcpd::Counters;
use ipam::Outcome;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts, from all lives of all nodes. Clones are the same one.
#[derive(Clone, Default)]
pub struct Sightings(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    rows: BTreeMap<Row, u64>,
    /// What each life of a DHCP server counts.
    servers: Vec<Arc<Counters>>,
}

impl Sightings {
    /// This was seen.
    pub fn note(&self, table: Table, name: &'static str) {
        let row = Row { table, name };
        self.lock().count(row);
    }

    /// This came of a command.
    pub fn outcome(&self, outcome: &Outcome) {
        if let Outcome::Refused(refusal) = outcome {
            let mut seen = self.lock();
            refusal_rows(refusal).for_each(|row| seen.count(row));
        }
    }

    /// A DHCP server begins; what it counts will count.
    pub fn server(&self, counters: Arc<Counters>) {
        self.lock().servers.push(counters);
    }

    /// All that was seen so far.
    #[must_use]
    pub fn rows(&self) -> BTreeMap<Row, u64> {
        let seen = self.lock();
        let mut rows = seen.rows.clone();
        for counters in &seen.servers {
            let snapshot = counters.snapshot();
            let counts = [
                (Table::NoReply, snapshot.no_reply),
                (Table::Dropped, snapshot.dropped),
            ];
            for (table, counts) in counts {
                for (name, count) in counts {
                    *rows.entry(Row { table, name }).or_default() += count;
                }
            }
        }
        rows
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn count(&mut self, row: Row) {
        *self.rows.entry(row).or_default() += 1;
    }
}
