//! L1: with a quorum in reach, whoever wants an address gets one, and whoever has one keeps it. Judged
//! after the last fault is healed, in bounded virtual time.

use super::peace::{Peace, SETTLED_AFTER};
use super::violation::{Verdict, Violation};
use crate::client::{ClientNumber, Event, MessageKind, TrueTime, What};
use ipam::ClientKey;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a client may go without that waited already as everything was healed: an election, the
/// longest pause of its own between two attempts (60 s), and the five copies of one attempt.
pub const BOUND: Duration = Duration::from_secs(180);
/// The same for one that sends its first DHCPDISCOVER when nothing is left of the faults: an election, if
/// the leader is lost just then, and two retransmissions. Before that, one that reboots may ask in vain for
/// an address that nobody remembers (RFC 2131 §4.3.2).
const SETTLED_BOUND: Duration = Duration::from_secs(30);
/// How long a client that keeps asking must have left, or nobody owes it an answer before its lease ends.
const IN_TIME: Duration = Duration::from_secs(2);

/// Who wants an address, since when; and who asks to keep its own, since when.
#[derive(Clone, Debug, Default)]
pub(super) struct L1 {
    wanting: BTreeMap<ClientNumber, Wanting>,
    extending: BTreeMap<ClientNumber, (Ipv4Addr, TrueTime)>,
}

/// A client without an address.
#[derive(Clone, Debug)]
struct Wanting {
    client: ClientKey,
    since: TrueTime,
    /// Since when it looks for any server.
    discovering: Option<TrueTime>,
}

impl L1 {
    pub(super) fn client(&mut self, event: &Event, peace: &Peace) -> Verdict {
        let number = event.number;
        match event.what {
            What::Began => {
                let wanting = Wanting {
                    client: event.client.clone(),
                    since: event.at,
                    discovering: None,
                };
                self.wanting.entry(number).or_insert(wanting);
                self.extending.remove(&number);
            }
            What::Bound { .. } => {
                let late = self.late(event.at, number, peace);
                self.wanting.remove(&number);
                self.extending.remove(&number);
                return late.map_or(Ok(()), Err);
            }
            What::SwitchedOff => {
                self.wanting.remove(&number);
                self.extending.remove(&number);
            }
            What::Released(_) | What::Refused { .. } => {
                self.extending.remove(&number);
            }
            What::Sent {
                kind: MessageKind::Request,
                server: None,
                address: Some(address),
                copies: 0,
                ..
            } => {
                self.extending.entry(number).or_insert((address, event.at));
            }
            What::Sent {
                kind: MessageKind::Discover,
                ..
            } => {
                if let Some(wanting) = self.wanting.get_mut(&number) {
                    wanting.discovering.get_or_insert(event.at);
                }
            }
            What::Expired(address) => return self.expired(event, address, peace),
            _ => {}
        }
        Ok(())
    }

    /// Whoever still waits.
    pub(super) fn finish(&self, at: TrueTime, peace: &Peace) -> Verdict {
        let mut late = self
            .wanting
            .keys()
            .filter_map(|number| self.late(at, *number, peace));
        late.next().map_or(Ok(()), Err)
    }

    fn late(&self, at: TrueTime, number: ClientNumber, peace: &Peace) -> Option<Violation> {
        let healed = peace.since()?;
        let Wanting {
            client,
            since: began,
            discovering,
        } = self.wanting.get(&number)?;
        let settled = discovering.filter(|since| peace.settled_since(*since).is_some());
        let (since, bound) = match settled {
            Some(since) => (since, SETTLED_BOUND),
            None => (healed.max(*began), BOUND),
        };
        (at.since(since) > bound && peace.had_room(client, since)).then(|| {
            let facts = [
                format!("it wants an address since {began}, and discovers since {discovering:?}"),
                format!("everything is healed since {healed}, and addresses are free"),
            ];
            Violation::new(
                "L1",
                at,
                format!("{number} ({client}) is not served"),
                facts,
            )
        })
    }

    /// A lease ran out at a client that was asking to keep it.
    fn expired(&mut self, event: &Event, address: Ipv4Addr, peace: &Peace) -> Verdict {
        let asked = self.extending.remove(&event.number);
        let asked =
            asked.filter(|(wish, since)| *wish == address && event.at.since(*since) > IN_TIME);
        // With a node gone, the last copy that others hear may come in the election.
        let Some((_, since)) = asked.filter(|(_, since)| {
            peace.settled_since(*since).is_some() && peace.lost_node().is_none()
        }) else {
            return Ok(());
        };
        Err(Violation::new(
            "L1",
            event.at,
            format!("{} ({}) lost {address}", event.number, event.client),
            [
                format!("it asked to keep it since {since}, and its lease has run out"),
                format!("everything was settled by then ({SETTLED_AFTER:?} after the last fault)"),
            ],
        ))
    }
}
