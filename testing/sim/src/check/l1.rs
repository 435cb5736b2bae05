//! L1: with a quorum in reach, whoever wants an address gets one, and whoever has one keeps it. Judged
//! after the last fault is healed, in bounded virtual time.

use super::peace::Peace;
use super::violation::{Verdict, Violation};
use crate::client::{ClientNumber, Event, MessageKind, TrueTime, What};
use ipam::ClientKey;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a client may go without that waited already as everything was healed: an election, the
/// longest pause of its own between two attempts (60 s), and the five copies of one attempt.
pub const BOUND: Duration = Duration::from_secs(180);

/// How long a retransmission takes at most: 4 s, give or take one (RFC 2131 §4.1), and the answer to it.
const RETRANSMISSION: Duration = Duration::from_secs(6);

/// Who wants an address, since when; and who asks to keep its own, since when.
#[derive(Clone, Debug, Default)]
pub(super) struct L1 {
    wanting: BTreeMap<ClientNumber, Wanting>,
    extending: BTreeMap<ClientNumber, (Ipv4Addr, TrueTime)>,
    /// Who granted each client's lease last: its first attempts to keep it go there.
    servers: BTreeMap<ClientNumber, Ipv4Addr>,
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
            What::Bound { server, .. } => {
                self.servers.insert(number, server);
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
            // It goes on for a while with an offer of a server that is gone.
            What::Sent {
                kind: MessageKind::Request,
                server: Some(server),
                ..
            } if peace.lost_nodes().is_some_and(|lost| lost.is(server)) => {
                if let Some(wanting) = self.wanting.get_mut(&number) {
                    wanting.discovering = None;
                }
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
            // Its first DHCPDISCOVER came when nothing was left of the faults: an election, if the leader
            // is lost just then, and the retransmissions that are allowed. Before that, one that reboots
            // may ask in vain for an address that nobody remembers (RFC 2131 §4.3.2).
            Some(since) => (since, peace.pace.served_within),
            None => (healed.max(*began), BOUND),
        };
        let is_owed = peace.had_room(client, since) && peace.reaches(number);
        (at.since(since) > bound && is_owed).then(|| {
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
        // While a node is lost, a client may need one retransmission (L3): the others may have left its turn to
        // the lost one.
        let in_time = match peace.lost_nodes() {
            Some(_) => peace.pace.extended_within.max(RETRANSMISSION),
            None => peace.pace.extended_within,
        };
        let asked =
            asked.filter(|(wish, since)| *wish == address && event.at.since(*since) > in_time);
        // Who asks a server that is gone is heard by the others only when it rebinds, and that copy may
        // come in the election.
        let server = self.servers.get(&event.number);
        let lost = peace.lost_nodes();
        let hears = lost.is_none_or(|lost| server.is_some_and(|server| !lost.is(*server)))
            && peace.reaches(event.number);
        let Some((_, since)) = asked.filter(|(_, since)| {
            peace.settled_since(*since).is_some() && peace.is_bridged(*since) && hears
        }) else {
            return Ok(());
        };
        Err(Violation::new(
            "L1",
            event.at,
            format!("{} ({}) lost {address}", event.number, event.client),
            [
                format!("it asked to keep it since {since}, and its lease has run out"),
                "everything that it needs was settled by then".to_owned(),
            ],
        ))
    }
}
