//! Counts the rare events that a run is there for.

use super::arena::World;
use crate::client::{ClientNumber, Event, MessageKind, What};
use crate::network::CallId;
use crate::stats::{Rare, Stats};
use ipam::ClientKey;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// How close to its end a renewal races the expiry.
const RACE: Duration = Duration::from_secs(1);
/// How many waiting clients make a storm.
const STORM: usize = 5;

/// What has to be remembered to tell a rare event.
#[derive(Default)]
pub(super) struct Coverage {
    snapshots: BTreeSet<CallId>,
    /// Who had an address last.
    owners: BTreeMap<Ipv4Addr, ClientKey>,
    /// Each machine's last lease: its address, its server, its end.
    leases: BTreeMap<ClientNumber, (Ipv4Addr, Ipv4Addr, Duration)>,
}

impl Coverage {
    pub(super) fn method_called(&mut self, call: CallId, method: &str) {
        if method == "InstallSnapshot" {
            self.snapshots.insert(call);
        }
    }

    /// Whether this answer was to a snapshot.
    pub(super) fn snapshot_answered(&mut self, call: CallId) -> bool {
        self.snapshots.remove(&call)
    }

    /// Something happened to a client.
    pub(super) fn note(&mut self, event: &Event, stats: &mut Stats) {
        match event.what {
            What::Bound {
                address,
                server,
                until,
                ..
            } => {
                stats.acks += 1;
                let owner = self.owners.insert(address, event.client.clone());
                if owner.is_some_and(|owner| owner != event.client) {
                    stats.rare(Rare::AddressReused, 1);
                }
                let earlier = self.leases.insert(event.number, (address, server, until.0));
                match earlier.filter(|(had, _, _)| *had == address) {
                    Some((_, _, ended)) if ended < event.at.0 => stats.rare(Rare::CameBack, 1),
                    Some((_, before, _)) if before != server => {
                        stats.rare(Rare::ReboundElsewhere, 1);
                    }
                    _ => {}
                }
            }
            What::Sent {
                kind: MessageKind::Request,
                ..
            } => {
                let lease = self.leases.get(&event.number);
                if lease
                    .is_some_and(|(_, _, until)| *until > event.at.0 && *until - event.at.0 < RACE)
                {
                    stats.rare(Rare::ExpiryRacingRenewal, 1);
                }
            }
            What::Refused { .. } => stats.rare(Rare::NakReceived, 1),
            What::Released(_) => stats.rare(Rare::Released, 1),
            What::Declined(_) => stats.rare(Rare::Declined, 1),
            What::Expired(_) => stats.rare(Rare::LeaseExpired, 1),
            What::GaveUp => stats.rare(Rare::GaveUp, 1),
            _ => {}
        }
    }
}

impl World {
    /// A snapshot reached a node that was behind.
    pub(super) fn count_snapshot(&mut self) {
        self.stats.rare(Rare::SnapshotInstalled, 1);
        if self.neighbours.waiting() >= STORM {
            self.stats.rare(Rare::SnapshotInstalledInStorm, 1);
        }
    }
}
