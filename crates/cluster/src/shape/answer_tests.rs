//! What nodes of ours answer passes, and what decodes large does not (S12).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use api::proto::command;
use api::proto::raft as wire;
use api::shape::Misshapen;
use prost::Message;

fn check(call: &str, answer: &impl Message) -> Result<(), Misshapen> {
    let (shape, bytes) = (of(&format!("/peer/{call}")), answer.encode_to_vec());
    assert!(bytes.len() <= shape.bytes, "{call}: {} bytes", bytes.len());
    shape.check(&bytes)
}

fn too_many(kind: Kind, most: usize) -> Result<(), Misshapen> {
    Err(Misshapen::TooMany { kind, most })
}

fn health(voters: usize, notes: usize) -> wire::HealthResponse {
    let log_id = wire::LogId {
        term: u64::MAX,
        index: u64::MAX,
    };
    let note = wire::Note {
        node_id: 64,
        origin: vec![1; 16],
        log_id: Some(log_id),
        vote: Some(wire::Vote {
            term: u64::MAX,
            node_id: 64,
            committed: true,
        }),
        seal: vec![1; 32],
    };
    wire::HealthResponse {
        cluster_id: vec![1; 16],
        last_applied: Some(log_id),
        digest: vec![1; 32],
        voters: (0..voters as u64).collect(),
        notes: vec![note; notes],
        ..Default::default()
    }
}

fn joined(nodes: usize) -> wire::JoinResponse {
    let ids = 1..=nodes as u64;
    let voters = wire::VoterSet {
        node_ids: ids.clone().take(MAX_NODES).collect(),
    };
    let node = |node_id| wire::Node {
        node_id,
        address: "a".repeat(259),
        key: Some(vec![1; 32]),
    };
    let membership = wire::Membership {
        configs: vec![voters.clone(), voters],
        nodes: ids.map(node).collect(),
    };
    let joined = wire::join_response::Joined {
        cluster_id: vec![1; 16],
        membership: Some(membership),
        term: u64::MAX,
    };
    wire::JoinResponse {
        result: Some(wire::join_response::Result::Joined(joined)),
    }
}

fn outcomes(count: usize) -> wire::ProposeResponse {
    let client = command::ClientKey {
        key: Some(command::client_key::Key::Identifier(vec![1; 255])),
    };
    let held = command::refusal::AddressAndClient {
        address: u32::MAX,
        client: Some(client),
    };
    let refusal = command::Refusal {
        reason: Some(command::refusal::Reason::HeldByAnother(held)),
    };
    let outcome = command::Outcome {
        kind: Some(command::outcome::Kind::Refused(refusal)),
    };
    let outcomes = wire::propose_response::Outcomes {
        outcomes: vec![outcome; count],
        index: u64::MAX,
    };
    wire::ProposeResponse {
        result: Some(wire::propose_response::Result::Outcomes(outcomes)),
    }
}

fn packets(count: usize, bytes: usize) -> wire::ExplainResponse {
    let packet = wire::SeenPacket {
        hardware: "02:aa:00:00:00:01".to_owned(),
        outcome: "x".repeat(bytes),
        ..Default::default()
    };
    wire::ExplainResponse {
        packets: vec![packet; count],
    }
}

#[test]
fn whatever_a_node_of_ours_answers_passes() {
    // Each of 63 others keeps two notes of each, and of all others what they gave.
    assert_eq!(check("Health", &health(MAX_VOTERS, 4 * 63 + 1)), Ok(()));
    assert_eq!(check("Join", &joined(MAX_NODES)), Ok(()));
    assert_eq!(check("Propose", &outcomes(MAX_BATCH_COMMANDS)), Ok(()));
    assert_eq!(check("Explain", &packets(MAX_SEEN_PACKETS, 2000)), Ok(()));
    let vote = wire::VoteResponse::default();
    assert_eq!(check("Vote", &vote), Ok(()));
}

#[test]
fn an_answer_that_decodes_large_is_refused_before() {
    let voters = too_many(Kind::Parts, MAX_VOTERS);
    assert_eq!(check("Health", &health(MAX_VOTERS + 1, 0)), voters);
    let notes = wire::HealthResponse {
        notes: vec![wire::Note::default(); MAX_NOTES + 1],
        ..Default::default()
    };
    assert_eq!(check("Health", &notes), too_many(Kind::Notes, MAX_NOTES));
    let members = too_many(Kind::Members, MAX_NODES);
    assert_eq!(check("Join", &joined(MAX_NODES + 1)), members);
    let commands = too_many(Kind::Outcomes, MAX_BATCH_COMMANDS);
    assert_eq!(
        check("Propose", &outcomes(MAX_BATCH_COMMANDS + 1)),
        commands
    );
    let seen = too_many(Kind::Packets, MAX_SEEN_PACKETS);
    assert_eq!(check("Explain", &packets(MAX_SEEN_PACKETS + 1, 0)), seen);
}
