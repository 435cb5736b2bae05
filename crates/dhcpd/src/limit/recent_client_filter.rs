//! Tells a retrying client from a new one, among clients that the lease table does not know (ADR 0014).
//!
//! Real clients retry; a flood of fake hardware addresses does not repeat itself. Storing every fake client
//! would exhaust memory; hence a Bloom filter for each of the last few time spans. Its size is fixed. It never
//! misses a client, and with 100,000 clients a second it mistakes about 3 in 100,000 for retrying ones.
//!
//! An attacker who does repeat addresses shares the rate limit of retrying clients: no worse than without this
//! filter.

use crate::MonotonicTime;
use crate::decide::client_hash;
use crate::limits::{
    RECENT_CLIENT_FILTER_BITS, RECENT_CLIENT_FILTER_SPAN, RECENT_CLIENT_FILTER_SPANS,
};
use ipam::ClientKey;
use std::collections::VecDeque;
use std::fmt;

/// Bits set for each client: the lowest error rate at the expected load.
const BITS_PER_CLIENT: u64 = 6;
const WORD_BITS: usize = u64::BITS as usize;
const WORDS: usize = RECENT_CLIENT_FILTER_BITS / WORD_BITS;

/// The clients of the current time span, first, and of those before.
pub struct RecentClientFilter {
    spans: VecDeque<Filter>,
    /// The number of the present span.
    present: u128,
}

/// A Bloom filter. It allocates no memory while it is empty.
#[derive(Default)]
struct Filter {
    words: Vec<u64>,
}

impl RecentClientFilter {
    /// An empty filter.
    #[must_use]
    pub fn new() -> Self {
        let spans = (0..RECENT_CLIENT_FILTER_SPANS).map(|_| Filter::default());
        Self {
            spans: spans.collect(),
            present: 0,
        }
    }

    /// Notes a packet of `client`; whether there was one in an earlier span. A duplicate made by the network
    /// mostly falls into the same span, so it does not count.
    pub fn note(&mut self, client: &ClientKey, now: MonotonicTime) -> bool {
        self.rotate(now);
        let hash = client_hash(client);
        let mut spans = self.spans.iter_mut();
        if let Some(present) = spans.next() {
            present.insert(hash);
        }
        spans.any(|earlier| earlier.contains(hash))
    }

    /// Drops spans that are too old. A clock that stands still, or steps back, drops none.
    fn rotate(&mut self, now: MonotonicTime) {
        let span = now.0.as_nanos() / RECENT_CLIENT_FILTER_SPAN.as_nanos();
        let passed = span.saturating_sub(self.present);
        self.present = self.present.max(span);
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        for _ in 0..passed.min(RECENT_CLIENT_FILTER_SPANS) {
            self.spans.pop_back();
            self.spans.push_front(Filter::default());
        }
    }
}

impl Default for RecentClientFilter {
    fn default() -> Self {
        Self::new()
    }
}

/// Without the bits, which are megabytes.
impl fmt::Debug for RecentClientFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentClientFilter")
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}

impl Filter {
    fn insert(&mut self, hash: u64) {
        if self.words.is_empty() {
            self.words = vec![0; WORDS];
        }
        for (word, mask) in places(hash) {
            self.words[word] |= mask;
        }
    }

    fn contains(&self, hash: u64) -> bool {
        let has = |(word, mask): (usize, u64)| self.words.get(word).is_some_and(|w| w & mask != 0);
        places(hash).all(has)
    }
}

/// The bits of one client, each as its word and a mask: both halves of the hash make one sequence.
fn places(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let (start, step) = (hash & 0xffff_ffff, hash >> 32 | 1);
    (0..BITS_PER_CLIENT).map(move |number| {
        let bit = (start + number * step) as usize % RECENT_CLIENT_FILTER_BITS;
        (bit / WORD_BITS, 1 << (bit % WORD_BITS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::HardwareAddress;
    use std::time::Duration;

    fn client(number: u32) -> ClientKey {
        let [a, b, c, d] = number.to_be_bytes();
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, a, b, c, d]))
    }

    fn at(millis: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_millis(millis))
    }

    #[test]
    fn note_retransmission_is_recent_but_network_copy_is_not() {
        let mut filter = RecentClientFilter::new();
        assert!(!filter.note(&client(1), at(10_000)));
        assert!(!filter.note(&client(1), at(10_001)));
        for first_retry in [13_000, 15_000] {
            let mut filter = RecentClientFilter::new();
            filter.note(&client(1), at(10_000));
            assert!(filter.note(&client(1), at(first_retry)), "{first_retry} ms");
        }
        assert!(!filter.note(&client(1), at(60_000)), "long ago");
    }

    #[test]
    fn note_clock_steps_back_forgets_nothing() {
        let mut filter = RecentClientFilter::new();
        filter.note(&client(1), at(10_000));
        filter.note(&client(2), at(13_000));
        assert!(filter.note(&client(1), at(5_000)));
    }

    /// Six spans of 200,000 clients each, as in a flood of 100,000 a second.
    #[test]
    fn note_flood_is_not_mistaken_for_retrying_clients() {
        let mut filter = RecentClientFilter::new();
        let flood = 0..1_200_000_u32;
        let mistaken = flood.filter(|number| {
            let now = at(u64::from(*number) / 100);
            filter.note(&client(*number), now)
        });
        assert!(mistaken.count() < 100);
        assert!(!filter.note(&client(2_000_000), at(12_000)));
        assert!(filter.note(&client(2_000_000), at(15_000)));
    }
}
