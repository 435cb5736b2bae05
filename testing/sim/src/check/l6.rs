//! L6: an address is offered to a new client only after a conflict probe found nobody on it.

use super::facts::Answer;
use super::violation::{Verdict, Violation};
use crate::client::{Event, ReplyKind, TrueTime, What};
use dhcpd::limits::{PROBE_VALIDITY, REPLY_DEADLINE};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long after a squatter came a probe that found nobody may still be believed.
const BELIEVED: Duration = PROBE_VALIDITY.saturating_add(REPLY_DEADLINE);

/// Who uses an address without asking, since when; and who was given which address before.
#[derive(Clone, Debug, Default)]
pub(super) struct L6 {
    squatters: BTreeMap<Ipv4Addr, TrueTime>,
    /// When a frame between clients' hosts was last lost, or could have been.
    disturbed: Option<TrueTime>,
    bound: BTreeSet<([u8; 6], Ipv4Addr)>,
}

impl L6 {
    pub(super) fn squatter(&mut self, address: Ipv4Addr, since: TrueTime) {
        self.squatters.insert(address, since);
    }

    pub(super) const fn link_disturbed(&mut self, at: TrueTime) {
        self.disturbed = Some(at);
    }

    pub(super) fn client(&mut self, event: &Event) {
        if let What::Bound { address, .. } = event.what {
            self.bound.insert((event.hardware, address));
        }
    }

    /// Judges a reply.
    pub(super) fn replied(&self, answer: &Answer<'_>) -> Verdict {
        let (at, node) = (answer.sent.at, answer.sent.node);
        let offered = answer.reply.address;
        let offered = offered.filter(|_| answer.reply.kind == ReplyKind::Offer);
        let Some((address, since)) =
            offered.and_then(|address| Some((address, *self.squatters.get(&address)?)))
        else {
            return Ok(());
        };
        let from_the_start = since == TrueTime::default() && self.disturbed.is_none();
        let audible = self
            .disturbed
            .map_or(since, |disturbed| disturbed.max(since));
        let probe_hears_it = from_the_start || at.since(audible) > BELIEVED;
        let is_new = !self.bound.contains(&(answer.reply.hardware, address));
        if !probe_hears_it || !is_new {
            return Ok(());
        }
        Err(Violation::new(
            "L6",
            at,
            format!("node {node} offers {address}, which somebody uses"),
            [
                format!("somebody answers ARP for it since {since}, and is heard since {audible}"),
                "the client never had it".to_owned(),
            ],
        ))
    }
}
