//! What happened, in numbers: for status and metrics. Nothing is decided by a counter.

use crate::codec::{DropReason, MessageType};
use crate::decide::NoReplyReason;
use crate::reply::ReplyType;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets of the time from a request's arrival to its reply, in milliseconds.
pub const REPLY_BUCKETS_MILLIS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000];

/// Counters that only grow. Shared; each update is one atomic addition.
#[derive(Debug, Default)]
pub struct Counters {
    received: [AtomicU64; MessageType::ALL.len()],
    sent: [AtomicU64; ReplyType::ALL.len()],
    dropped: [AtomicU64; DropReason::ALL.len()],
    no_reply: [AtomicU64; NoReplyReason::ALL.len()],
    reply_buckets: [AtomicU64; REPLY_BUCKETS_MILLIS.len() + 1],
    reply_micros: AtomicU64,
    send_failures: AtomicU64,
    receive_failures: AtomicU64,
    options_left_out: AtomicU64,
    probes: AtomicU64,
    conflicts: AtomicU64,
    indiscriminate: AtomicU64,
}

/// Every counter, with its label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountersSnapshot {
    /// Well-formed messages from clients, by type.
    pub received: Vec<(&'static str, u64)>,
    /// Replies sent, by type.
    pub sent: Vec<(&'static str, u64)>,
    /// Malformed datagrams, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// Well-formed messages that got no reply, by reason.
    pub no_reply: Vec<(&'static str, u64)>,
    /// Replies by the time they took: upper bound in milliseconds (`None`: more than all), number.
    pub reply_time: Vec<(Option<u64>, u64)>,
    /// The sum of those times, in microseconds.
    pub reply_micros: u64,
    /// Replies that the kernel did not take.
    pub send_failures: u64,
    /// Receive calls that failed.
    pub receive_failures: u64,
    /// Options left out of replies for want of room.
    pub options_left_out: u64,
    /// Addresses probed for conflicts.
    pub probes: u64,
    /// Of those, in use.
    pub conflicts: u64,
    /// Hardware addresses that were found to answer for every free address.
    pub indiscriminate: u64,
}

impl Counters {
    /// A well-formed message.
    pub fn received(&self, message_type: MessageType) {
        add(&self.received[message_type.index()], 1);
    }

    /// A reply, and the time from its request's arrival.
    pub fn sent(&self, reply_type: ReplyType, took: Duration) {
        add(&self.sent[reply_type.index()], 1);
        let bucket = REPLY_BUCKETS_MILLIS
            .iter()
            .position(|bound| took <= Duration::from_millis(*bound))
            .unwrap_or(REPLY_BUCKETS_MILLIS.len());
        add(&self.reply_buckets[bucket], 1);
        add(
            &self.reply_micros,
            u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        );
    }

    /// A malformed datagram.
    pub fn dropped(&self, reason: DropReason) {
        add(&self.dropped[reason.index()], 1);
    }

    /// A well-formed message without a reply.
    pub fn no_reply(&self, reason: NoReplyReason) {
        add(&self.no_reply[reason.index()], 1);
    }

    /// A reply that the kernel did not take.
    pub fn send_failed(&self) {
        add(&self.send_failures, 1);
    }

    /// A receive call that failed.
    pub fn receive_failed(&self) {
        add(&self.receive_failures, 1);
    }

    /// Options left out of a reply.
    pub fn left_out(&self, options: u32) {
        add(&self.options_left_out, options.into());
    }

    /// A conflict probe.
    pub fn probed(&self) {
        add(&self.probes, 1);
    }

    /// A host without a lease uses an address that should be free.
    pub fn conflict(&self) {
        add(&self.conflicts, 1);
    }

    /// A machine answers for every free address.
    pub fn indiscriminate(&self) {
        add(&self.indiscriminate, 1);
    }

    /// Every counter now. Counters move while they are read; each is right by itself.
    #[must_use]
    pub fn snapshot(&self) -> CountersSnapshot {
        let labels = |names: Vec<&'static str>, counters: &[AtomicU64]| {
            names.into_iter().zip(counters.iter().map(read)).collect()
        };
        let bounds = REPLY_BUCKETS_MILLIS.into_iter().map(Some).chain([None]);
        CountersSnapshot {
            received: labels(names(MessageType::ALL, MessageType::name), &self.received),
            sent: labels(names(ReplyType::ALL, ReplyType::name), &self.sent),
            dropped: labels(names(DropReason::ALL, DropReason::name), &self.dropped),
            no_reply: labels(
                names(NoReplyReason::ALL, NoReplyReason::name),
                &self.no_reply,
            ),
            reply_time: bounds.zip(self.reply_buckets.iter().map(read)).collect(),
            reply_micros: read(&self.reply_micros),
            send_failures: read(&self.send_failures),
            receive_failures: read(&self.receive_failures),
            options_left_out: read(&self.options_left_out),
            probes: read(&self.probes),
            conflicts: read(&self.conflicts),
            indiscriminate: read(&self.indiscriminate),
        }
    }
}

fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|variant| name(*variant)).collect()
}

// Relaxed: each counter stands alone, nothing is ordered by it.
fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_count_each_label_apart() {
        let counters = Counters::default();
        counters.dropped(DropReason::TooShort);
        counters.no_reply(NoReplyReason::TooLate);
        counters.sent(ReplyType::Ack, Duration::from_millis(3));
        counters.sent(ReplyType::Ack, Duration::from_secs(60));
        let snapshot = counters.snapshot();
        assert_eq!(snapshot.dropped[0], ("too_short", 1));
        assert_eq!(
            snapshot.dropped.iter().map(|(_, count)| count).sum::<u64>(),
            1
        );
        assert!(snapshot.no_reply.contains(&("too_late", 1)));
        assert!(snapshot.sent.contains(&("ack", 2)));
        assert!(snapshot.reply_time.contains(&(Some(5), 1)));
        assert!(snapshot.reply_time.contains(&(None, 1)));
    }

    #[test]
    fn labels_are_snake_case_and_unique() {
        let labels: Vec<_> = [
            DropReason::ALL
                .iter()
                .map(|label| label.name())
                .collect::<Vec<_>>(),
            NoReplyReason::ALL
                .iter()
                .map(|label| label.name())
                .collect(),
        ]
        .concat();
        for label in &labels {
            assert!(
                label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            );
        }
        let unique: std::collections::BTreeSet<_> = labels.iter().collect();
        assert_eq!(unique.len(), labels.len());
    }
}
