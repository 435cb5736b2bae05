//! Whether a client that the lease table does not know was heard a moment ago: then it tries again, as
//! real clients do (ADR 0014).
//!
//! A flood of made-up hardware addresses never repeats itself. Whom it makes up cannot be remembered
//! one by one, so this is a Bloom filter for each of the last few spans of time: a fixed size, never a false
//! "no", and with 100,000 clients a second about 3 false "yes" in 100,000.
//!
//! An attacker can repeat himself, of course. He then shares the budget of clients that try again, and
//! nothing is worse than without this.

use crate::Moment;
use crate::decide::client_hash;
use crate::limits::{HEARD_BEFORE_BITS, HEARD_BEFORE_SPAN, HEARD_BEFORE_SPANS};
use ipam::ClientKey;
use std::collections::VecDeque;
use std::fmt;

/// Bits set for each client: the fewest mistakes at the load that is expected.
const BITS_PER_CLIENT: u64 = 6;
const WORD_BITS: usize = u64::BITS as usize;
const WORDS: usize = HEARD_BEFORE_BITS / WORD_BITS;

/// Who was heard in the present span, first, and in those before.
pub struct HeardBefore {
    spans: VecDeque<Filter>,
    /// The number of the present span.
    present: u128,
}

/// A Bloom filter. It has no memory while nobody is in it.
#[derive(Default)]
struct Filter {
    words: Vec<u64>,
}

impl HeardBefore {
    /// Nobody was.
    #[must_use]
    pub fn new() -> Self {
        let spans = (0..HEARD_BEFORE_SPANS).map(|_| Filter::default());
        Self {
            spans: spans.collect(),
            present: 0,
        }
    }

    /// Notes that `client` is heard; whether it was in an earlier span that is remembered. A copy
    /// that the network makes mostly falls into the same one.
    pub fn note(&mut self, client: &ClientKey, now: Moment) -> bool {
        self.move_on(now);
        let hash = client_hash(client);
        let mut spans = self.spans.iter_mut();
        if let Some(present) = spans.next() {
            present.insert(hash);
        }
        spans.any(|earlier| earlier.contains(hash))
    }

    /// Forgets what is too old. A clock that stands still, or steps back, forgets nothing.
    fn move_on(&mut self, now: Moment) {
        let span = now.0.as_nanos() / HEARD_BEFORE_SPAN.as_nanos();
        let passed = span.saturating_sub(self.present);
        self.present = self.present.max(span);
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        for _ in 0..passed.min(HEARD_BEFORE_SPANS) {
            self.spans.pop_back();
            self.spans.push_front(Filter::default());
        }
    }
}

impl Default for HeardBefore {
    fn default() -> Self {
        Self::new()
    }
}

/// Megabytes of bits are of no use to a reader.
impl fmt::Debug for HeardBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeardBefore")
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
        let bit = (start + number * step) as usize % HEARD_BEFORE_BITS;
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

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    #[test]
    fn a_retransmission_is_known_and_a_copy_is_not() {
        let mut heard = HeardBefore::new();
        assert!(!heard.note(&client(1), at(10_000)));
        assert!(!heard.note(&client(1), at(10_001)));
        for first_retry in [13_000, 15_000] {
            let mut heard = HeardBefore::new();
            heard.note(&client(1), at(10_000));
            assert!(heard.note(&client(1), at(first_retry)), "{first_retry} ms");
        }
        assert!(!heard.note(&client(1), at(60_000)), "long ago");
    }

    #[test]
    fn a_clock_that_steps_back_forgets_nothing() {
        let mut heard = HeardBefore::new();
        heard.note(&client(1), at(10_000));
        heard.note(&client(2), at(13_000));
        assert!(heard.note(&client(1), at(5_000)));
    }

    /// Six spans of 200,000 clients each, as in a flood of 100,000 a second.
    #[test]
    fn a_flood_does_not_look_like_clients_that_try_again() {
        let mut heard = HeardBefore::new();
        let flood = 0..1_200_000_u32;
        let mistaken = flood.filter(|number| {
            let now = at(u64::from(*number) / 100);
            heard.note(&client(*number), now)
        });
        assert!(mistaken.count() < 100);
        assert!(!heard.note(&client(2_000_000), at(12_000)));
        assert!(heard.note(&client(2_000_000), at(15_000)));
    }
}
