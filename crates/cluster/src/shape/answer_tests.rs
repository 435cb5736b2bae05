//! What nodes of ours answer passes, and what decodes large does not (S12).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use api::proto::{log, objects, peer, storage};
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

fn health(voters: usize, notes: usize) -> peer::HealthResponse {
    let log_id = storage::LogId {
        term: u64::MAX,
        index: u64::MAX,
    };
    let note = storage::Note {
        node_id: 64,
        origin: vec![1; 16],
        log_id: Some(log_id),
        vote: Some(storage::Vote {
            term: u64::MAX,
            node_id: 64,
            committed: true,
        }),
        seal: vec![1; 32],
    };
    peer::HealthResponse {
        cluster_id: vec![1; 16],
        last_applied: Some(log_id),
        digest: vec![1; 32],
        voters: (0..voters as u64).collect(),
        notes: vec![note; notes],
        ..Default::default()
    }
}

fn outcomes(count: usize) -> peer::ProposeResponse {
    let client = objects::ClientKey {
        key: Some(objects::client_key::Key::Identifier(vec![1; 255])),
    };
    let held = log::AddressAndClient {
        address: u32::MAX,
        client: Some(client),
    };
    let reason = Some(log::lease_refusal::Reason::HeldByAnother(held));
    let refusal = log::Refusal {
        class: Some(log::refusal::Class::Lease(log::LeaseRefusal { reason })),
    };
    answered(refusal, count)
}

fn answered(refusal: log::Refusal, count: usize) -> peer::ProposeResponse {
    let outcome = log::Outcome {
        kind: Some(log::outcome::Kind::Refused(refusal)),
    };
    let outcomes = peer::propose_response::Outcomes {
        outcomes: vec![outcome; count],
        index: u64::MAX,
    };
    peer::ProposeResponse {
        result: Some(peer::propose_response::Result::Outcomes(outcomes)),
    }
}

/// A subnet of so many options is there already.
fn exists(options: usize) -> peer::ProposeResponse {
    let config = objects::SubnetConfig {
        extra_options: vec![objects::ExtraOption::default(); options],
        ..Default::default()
    };
    let object = objects::Object {
        kind: Some(objects::object::Kind::SubnetConfig(config)),
    };
    let reason = Some(log::object_refusal::Reason::Exists(object));
    let refusal = log::Refusal {
        class: Some(log::refusal::Class::Object(log::ObjectRefusal { reason })),
    };
    answered(refusal, 1)
}

fn packets(count: usize, bytes: usize) -> peer::ExplainResponse {
    let packet = peer::SeenPacket {
        hardware: "02:aa:00:00:00:01".to_owned(),
        outcome: "x".repeat(bytes),
        ..Default::default()
    };
    peer::ExplainResponse {
        packets: vec![packet; count],
    }
}

#[test]
fn whatever_a_node_of_ours_answers_passes() {
    // Each of 63 others keeps two notes of each, and of all others what they gave.
    assert_eq!(check("Health", &health(MAX_VOTERS, 4 * 63 + 1)), Ok(()));
    assert_eq!(check("Propose", &outcomes(MAX_BATCH_COMMANDS)), Ok(()));
    assert_eq!(check("Explain", &packets(MAX_SEEN_PACKETS, 2000)), Ok(()));
    let vote = peer::VoteResponse::default();
    assert_eq!(check("Vote", &vote), Ok(()));
}

#[test]
fn an_answer_that_decodes_large_is_refused_before() {
    let voters = too_many(Kind::Parts, MAX_VOTERS);
    assert_eq!(check("Health", &health(MAX_VOTERS + 1, 0)), voters);
    let notes = peer::HealthResponse {
        notes: vec![storage::Note::default(); MAX_NOTES + 1],
        ..Default::default()
    };
    assert_eq!(check("Health", &notes), too_many(Kind::Notes, MAX_NOTES));
    let parts = too_many(Kind::Parts, MAX_ANSWER_PARTS);
    assert_eq!(check("Propose", &exists(MAX_ANSWER_PARTS + 1)), parts);
    let commands = too_many(Kind::Outcomes, MAX_BATCH_COMMANDS);
    assert_eq!(
        check("Propose", &outcomes(MAX_BATCH_COMMANDS + 1)),
        commands
    );
    let seen = too_many(Kind::Packets, MAX_SEEN_PACKETS);
    assert_eq!(check("Explain", &packets(MAX_SEEN_PACKETS + 1, 0)), seen);
}
