//! A lease table's records.

use crate::DecodeError;
use crate::field::required;
use crate::objects::{hostname, hostname_bytes};
use crate::proto::log as wire;
use ipam::{ClusterTime, Lease, LeaseState, NodeId, Span};
use std::net::Ipv4Addr;
use wire::lease_record::{self as record, State};

impl From<&(Ipv4Addr, Lease)> for wire::LeaseRecord {
    fn from((address, lease): &(Ipv4Addr, Lease)) -> Self {
        Self {
            address: address.to_bits(),
            client: Some((&lease.client).into()),
            hardware: Some((&lease.hardware).into()),
            hostname: hostname_bytes(lease.hostname.as_ref()),
            node: lease.node.0,
            state: Some(encode_state(lease.state)),
        }
    }
}

impl TryFrom<wire::LeaseRecord> for (Ipv4Addr, Lease) {
    type Error = DecodeError;

    fn try_from(message: wire::LeaseRecord) -> Result<Self, DecodeError> {
        let lease = Lease {
            client: required("LeaseRecord.client", message.client)?.try_into()?,
            hardware: required("LeaseRecord.hardware", message.hardware)?.try_into()?,
            hostname: hostname("LeaseRecord.hostname", message.hostname.as_deref())?,
            node: NodeId(message.node),
            state: decode_state(required("LeaseRecord.state", message.state)?),
        };
        Ok((Ipv4Addr::from_bits(message.address), lease))
    }
}

fn encode_state(state: LeaseState) -> State {
    match state {
        LeaseState::Offered { until, returning } => State::Offered(record::Offered {
            until_ms: until.0,
            returning,
        }),
        LeaseState::Bound {
            granted,
            duration,
            reclaim,
        } => State::Bound(record::Bound {
            granted_ms: granted.0,
            duration_ms: duration.0,
            reclaim_ms: reclaim.0,
        }),
        LeaseState::Released { at } => State::Released(record::Released { at_ms: at.0 }),
        LeaseState::Expired { at } => State::Expired(record::Expired { at_ms: at.0 }),
        LeaseState::Quarantined { until } => {
            State::Quarantined(record::Quarantined { until_ms: until.0 })
        }
    }
}

fn decode_state(message: State) -> LeaseState {
    match message {
        State::Offered(state) => LeaseState::Offered {
            until: ClusterTime(state.until_ms),
            returning: state.returning,
        },
        State::Bound(state) => LeaseState::Bound {
            granted: ClusterTime(state.granted_ms),
            duration: Span(state.duration_ms),
            reclaim: ClusterTime(state.reclaim_ms),
        },
        State::Released(state) => LeaseState::Released {
            at: ClusterTime(state.at_ms),
        },
        State::Expired(state) => LeaseState::Expired {
            at: ClusterTime(state.at_ms),
        },
        State::Quarantined(state) => LeaseState::Quarantined {
            until: ClusterTime(state.until_ms),
        },
    }
}
