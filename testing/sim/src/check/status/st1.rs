//! ST1: while a node says that it serves, whoever asks near it is answered, by it or by another.

use super::Shown;
use crate::check::peace::Peace;
use crate::check::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{ClientKey, NodeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a client may go without an answer.
const WITHIN: Duration = Duration::from_secs(8);
/// A frame that the network doubles comes within this; no client sends so soon again.
const DOUBLED_WITHIN: Duration = Duration::from_millis(500);
/// How many copies of its message the node must have heard.
const COPIES: u32 = 3;

/// Which nodes say that they serve, since when; and who asks near them for any server.
#[derive(Clone, Debug, Default)]
pub(in crate::check) struct St1 {
    serving: BTreeMap<NodeId, TrueTime>,
    asking: BTreeMap<[u8; 6], Asking>,
}

/// A client that discovers.
#[derive(Clone, Debug)]
struct Asking {
    xid: u32,
    near: NodeId,
    since: TrueTime,
    heard: u32,
    /// When it was heard last.
    last: Option<TrueTime>,
}

impl St1 {
    pub(super) fn shown(&mut self, shown: &Shown) {
        if shown.reason.is_some() {
            self.serving.remove(&shown.node);
        } else {
            self.serving.entry(shown.node).or_insert(shown.at);
        }
    }

    /// A process that stands still, or is none, shows nothing: what it said before is no claim any more.
    pub(super) fn says_nothing(&mut self, node: NodeId) {
        self.serving.remove(&node);
    }

    /// A node near the client is handed a copy of its DHCPDISCOVER.
    pub(in crate::check) fn heard(
        &mut self,
        at: TrueTime,
        near: NodeId,
        hardware: [u8; 6],
        xid: u32,
        client: &ClientKey,
        peace: &Peace,
    ) -> Verdict {
        let fresh = Asking {
            xid,
            near,
            since: at,
            heard: 0,
            last: None,
        };
        let asking = self.asking.entry(hardware).or_insert_with(|| fresh.clone());
        if (asking.xid, asking.near) != (xid, near) {
            *asking = fresh;
        }
        let is_the_networks = asking
            .last
            .replace(at)
            .is_some_and(|last| at.since(last) < DOUBLED_WITHIN);
        if is_the_networks {
            return Ok(());
        }
        asking.heard += 1;
        let since = asking.since;
        let serves = self.serving.get(&near).filter(|serves| **serves <= since);
        let owed = asking.heard > COPIES && at.since(since) >= WITHIN;
        let Some(serves) = serves.filter(|_| owed && peace.had_room(client, since)) else {
            return Ok(());
        };
        let facts = [
            format!("it says that it serves since {serves}"),
            format!(
                "it heard {} copies of the DHCPDISCOVER {xid:#x} of {client} since {since}, addresses are \
                 free, and nobody has answered",
                asking.heard
            ),
        ];
        let about = format!("node {near} says that it serves");
        Err(Violation::new("ST1", at, about, facts))
    }

    /// Some node answers this client.
    pub(in crate::check) fn answered(&mut self, hardware: [u8; 6]) {
        self.asking.remove(&hardware);
    }
}
