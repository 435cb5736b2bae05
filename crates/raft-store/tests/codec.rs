//! openraft's types come back from protobuf as they were.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use api::proto::storage as wire;
use common::{blank, log_id, normal};
use openraft::EntryPayload;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderError,
    TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse,
};
use prost::Message;
use raft_store::codec::*;
use raft_store::{Entry, Membership, PeerNode, SnapshotMeta, StoredMembership, TypeConfig, Vote};
use std::collections::{BTreeMap, BTreeSet};

/// Through bytes, as on the wire and on disk.
fn through<M: Message + Default>(message: &M) -> M {
    M::decode(&message.encode_to_vec()[..]).unwrap()
}

fn membership() -> Membership {
    let nodes = [1, 2, 3, 9].map(|id| (id, PeerNode::new(format!("gw{id}:7000"))));
    let configs = vec![BTreeSet::from([1, 2, 3]), BTreeSet::from([2, 3])];
    Membership::new(configs, BTreeMap::from(nodes)).unwrap()
}

fn votes() -> [Vote; 3] {
    [
        Vote::new(0, 0),
        Vote::new(7, 2),
        Vote::new_committed(u64::MAX, 3),
    ]
}

#[test]
fn votes_and_elections() {
    for vote in votes() {
        assert_eq!(decode_vote(through(&encode_vote(&vote))), vote);
        for last_log_id in [None, Some(log_id(0, 0)), Some(log_id(3, 9))] {
            let mut request = VoteRequest::<TypeConfig>::new(vote, last_log_id);
            request.leadership_transfer = last_log_id.is_some();
            let message = through(&encode_vote_request(&request));
            assert_eq!(decode_vote_request(message).unwrap(), request);
            let response = VoteResponse::<TypeConfig>::new(vote, last_log_id, true);
            let message = through(&encode_vote_response(&response));
            assert_eq!(decode_vote_response(message).unwrap(), response);
        }
    }
}

#[test]
fn entries() {
    let change = Entry {
        log_id: log_id(2, 5),
        payload: EntryPayload::Membership(membership()),
    };
    for entry in [blank(0, 0), normal(2, 4, 3), normal(2, 4, 0), change] {
        assert_eq!(decode_entry(through(&encode_entry(&entry))).unwrap(), entry);
    }
}

#[test]
fn memberships_and_snapshot_metas() {
    let memberships = [
        StoredMembership::default(),
        StoredMembership::new(Some(log_id(1, 2)), membership()),
    ];
    for last_membership in memberships {
        for last_log_id in [None, Some(log_id(0, 0)), Some(log_id(4, 7))] {
            let meta = SnapshotMeta {
                last_log_id,
                last_membership: last_membership.clone(),
            };
            let message = through(&encode_snapshot_meta(&meta));
            assert_eq!(decode_snapshot_meta(message).unwrap(), meta);
        }
    }
    let response = SnapshotResponse::<TypeConfig>::new(Vote::new(1, 2));
    let message = through(&encode_snapshot_response(&response));
    assert_eq!(decode_snapshot_response(message).unwrap(), response);
}

#[test]
fn replication() {
    let request = AppendEntriesRequest::<TypeConfig> {
        vote: Vote::new_committed(3, 1),
        prev_log_id: Some(log_id(0, 0)),
        entries: vec![blank(3, 1), normal(3, 2, 2)],
        leader_commit: Some(log_id(3, 1)),
    };
    let again: AppendEntriesRequest<TypeConfig> =
        decode_append_request(through(&encode_append_request(&request))).unwrap();
    assert_eq!(format!("{again:?}"), format!("{request:?}"));

    let responses = [
        AppendEntriesResponse::<TypeConfig>::Success,
        AppendEntriesResponse::PartialSuccess(None),
        AppendEntriesResponse::PartialSuccess(Some(log_id(1, 1))),
        AppendEntriesResponse::Conflict,
        AppendEntriesResponse::HigherVote(Vote::new(9, 9)),
    ];
    for response in responses {
        let message = through(&encode_append_response(&response));
        assert_eq!(decode_append_response(message).unwrap(), response);
    }
}

#[test]
fn transfers() {
    for last_log_id in [None, Some(log_id(1, 1))] {
        let request = TransferLeaderRequest::<TypeConfig>::new(Vote::new(1, 2), 3, last_log_id);
        let message = through(&encode_transfer_request(&request));
        assert_eq!(decode_transfer_request(message).unwrap(), request);
        let responses: [TransferLeaderResponse<TypeConfig>; 3] = [
            Ok(()),
            Err(TransferLeaderError::VoteChanged {
                expected: Vote::new(1, 2),
                actual: Vote::new(2, 3),
            }),
            Err(TransferLeaderError::LogNotFlushed {
                expected: last_log_id,
                actual: None,
            }),
        ];
        for response in responses {
            let message = through(&encode_transfer_response(&response));
            assert_eq!(decode_transfer_response(message).unwrap(), response);
        }
    }
}

#[test]
fn empty_and_doubled_messages_are_errors() {
    assert!(decode_entry(wire::Entry::default()).is_err());
    assert!(decode_vote_request::<openraft_rt_tokio::TokioRuntime>(Default::default()).is_err());
    assert!(decode_snapshot_meta(Default::default()).is_err());
    let mut message = encode_membership(&membership());
    message.nodes.push(message.nodes[0].clone());
    assert!(matches!(
        decode_membership(message),
        Err(CodecError::DuplicateNode(1))
    ));
    let mut message = encode_membership(&membership());
    message.nodes.clear();
    assert!(matches!(
        decode_membership(message),
        Err(CodecError::Membership(_))
    ));
}
