//! An ordered database's two tables.

use super::DiskCounters;
use super::content::Content;
use fastrand::Rng;
use raft_store::storage_env::{KeyRange, Pair, Table};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

type Rows = BTreeMap<Vec<u8>, Arc<[u8]>>;
/// A key, and its new value or none.
type RowChange = (Vec<u8>, Option<Arc<[u8]>>);

/// The tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    log: Rows,
    meta: Rows,
}

/// Changes that are made together or not at all.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) table: Table,
    pub(super) changes: Vec<RowChange>,
}

impl Tables {
    const fn rows(&self, table: Table) -> &Rows {
        match table {
            Table::Log => &self.log,
            Table::Meta => &self.meta,
        }
    }

    const fn rows_mut(&mut self, table: Table) -> &mut Rows {
        match table {
            Table::Log => &mut self.log,
            Table::Meta => &mut self.meta,
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Option<Vec<u8>> {
        self.rows(table).get(key).map(|value| value.to_vec())
    }

    /// The first pair of a range.
    pub(super) fn first(&self, table: Table, keys: &KeyRange) -> Option<Pair> {
        self.in_range(table, keys)?.next().map(pair)
    }

    /// The last pair of a range.
    pub(super) fn last(&self, table: Table, keys: &KeyRange) -> Option<Pair> {
        self.in_range(table, keys)?.next_back().map(pair)
    }

    fn in_range<'a>(
        &'a self,
        table: Table,
        keys: &KeyRange,
    ) -> Option<std::collections::btree_map::Range<'a, Vec<u8>, Arc<[u8]>>> {
        let is_empty = is_empty(keys);
        (!is_empty).then(|| self.rows(table).range::<Vec<u8>, _>(keys.clone()))
    }
}

/// Whether no key can be in the range: the standard library panics at some of those.
fn is_empty((start, end): &KeyRange) -> bool {
    match (start, end) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(end) | Bound::Excluded(end),
        ) => start >= end,
    }
}

fn pair((key, value): (&Vec<u8>, &Arc<[u8]>)) -> Pair {
    (key.clone(), value.to_vec())
}

impl Content for Tables {
    type Change = Batch;
    /// It is a log, read from its beginning to its first hole.
    const ENDS_AT_A_LOSS: bool = true;

    fn apply(&mut self, batch: &Batch) {
        let rows = self.rows_mut(batch.table);
        for (key, value) in &batch.changes {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
    }

    /// Batches are whole or not there.
    fn tear(&mut self, _: &Batch, _: &mut Rng, _: &mut DiskCounters) {}

    fn count(counters: &mut DiskCounters, kept: usize, lost: usize) {
        counters.kept_batches += kept as u64;
        counters.lost_batches += lost as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_ranges_are_known() {
        let key = |n: u8| vec![n];
        let empty = [
            (Bound::Included(key(2)), Bound::Included(key(1))),
            (Bound::Included(key(1)), Bound::Excluded(key(1))),
            (Bound::Excluded(key(1)), Bound::Excluded(key(1))),
            (Bound::Excluded(key(1)), Bound::Included(key(1))),
        ];
        assert!(empty.iter().all(is_empty));
        let one = (Bound::Included(key(1)), Bound::Included(key(1)));
        assert!(!is_empty(&one));
        assert!(!is_empty(&(Bound::Unbounded, Bound::Excluded(key(1)))));
    }
}
