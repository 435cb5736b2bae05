//! What is stored and sent between nodes: log entries, snapshots, the peers' messages.

use crate::{Seed, sample};
use api::proto::log;
use ipam::{
    AnyObject, Batch, ClusterCommand, ClusterRefusal, Command, Granted, LeaseRefusal,
    ObjectRefusal, Outcome, Span, State,
};
use openraft_rt_tokio::TokioRuntime;
use prost::Message;
use raft_store::codec;
use raft_store::testing::{seal_record, seal_snapshot};
use raft_store::{CommittedLeaderId, Entry, LogId, Payload, Proposal, SnapshotMeta, Vote};
use std::net::Ipv4Addr;

/// Bit 0 of a target's first byte: the rest is the content alone.
const CONTENT: u8 = 1;
const TERM: u64 = 5;
const INDEX: u64 = 9;

fn log_id(index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(TERM), index)
}

fn entry(payload: Payload) -> Entry {
    Entry {
        log_id: log_id(INDEX),
        payload,
    }
}

fn membership() -> wire::Membership {
    let node = |node_id| wire::Node {
        node_id,
        address: format!("gw{node_id}:7000"),
        ..wire::Node::default()
    };
    let voters = |node_ids: &[u64]| wire::VoterSet {
        node_ids: node_ids.to_vec(),
    };
    wire::Membership {
        configs: vec![voters(&[1, 2, 3]), voters(&[2, 3])],
        nodes: [1, 2, 3, 9].map(node).into(),
    }
}

/// One entry of each kind, and one for each command.
fn entries() -> Vec<(String, Entry)> {
    let members = codec::decode_membership(membership()).expect("members that can be");
    let whole = sample::batch();
    let mut entries = vec![
        ("blank".to_owned(), entry(Payload::Blank)),
        ("membership".to_owned(), entry(Payload::Membership(members))),
        (
            "batch".to_owned(),
            entry(Payload::Normal(Proposal::new(whole.clone()))),
        ),
        (
            "offer_that_ends_as_it_begins".to_owned(),
            entry(Payload::Normal(Proposal::new(
                offer_that_ends_as_it_begins(),
            ))),
        ),
    ];
    for (number, command) in whole.commands.iter().enumerate() {
        let batch = Batch {
            stamp: whole.stamp,
            commands: vec![command.clone()],
        };
        let alone = entry(Payload::Normal(Proposal::new(batch)));
        entries.push((format!("command_{number:02}"), alone));
    }
    entries
}

/// What a subnet offers for no time at all would be overdue at once (T5).
fn offer_that_ends_as_it_begins() -> Batch {
    let mut batch = sample::batch();
    for command in &mut batch.commands {
        if let Command::Cluster(ClusterCommand::Bootstrap(bootstrap)) = &mut command.command {
            bootstrap.subnet.times.offer = Span(0);
        }
    }
    batch
}

/// Messages that are sent, and those that are stored.
mod wire {
    pub(super) use api::proto::peer::*;
    pub(super) use api::proto::storage::*;
}

pub(crate) fn log_entries() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, entry) in entries() {
        let content = codec::encode_entry(&entry).encode_to_vec();
        seeds.push((name, [&[CONTENT][..], &content].concat()));
    }
    let record = seal_record(&entry(Payload::Blank)).expect("a small record");
    let place = u8::try_from(INDEX << 1).expect("a small index");
    seeds.push(("record".to_owned(), [&[place][..], &record].concat()));
    seeds
}

fn meta() -> SnapshotMeta {
    let message = wire::SnapshotMeta {
        last_log_id: Some(codec::encode_log_id(&log_id(INDEX))),
        last_membership: Some(wire::StoredMembership {
            log_id: Some(codec::encode_log_id(&log_id(1))),
            membership: Some(membership()),
        }),
    };
    codec::decode_snapshot_meta(message).expect("what a snapshot covers")
}

pub(crate) fn snapshots() -> Vec<Seed> {
    let content = |state: &State| {
        let message = wire::Snapshot {
            meta: Some(codec::encode_snapshot_meta(&meta())),
            state: Some(state.into()),
        };
        [&[CONTENT][..], &message.encode_to_vec()].concat()
    };
    let file = seal_snapshot(&meta(), &sample::state());
    vec![
        ("empty".to_owned(), content(&State::default())),
        ("everything".to_owned(), content(&sample::state())),
        ("file".to_owned(), [&[0][..], &file].concat()),
    ]
}

pub(crate) fn peer_messages() -> Vec<Seed> {
    let vote = codec::encode_vote(&Vote::new_committed(TERM, 2));
    let at = codec::encode_log_id(&log_id(INDEX));
    let append = wire::AppendEntriesRequest {
        vote: Some(vote),
        prev_log_id: Some(at),
        entries: entries()
            .iter()
            .map(|(_, entry)| codec::encode_entry(entry))
            .collect(),
        leader_commit: Some(at),
        route: Some(route()),
    };
    let ask = wire::VoteRequest {
        vote: Some(vote),
        last_log_id: Some(at),
        leadership_transfer: true,
        route: Some(route()),
    };
    let granted = wire::VoteResponse {
        vote: Some(vote),
        granted: true,
        last_log_id: Some(at),
    };
    let transfer = wire::TransferLeaderRequest {
        from_leader: Some(vote),
        to_node_id: 3,
        last_log_id: Some(at),
        route: Some(route()),
    };
    let mut seeds = vec![
        seed(0, "append", &append),
        seed(2, "vote", &ask),
        seed(3, "vote_granted", &granted),
        seed(4, "transfer", &transfer),
        seed(6, "propose", &proposals()),
        seed(6, "outcomes", &outcomes()),
        ("snapshot".to_owned(), chunks(vote)),
    ];
    seeds.extend(
        append_answers()
            .into_iter()
            .map(|(name, answer)| seed(1, name, &answer)),
    );
    seeds.extend(
        transfer_answers()
            .into_iter()
            .map(|(name, answer)| seed(5, name, &answer)),
    );
    seeds
}

