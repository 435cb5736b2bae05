//! Log entries.

use super::error::required;
use super::{CodecError, decode_log_id, decode_membership, encode_log_id, encode_membership};
use crate::{Entry, Proposal};
use api::proto::storage as wire;
use ipam::Batch;
use openraft::EntryPayload;
use wire::entry::Payload;

/// An entry.
#[must_use]
pub fn encode_entry(entry: &Entry) -> wire::Entry {
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(wire::Blank {}),
        EntryPayload::Normal(proposal) => {
            let batch: &Batch = proposal;
            Payload::Batch(batch.into())
        }
        EntryPayload::Membership(membership) => Payload::Membership(encode_membership(membership)),
    };
    wire::Entry {
        log_id: Some(encode_log_id(&entry.log_id)),
        payload: Some(payload),
    }
}

/// An entry.
pub fn decode_entry(message: wire::Entry) -> Result<Entry, CodecError> {
    let log_id = decode_log_id(required("Entry.log_id", message.log_id)?);
    let payload = match required("Entry.payload", message.payload)? {
        Payload::Blank(wire::Blank {}) => EntryPayload::Blank,
        Payload::Batch(batch) => EntryPayload::Normal(Proposal::new(batch.try_into()?)),
        Payload::Membership(membership) => EntryPayload::Membership(decode_membership(membership)?),
    };
    Ok(Entry { log_id, payload })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::codec::{decode_vote, encode_vote};
    use crate::frozen::fixture;
    use crate::{CommittedLeaderId, LogId, Membership, Payload, PeerNode, Vote};
    use ipam::{ClusterCommand, ClusterTime, Command, ForwardPolicy, Operator, RequestId, Stamp};
    use prost::Message;
    use std::collections::{BTreeMap, BTreeSet};

    fn payloads() -> [(&'static str, Payload); 4] {
        let batch = |request| Batch {
            stamp: Some(Stamp {
                term: 3,
                time: ClusterTime(123_456),
            }),
            commands: vec![
                Command::from(ClusterCommand::SetForwardPolicy {
                    operator: Operator::default(),
                    policy: ForwardPolicy::Drop,
                })
                .of(RequestId(request)),
            ],
        };
        let nodes = [1, 2, 3].map(|id| (id, PeerNode::new(format!("gw{id}:7000"))));
        let configs = vec![BTreeSet::from([1, 2, 3]), BTreeSet::from([1, 2])];
        let members = Membership::new(configs, BTreeMap::from(nodes)).unwrap();
        [
            ("entry-blank-1.hex", EntryPayload::Blank),
            (
                "entry-batch-2.hex",
                EntryPayload::Normal(Proposal::new(batch(0))),
            ),
            (
                "entry-request-2.hex",
                EntryPayload::Normal(Proposal::new(batch(0x0123_4567_89ab_cdef))),
            ),
            ("entry-membership-1.hex", EntryPayload::Membership(members)),
        ]
    }

    #[test]
    fn the_first_entries_decode_for_ever() {
        for (name, payload) in payloads() {
            let entry = Entry {
                log_id: LogId::new(CommittedLeaderId::new(3), 77),
                payload,
            };
            let bytes = fixture(name, &encode_entry(&entry).encode_to_vec());
            let message = wire::Entry::decode(&bytes[..]).unwrap();
            assert_eq!(decode_entry(message).unwrap(), entry);
        }
    }

    #[test]
    fn the_first_vote_decodes_for_ever() {
        let vote = Vote::new_committed(3, 7);
        let bytes = fixture("vote-1.hex", &encode_vote(&vote).encode_to_vec());
        assert_eq!(decode_vote(wire::Vote::decode(&bytes[..]).unwrap()), vote);
    }
}
