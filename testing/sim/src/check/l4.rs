//! L4: the nodes never make each other's clients fail. A REQUEST that names a server is answered by that
//! one alone, and while nothing is wrong nobody that takes an offer is refused.

use super::facts::Answer;
use super::pace::Pace;
use super::peace::Peace;
use super::violation::{Verdict, Violation};
use crate::client::{Event, MessageKind, ReplyKind, TrueTime, What};
use dhcpd::limits::REPLY_DEADLINE;
use ipam::ClientKey;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// What each client takes up.
#[derive(Clone, Debug, Default)]
pub(super) struct L4 {
    /// The offer that each client was last sent, and when.
    offered: BTreeMap<ClientKey, (Ipv4Addr, TrueTime)>,
    /// The server that each client named in its last DHCPREQUEST.
    selecting: BTreeMap<ClientKey, Option<Ipv4Addr>>,
    /// What each client gave up last, and when.
    given_up: BTreeMap<ClientKey, (Ipv4Addr, TrueTime)>,
}

/// A RELEASE is tried for so long (`cluster`). Who asks again meanwhile may be offered what it gave up, by a node that
/// never heard that it did.
const GIVING_UP: Duration = Duration::from_millis(2500);

impl L4 {
    /// `held_for`: how long the cluster holds an offer.
    pub(super) fn client(&mut self, event: &Event, peace: &Peace, held_for: Duration) -> Verdict {
        match event.what {
            What::Offered { address, .. } => {
                let offer = (address, event.at);
                self.offered.insert(event.client.clone(), offer);
            }
            What::Sent {
                kind: MessageKind::Request,
                server,
                ..
            } => {
                self.selecting.insert(event.client.clone(), server);
            }
            What::Released(address) | What::Declined(address) => {
                let given_up = (address, event.at);
                self.given_up.insert(event.client.clone(), given_up);
            }
            What::Refused { server, address } => {
                return self.refused(event, (server, address), peace, held_for);
            }
            _ => {}
        }
        Ok(())
    }

    fn refused(
        &self,
        event: &Event,
        (server, refused): (Ipv4Addr, Ipv4Addr),
        peace: &Peace,
        held_for: Duration,
    ) -> Verdict {
        let took = self.selecting.get(&event.client).copied().flatten();
        let offer = self.offered.get(&event.client);
        let (Some(_), Some((address, at))) = (took, offer) else {
            return Ok(());
        };
        // It is held from when it was committed, which was before it was sent.
        let is_held = event.at.since(*at) + REPLY_DEADLINE < held_for;
        // When nothing is free, an offer that was left lying goes to somebody else (ADR 0014).
        let is_held = is_held && peace.had_room(&event.client, *at);
        let given_up = self.given_up.get(&event.client);
        // Over long links the offer was decided up to a reply's deadline before its client heard of it.
        let decided = match peace.pace == Pace::default() {
            true => GIVING_UP,
            false => GIVING_UP + REPLY_DEADLINE,
        };
        let is_given_up = given_up
            // Of two offers it may take the one of what it gave up, and not the last.
            .is_some_and(|(given_up, when)| {
                [address, &refused].contains(&given_up) && at.since(*when) < decided
            });
        let is_held = is_held && !is_given_up;
        let Some(healed) = peace.settled_since(*at).filter(|_| is_held) else {
            return Ok(());
        };
        Err(Violation::new(
            "L4",
            event.at,
            format!(
                "{} ({}) was refused what it was offered",
                event.number, event.client
            ),
            [
                format!("{address} was offered to it at {at}, and nothing is wrong since {healed}"),
                format!("{server} refused it"),
            ],
        ))
    }

    /// Judges a reply by the request that it answers.
    pub(super) fn replied(answer: &Answer<'_>) -> Verdict {
        let is_of_a_request = answer.reply.kind != ReplyKind::Offer;
        let named = answer.request.and_then(|request| request.server);
        let sent = answer.sent;
        match named.filter(|named| is_of_a_request && *named != sent.listen_ip) {
            None => Ok(()),
            Some(named) => Err(Violation::new(
                "L4",
                sent.at,
                format!("node {} answers another's client", sent.node),
                [
                    format!("the REQUEST with xid {:#x} names {named}", answer.reply.xid),
                    format!("{} sent {:?}", sent.listen_ip, answer.reply.kind),
                ],
            )),
        }
    }
}