fn seed(kind: u8, name: &str, message: &impl Message) -> Seed {
    (
        name.to_owned(),
        [&[kind][..], &message.encode_to_vec()].concat(),
    )
}

fn route() -> wire::Route {
    wire::Route {
        from: 2,
        to: 1,
        cluster_id: b"0123456789abcdef".to_vec(),
    }
}

fn append_answers() -> [(&'static str, wire::AppendEntriesResponse); 4] {
    use openraft_answers::*;
    [
        ("append_success", success()),
        ("append_partial", partial(log_id(INDEX))),
        ("append_conflict", conflict()),
        ("append_higher_vote", higher(Vote::new(TERM + 1, 3))),
    ]
}

/// The answers of a follower, by the message's own names.
mod openraft_answers {
    use super::{LogId, TokioRuntime, Vote, codec, wire};
    use wire::append_entries_response::{Conflict, Matched, Result as Answer};

    fn answer(result: Answer) -> wire::AppendEntriesResponse {
        let message = wire::AppendEntriesResponse {
            result: Some(result),
        };
        let value = codec::decode_append_response::<TokioRuntime>(message);
        codec::encode_append_response(&value.expect("an answer"))
    }

    pub(super) fn success() -> wire::AppendEntriesResponse {
        answer(Answer::Success(Matched { log_id: None }))
    }

    pub(super) fn partial(at: LogId) -> wire::AppendEntriesResponse {
        let log_id = Some(codec::encode_log_id(&at));
        answer(Answer::PartialSuccess(Matched { log_id }))
    }

    pub(super) fn conflict() -> wire::AppendEntriesResponse {
        answer(Answer::Conflict(Conflict {}))
    }

    pub(super) fn higher(vote: Vote) -> wire::AppendEntriesResponse {
        answer(Answer::HigherVote(codec::encode_vote(&vote)))
    }
}

fn transfer_answers() -> [(&'static str, wire::TransferLeaderResponse); 3] {
    use wire::transfer_leader_response::{Accepted, LogNotFlushed, Result as Answer, VoteChanged};
    let vote = |term| Some(codec::encode_vote(&Vote::new(term, 2)));
    let answer = |result| wire::TransferLeaderResponse {
        result: Some(result),
    };
    let changed = VoteChanged {
        expected: vote(TERM),
        actual: vote(TERM + 1),
    };
    let behind = LogNotFlushed {
        expected: Some(codec::encode_log_id(&log_id(INDEX))),
        actual: None,
    };
    [
        ("transfer_accepted", answer(Answer::Accepted(Accepted {}))),
        (
            "transfer_vote_changed",
            answer(Answer::VoteChanged(changed)),
        ),
        ("transfer_behind", answer(Answer::LogNotFlushed(behind))),
    ]
}

fn proposals() -> wire::ProposeRequest {
    wire::ProposeRequest {
        commands: sample::batch().commands.iter().map(Into::into).collect(),
        timeout_millis: 2500,
        route: Some(route()),
    }
}

fn outcomes() -> wire::ProposeResponse {
    let address = Ipv4Addr::new(192, 0, 2, 10);
    let mut outcomes = vec![
        Outcome::Done,
        Outcome::Granted(Granted {
            address,
            lease_time: Span::from_secs(600),
        }),
        Outcome::refused(LeaseRefusal::Quarantined(address)),
        Outcome::refused(ClusterRefusal::NoLease(address)),
    ];
    for object in AnyObject::samples() {
        outcomes.push(Outcome::refused(ObjectRefusal::NotFound(object.key())));
        outcomes.push(Outcome::refused(ObjectRefusal::Exists(Box::new(object))));
    }
    let outcomes: Vec<log::Outcome> = outcomes.iter().map(Into::into).collect();
    let told = wire::propose_response::Outcomes {
        outcomes,
        index: INDEX,
    };
    wire::ProposeResponse {
        result: Some(wire::propose_response::Result::Outcomes(told)),
    }
}

/// A header, and the file in two parts.
fn chunks(vote: wire::Vote) -> Vec<u8> {
    use wire::snapshot_chunk::Part;
    let file = seal_snapshot(&meta(), &sample::state());
    let header = wire::SnapshotHeader {
        vote: Some(vote),
        meta: Some(codec::encode_snapshot_meta(&meta())),
        length: file.len() as u64,
        route: Some(route()),
    };
    let (first, second) = file.split_at(file.len() / 2);
    let parts = [
        Part::Header(header),
        Part::Data(first.to_vec().into()),
        Part::Data(second.to_vec().into()),
    ];
    let mut input = vec![7];
    for part in parts {
        let chunk = wire::SnapshotChunk { part: Some(part) };
        input.extend(chunk.encode_length_delimited_to_vec());
    }
    input
}
