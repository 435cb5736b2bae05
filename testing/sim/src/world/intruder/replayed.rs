//! What the intruder overheard of others, and says again: as it was, in its own name, or with another number in it.

use super::forged::{frame, request_with};
use crate::network::{Host, PeerRequest};
use crate::world::World;
use api::proto::peer;
use bytes::Bytes;
use fastrand::Rng;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};
use std::collections::VecDeque;

/// Requests that are remembered.
const REMEMBERED: usize = 64;
/// Of all requests it overhears one of so many.
const OF: u64 = 7;
/// Calls that count only if a member makes them.
const MEMBERS_ALONE: [&str; 8] = [
    "Append",
    "Vote",
    "PreVote",
    "TransferLeader",
    "Propose",
    "ChangeMember",
    "Explain",
    "Health",
];
/// The number of `route` in every request (peer.proto).
const ROUTE: u32 = 15;
/// How deep messages lie in messages.
const DEEPEST: u8 = 8;

/// What it overheard, the newest first.
#[derive(Default)]
pub(in crate::world) struct Overheard {
    heard: VecDeque<(String, Bytes)>,
    number: u64,
}

impl Overheard {
    /// A request passes.
    pub(in crate::world) fn hear(&mut self, method: &str, request: &PeerRequest) {
        self.number += 1;
        if !self.number.is_multiple_of(OF) || !MEMBERS_ALONE.contains(&method) {
            return;
        }
        self.heard.truncate(REMEMBERED - 1);
        self.heard
            .push_front((method.to_owned(), request.body.clone()));
    }
}

impl World {
    /// Something overheard, by one that is no member to the node on `to`.
    pub(super) fn replayed(&self, random: &mut Rng, from: Host, to: Host) -> Option<PeerRequest> {
        if !self.is_no_member_to(from, to) || self.overheard.heard.is_empty() || random.bool() {
            return None;
        }
        let (method, body) = &self.overheard.heard[random.usize(0..self.overheard.heard.len())];
        let message = body.get(5..)?;
        let message = match random.u8(0..3) {
            // In the name of whoever said it.
            0 => return Some(request_with(method, body.to_vec())),
            1 => message.to_vec(),
            _ => with_another_number(message, random),
        };
        Some(request_with(
            method,
            frame(&in_the_name_of(message, from, to)),
        ))
    }
}

/// The same with another route: of two that follow each other the second holds.
fn in_the_name_of(mut message: Vec<u8>, from: Host, to: Host) -> Vec<u8> {
    let route = peer::Route {
        from,
        to,
        cluster_id: vec![],
    };
    encode_key(ROUTE, WireType::LengthDelimited, &mut message);
    route
        .encode_length_delimited(&mut message)
        .expect("a vector has room");
    message
}

/// The same with one of its numbers at an edge, or one more than it was.
fn with_another_number(message: &[u8], random: &mut Rng) -> Vec<u8> {
    let mut numbers = 0;
    rebuilt(message, DEEPEST, &mut |number| {
        numbers += 1;
        number
    });
    let chosen = random.usize(0..numbers.max(1));
    let edge = random.u8(0..4);
    let mut place = 0;
    let changed = rebuilt(message, DEEPEST, &mut |number| {
        place += 1;
        match edge {
            _ if place != chosen + 1 => number,
            0 => 0,
            1 => number.wrapping_add(1),
            2 => 1 << 63,
            _ => u64::MAX,
        }
    });
    changed.unwrap_or_else(|| message.to_vec())
}

/// The message with each of its numbers as `change` has it, those of the messages in it too; nothing if it is no message.
fn rebuilt(mut message: &[u8], depth: u8, change: &mut dyn FnMut(u64) -> u64) -> Option<Vec<u8>> {
    let mut built = Vec::with_capacity(message.len());
    while !message.is_empty() {
        let (field, kind) = decode_key(&mut message).ok()?;
        encode_key(field, kind, &mut built);
        match kind {
            WireType::Varint => {
                let number = decode_varint(&mut message).ok()?;
                encode_varint(change(number), &mut built);
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
                let (inner, rest) = message.split_at_checked(length)?;
                message = rest;
                // What is no message, or may be a name that looks like one, stays.
                let inner = match depth.checked_sub(1) {
                    Some(depth) if is_message(inner, depth) => rebuilt(inner, depth, change)?,
                    _ => inner.to_vec(),
                };
                encode_varint(inner.len() as u64, &mut built);
                built.extend(inner);
            }
            WireType::ThirtyTwoBit | WireType::SixtyFourBit => {
                let length = if kind == WireType::ThirtyTwoBit { 4 } else { 8 };
                let (number, rest) = message.split_at_checked(length)?;
                message = rest;
                built.extend(number);
            }
            WireType::StartGroup | WireType::EndGroup => return None,
        }
    }
    Some(built)
}

fn is_message(bytes: &[u8], depth: u8) -> bool {
    rebuilt(bytes, depth, &mut |number| number).is_some_and(|same| same == bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::proto::storage;

    fn vote_request() -> peer::VoteRequest {
        peer::VoteRequest {
            vote: Some(storage::Vote {
                term: 7,
                node_id: 2,
                committed: false,
            }),
            last_log_id: None,
            leadership_transfer: true,
            route: Some(peer::Route {
                from: 2,
                to: 3,
                cluster_id: vec![7; 16],
            }),
        }
    }

    #[test]
    fn only_the_name_is_another() {
        let renamed = in_the_name_of(vote_request().encode_to_vec(), 99, 1);
        let renamed = peer::VoteRequest::decode(renamed.as_slice()).expect("a request");
        let route = renamed.route.clone().expect("a route");
        assert_eq!((route.from, route.to), (99, 1));
        assert_eq!(route.cluster_id, [7; 16]);
        assert_eq!(renamed.vote, vote_request().vote);
    }

    #[test]
    fn one_number_is_another() {
        let mut random = Rng::with_seed(1);
        let message = vote_request().encode_to_vec();
        let mut terms = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let changed = with_another_number(&message, &mut random);
            let changed = peer::VoteRequest::decode(changed.as_slice()).expect("a request");
            terms.insert(changed.vote.expect("a vote").term);
        }
        assert_eq!(Vec::from_iter(terms), [0, 7, 8, 1 << 63, u64::MAX]);
    }
}
