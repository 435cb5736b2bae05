//! RELEASEs that the network keeps and delivers again when their client has come back (S7: copies of one end nothing).
//!
//! Only what has ended a grant is delivered again. Of another no server can tell that it is late: it names no grant, and
//! nothing was heard of it before. So clients wait for longer than a datagram lives before they ask again.

use super::arena::World;
use crate::client::{MessageKind, Request, read_request};
use crate::lan::{Arrived, Station};
use crate::stats::Rare;
use bytes::Bytes;
use ipam::PastGrant;
use std::collections::BTreeMap;
use std::time::Duration;

/// When a RELEASE was first delivered, by its bytes.
pub(super) type Released = BTreeMap<Bytes, Duration>;

/// A frame that the network doubles comes within this.
const EARLY_MILLIS: u32 = 1500;
/// No copy of ours comes sooner: clients ask again after 3 s at least.
const LATE: Duration = Duration::from_millis(3200);
/// Nor later than this after it.
const SPREAD_MILLIS: u32 = 4000;

impl World {
    /// Takes note of a RELEASE that arrives at a node, and has a copy of it come later. Whether this is such a copy of
    /// one that ended nothing: it is not delivered.
    pub(super) fn is_vain_copy(&mut self, what: &Arrived) -> bool {
        let Arrived::Datagram {
            at: Station::Node(_) | Station::NodeByBroadcast(_),
            payload,
            ..
        } = what
        else {
            return false;
        };
        let release = read_request(payload).filter(|read| read.kind == MessageKind::Release);
        let Some(release) = release else {
            return false;
        };
        let Some(first) = self.neighbours.released.get(payload) else {
            self.neighbours.released.insert(payload.clone(), self.now);
            let after = LATE + Duration::from_millis(u64::from(release.xid % SPREAD_MILLIS));
            self.segment.send_later(after, what.clone());
            // And one so early that only a hasty client has come back.
            let early = Duration::from_millis(u64::from(release.xid % EARLY_MILLIS));
            self.segment.send_later(early, what.clone());
            return false;
        };
        if self.now.saturating_sub(*first) < LATE {
            return false;
        }
        let is_vain = !self.has_ended_a_grant(&release);
        if !is_vain {
            self.stats.rare(Rare::ReleaseCopied, 1);
        }
        is_vain
    }

    fn has_ended_a_grant(&self, release: &Request) -> bool {
        let Some(address) = release.address else {
            return false;
        };
        let ended = |grant: &PastGrant| grant.releases.contains(&release.xid);
        let clusters = self.nodes.values().filter_map(|node| node.cluster());
        clusters.into_iter().any(|cluster| {
            cluster.read(|state| {
                let subnet = state.subnet_containing(address);
                let mut past = subnet
                    .into_iter()
                    .flat_map(|subnet| subnet.past_grants().iter());
                past.any(|(at, grants)| at == address && grants.iter().any(ended))
            })
        })
    }
}
