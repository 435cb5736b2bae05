//! Every silence of ours is explained to whoever asks a node about the client.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Deserialize;

use crate::gateway::Control;

/// What no node can tell of: the kernel drops that source.
const UNHEARD: [&str; 2] = [
    "RELEASE, unicast from 0.0.0.0",
    "SELECTING us, unicast from 0.0.0.0",
];

/// Messages of one row that got no answer: who sent it, and its transaction.
pub(super) struct NoReplies {
    pub(super) row: &'static str,
    pub(super) messages: Vec<(String, u32)>,
}

#[derive(Deserialize)]
struct Explanation {
    packets: Vec<Packet>,
}

#[derive(Deserialize)]
struct Packet {
    xid: u32,
    outcome: String,
}

/// Asks `control` about each; returns how many there are, and how often each explanation was given.
pub(super) fn check<'a>(
    control: &Control,
    no_replies: impl Iterator<Item = &'a NoReplies>,
) -> Result<BTreeMap<String, usize>> {
    let mut given = BTreeMap::new();
    let asked_for = no_replies.filter(|s| !UNHEARD.contains(&s.row));
    for no_reply in asked_for {
        for (client, xid) in &no_reply.messages {
            let said: Explanation = control.json(&["explain", client])?;
            let mine: Vec<_> = said.packets.iter().filter(|p| p.xid == *xid).collect();
            ensure!(
                !mine.is_empty(),
                "{}: no node has heard of packet {xid:x} of {client}",
                no_reply.row
            );
            let is_told = |packet: &&&Packet| packet.outcome != "being answered";
            let told: Vec<_> = mine.iter().filter(is_told).collect();
            ensure!(
                told.len() == mine.len() && told.iter().all(|p| !p.outcome.is_empty()),
                "{}: nobody says why {client} got no answer",
                no_reply.row
            );
            for packet in told {
                *given.entry(packet.outcome.clone()).or_insert(0) += 1;
            }
        }
    }
    Ok(given)
}
