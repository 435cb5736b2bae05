//! What is in a snapshot: what it covers, and the state.

use super::{file, shape};
use crate::codec::{CodecError, decode_snapshot_meta, encode_snapshot_meta};
use crate::{SnapshotData, SnapshotMeta};
use api::proto::storage as wire;
use ipam::{Revision, State};
use prost::Message;

/// Why bytes are not a snapshot.
#[derive(Debug)]
pub(crate) enum Damage {
    /// The file is not whole.
    File(&'static str),
    /// The file is whole, and does not decode.
    Content(CodecError),
    /// It decodes to a state that breaks a promise of the lease contract, which this says.
    State(String),
}

/// A snapshot as it is on disk and on the wire.
pub(crate) fn encode(meta: &SnapshotMeta, state: &State) -> SnapshotData {
    let message = wire::Snapshot {
        meta: Some(encode_snapshot_meta(meta)),
        state: Some(state.into()),
    };
    file::seal(&message.encode_to_vec()).into()
}

/// A snapshot from bytes that anybody may have written. Applying keeps every promise, so a state
/// that breaks one was not made by applying: nobody may be served from it.
pub(crate) fn decode(bytes: &[u8]) -> Result<(SnapshotMeta, State), Damage> {
    let content = file::open(bytes).map_err(Damage::File)?;
    let (meta, state) = decode_content(content).map_err(Damage::Content)?;
    ipam::invariant::check(&state).map_err(Damage::State)?;
    check_revisions(&meta, &state).map_err(Damage::State)?;
    Ok((meta, state))
}

/// A revision beyond the last entry would be met again by a later entry.
fn check_revisions(meta: &SnapshotMeta, state: &State) -> Result<(), String> {
    let last = meta.last_log_id.map_or(0, |last| last.index);
    let is_wrong =
        |revision: &Revision| revision.created > revision.changed || revision.changed > last;
    let mut objects = state.objects().iter();
    match objects.find(|stored| is_wrong(&stored.revision)) {
        Some(stored) => Err(format!(
            "S12: {} was changed by entry {}, after entry {last}",
            stored.object.key(),
            stored.revision.changed
        )),
        None => Ok(()),
    }
}

/// The same of a snapshot that a peer sent: its content is walked first, because little can decode to a lot.
pub(crate) fn decode_received(bytes: &[u8]) -> Result<(SnapshotMeta, State), Damage> {
    let content = file::open(bytes).map_err(Damage::File)?;
    let checked = shape::SNAPSHOT.check(content);
    checked.map_err(|error| Damage::Content(error.into()))?;
    decode(bytes)
}

fn decode_content(content: &[u8]) -> Result<(SnapshotMeta, State), CodecError> {
    let what = "a snapshot";
    let message = wire::Snapshot::decode(content);
    let message = message.map_err(|source| CodecError::Malformed { what, source })?;
    let meta = message.meta.ok_or(CodecError::Missing("Snapshot.meta"))?;
    let state = message.state.ok_or(CodecError::Missing("Snapshot.state"))?;
    Ok((decode_snapshot_meta(meta)?, state.try_into()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::frozen::{fixture, frozen};
    use crate::{CommittedLeaderId, LogId, Membership, PeerNode, StoredMembership};
    use ipam::{
        ClientKey, HardwareAddress, Lease, LeaseState, NodeId, NodeRegistration, Span, StateParts,
    };
    use std::collections::{BTreeMap, BTreeSet};
    use std::net::Ipv4Addr;

    fn state_with_nodes(listen_ips: &[Ipv4Addr]) -> State {
        let node = |(listen_ip, id): (&Ipv4Addr, u64)| NodeRegistration {
            node: NodeId(id),
            listen: BTreeMap::from([(ipam::SubnetId(1), *listen_ip)]),
            peer_address: format!("gw{id}:7000"),
            listeners: BTreeMap::new(),
            addresses: Default::default(),
        };
        let nodes = listen_ips.iter().zip(1..).map(node).collect();
        State::from_parts(StateParts {
            nodes,
            ..StateParts::default()
        })
        .unwrap()
    }

    #[test]
    fn a_snapshot_of_format_2_decodes_for_ever() {
        let members = BTreeMap::from([(7, PeerNode::new("gw7:7000"))]);
        let configs = vec![BTreeSet::from([7])];
        let log_id = |index| Some(LogId::new(CommittedLeaderId::new(3), index));
        let meta = SnapshotMeta {
            last_log_id: log_id(77),
            last_membership: StoredMembership::new(
                log_id(5),
                Membership::new(configs, members).unwrap(),
            ),
        };
        let state = state_with_nodes(&[Ipv4Addr::new(192, 0, 2, 3)]);
        let bytes = fixture("snapshot-2.hex", &encode(&meta, &state));
        assert_eq!(decode(&bytes).unwrap(), (meta, state));
    }

    #[test]
    fn a_snapshot_of_format_1_is_refused() {
        let bytes = frozen("snapshot-1.hex");
        assert!(matches!(decode(&bytes), Err(Damage::Content(_))));
    }

    #[test]
    fn a_state_that_breaks_a_promise_is_no_snapshot() {
        let (one, other) = (Ipv4Addr::new(192, 0, 2, 3), Ipv4Addr::new(192, 0, 2, 4));
        let meta = SnapshotMeta::default();
        let kept = state_with_nodes(&[one, other]);
        let (_, found) = decode(&encode(&meta, &kept)).unwrap();
        assert_eq!(found, kept);
        let broken = state_with_nodes(&[one, one]);
        match decode(&encode(&meta, &broken)) {
            Err(Damage::State(broken)) => assert!(broken.starts_with("S9: 192.0.2.3"), "{broken}"),
            other => panic!("{other:?}"),
        }
    }

    /// Nobody could have such an address again, ever.
    #[test]
    fn a_state_with_a_time_that_never_comes_is_no_snapshot() {
        let far = ipam::ClusterTime(1 << 62);
        let bound = |granted, duration, reclaim| LeaseState::Bound {
            granted,
            duration,
            reclaim,
        };
        let (now, hour) = (ipam::ClusterTime(NOW), Span::from_secs(3600));
        let states = [
            bound(now, hour, far),
            bound(now, Span(1 << 62), now + hour),
            bound(now + hour, hour, now + hour),
            LeaseState::Quarantined { until: far },
            LeaseState::Expired { at: now + hour },
        ];
        for lease in states {
            let state = state_with_lease(lease);
            match decode(&encode(&SnapshotMeta::default(), &state)) {
                Err(Damage::State(broken)) => assert!(broken.starts_with("S12"), "{broken}"),
                other => panic!("{lease:?}: {other:?}"),
            }
        }
        let honest = state_with_lease(bound(now, hour, now + hour));
        assert!(decode(&encode(&SnapshotMeta::default(), &honest)).is_ok());
    }

    #[test]
    fn a_full_pool_is_a_snapshot_that_peers_take() {
        let (now, hour) = (ipam::ClusterTime(NOW), Span::from_secs(3600));
        let bound = LeaseState::Bound {
            granted: now,
            duration: hour,
            reclaim: now + hour,
        };
        let state = state_with_leases(65_000, bound);
        let (_, found) = decode_received(&encode(&SnapshotMeta::default(), &state)).unwrap();
        assert_eq!(found, state);
    }

    const NOW: u64 = 1_000_000;

    fn state_with_lease(state: LeaseState) -> State {
        state_with_leases(1, state)
    }

    /// Of the first addresses of a pool.
    fn state_with_leases(count: u32, state: LeaseState) -> State {
        let address = |number: u32| Ipv4Addr::from_bits(0x0a0f_0014 + number);
        let lease = |number: u32| {
            let [_, _, high, low] = number.to_be_bytes();
            let hardware = HardwareAddress::ethernet([2, 0, 0, 0, high, low]);
            let lease = Lease {
                client: ClientKey::Hardware(hardware.clone()),
                hardware,
                hostname: None,
                node: NodeId(1),
                state,
            };
            (address(number), lease)
        };
        let network = ipam::Ipv4Network::new(Ipv4Addr::new(10, 15, 0, 0), 16).unwrap();
        let pool = ipam::AddressRange::new(address(0), address(65_000)).unwrap();
        let config = ipam::SubnetConfig {
            mtu: 1500,
            ..ipam::SubnetConfig::new(
                ipam::SubnetId(1),
                network,
                Ipv4Addr::new(10, 15, 0, 1),
                pool,
            )
        };
        let config = ipam::Stored {
            object: ipam::AnyObject::from(config),
            revision: ipam::Revision::default(),
        };
        let leases = ipam::SubnetLeases {
            subnet: ipam::SubnetId(1),
            leases: (0..count).map(lease).collect(),
            past_grants: vec![],
        };
        State::from_parts(StateParts {
            clock: ipam::ClusterTime(NOW),
            objects: vec![config],
            leases: vec![leases],
            ..StateParts::default()
        })
        .unwrap()
    }
}
