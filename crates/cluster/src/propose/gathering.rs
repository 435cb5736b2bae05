//! What waits for a place in a batch, and how much of it goes into the next one.
//!
//! A batch becomes one log entry, and an entry must fit into one message to a peer. So it is filled
//! up to a number of commands and of bytes; what does not fit begins the next.

use super::queue::Proposal;
use ipam::budget::{MAX_BATCH_BYTES, MAX_BATCH_COMMANDS};
use tokio::sync::mpsc;

/// How much of a batch's bytes is left to its stamp.
const STAMP_BYTES: usize = 1024;

/// The queue's end.
pub(crate) struct Gathering {
    queue: mpsc::Receiver<Proposal>,
    /// Taken from the queue, and too large for the batch before.
    left_over: Option<Proposal>,
}

impl Gathering {
    pub(crate) const fn new(queue: mpsc::Receiver<Proposal>) -> Self {
        Self {
            queue,
            left_over: None,
        }
    }

    /// What waits, as much as one batch holds, and one at least. `None` once nobody can propose any
    /// more. Not cancel-safe.
    pub(crate) async fn next_batch(&mut self) -> Option<Vec<Proposal>> {
        let first = match self.left_over.take() {
            Some(first) => first,
            None => self.queue.recv().await?,
        };
        let mut bytes = first.bytes();
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH_COMMANDS {
            let Ok(next) = self.queue.try_recv() else {
                break;
            };
            bytes += next.bytes();
            if bytes > MAX_BATCH_BYTES - STAMP_BYTES {
                self.left_over = Some(next);
                break;
            }
            batch.push(next);
        }
        Some(batch)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::RequestIds;
    use super::super::queue::{Origin, Proposer};
    use super::*;
    use ipam::{
        AddressRange, Batch, Change, Command, Ipv4Network, Operator, RequestId, RequestedCommand,
        SubnetConfig, SubnetId,
    };
    use std::collections::BTreeMap;
    use std::time::Duration;

    /// A command of some 80 kB.
    fn large() -> RequestedCommand {
        let address = |bits: u32| std::net::Ipv4Addr::from_bits(0x0a0f_0300 + bits);
        let config = SubnetConfig {
            extra_options: (0..=255)
                .map(|code| (code, vec![7; 255]))
                .collect::<BTreeMap<_, _>>(),
            ..SubnetConfig::new(
                SubnetId(1),
                Ipv4Network::new(address(0), 24).unwrap(),
                address(1),
                AddressRange::new(address(20), address(254)).unwrap(),
            )
        };
        Command::from(Change::Create(config.into()).by(Operator::default())).of(RequestId(9))
    }

    const TICK: RequestedCommand = Command::TICK.of(RequestId(7));

    async fn queued(proposer: &Proposer, command: RequestedCommand) {
        let proposer = proposer.clone();
        let within = Duration::from_secs(60);
        tokio::spawn(async move { proposer.queue(command, Origin::Local, within).await });
        tokio::task::yield_now().await;
    }

    #[tokio::test]
    async fn next_batch_stops_at_the_bytes_of_an_entry_and_keeps_the_order() {
        let (proposer, queue) = Proposer::new(RequestIds::from(1));
        let mut gathering = Gathering::new(queue);
        for _ in 0..20 {
            queued(&proposer, large()).await;
            queued(&proposer, TICK).await;
        }
        let mut commands = Vec::new();
        while commands.len() < 40 {
            let batch = gathering.next_batch().await.unwrap();
            let batch = Batch {
                stamp: None,
                commands: batch.iter().map(|one| one.command.clone()).collect(),
            };
            assert_eq!(batch.check_budget(), Ok(()));
            assert!(batch.commands.len() > 1);
            commands.extend(batch.commands);
        }
        let expected: Vec<_> = (0..20).flat_map(|_| [large(), TICK]).collect();
        assert_eq!(commands, expected);
    }

    #[tokio::test]
    async fn next_batch_stops_at_the_number_of_commands() {
        let (proposer, queue) = Proposer::new(RequestIds::from(1));
        let mut gathering = Gathering::new(queue);
        for _ in 0..MAX_BATCH_COMMANDS + 1 {
            queued(&proposer, TICK).await;
        }
        assert_eq!(
            gathering.next_batch().await.unwrap().len(),
            MAX_BATCH_COMMANDS
        );
        assert_eq!(gathering.next_batch().await.unwrap().len(), 1);
    }
}
