//! What peers of ours send passes, and what decodes large does not (S12).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::limits::MAX_APPEND_BYTES;
use api::proto::log::{self, Command, cluster_command::Kind as Of, command::Class, object_command};
use api::proto::{objects, peer, storage};
use api::shape::Misshapen;
use ipam::budget::MAX_NODES;
use prost::Message;
use raft_store::codec::cut_append_request;

/// Entries that openraft sends at once.
const SENT: usize = 300;

fn entry(payload: storage::entry::Payload) -> storage::Entry {
    storage::Entry {
        log_id: Some(storage::LogId { term: 7, index: 9 }),
        payload: Some(payload),
    }
}

fn append(entries: Vec<storage::Entry>) -> peer::AppendEntriesRequest {
    peer::AppendEntriesRequest {
        entries,
        ..peer::AppendEntriesRequest::default()
    }
}

fn batch(commands: Vec<Command>) -> storage::Entry {
    entry(storage::entry::Payload::Batch(log::Batch {
        commands,
        stamp: None,
    }))
}

fn members(nodes: usize, address: &str) -> storage::Entry {
    let nodes = 1..=nodes as u64;
    let voters = || storage::VoterSet {
        node_ids: nodes.clone().collect(),
    };
    entry(storage::entry::Payload::Membership(storage::Membership {
        configs: vec![voters(), voters()],
        nodes: nodes
            .clone()
            .map(|node_id| storage::Node {
                node_id,
                address: address.to_owned(),
                key: Some(vec![1; 32]),
            })
            .collect(),
    }))
}

fn of_kind(kind: Of) -> Command {
    let command = log::ClusterCommand { kind: Some(kind) };
    requested(Class::Cluster(command))
}

fn of_change(change: object_command::Change) -> Command {
    let command = log::ObjectCommand {
        change: Some(change),
        ..Default::default()
    };
    requested(Class::Object(command))
}

fn requested(class: Class) -> Command {
    Command {
        class: Some(class),
        request: u64::MAX,
    }
}

fn subnet(config: objects::SubnetConfig) -> Command {
    let kind = Some(objects::object::Kind::SubnetConfig(config));
    of_change(object_command::Change::Create(objects::Object { kind }))
}

fn replaced(config: objects::SubnetConfig) -> Command {
    let kind = Some(objects::object::Kind::SubnetConfig(config));
    let replace = object_command::Replace {
        object: Some(objects::Object { kind }),
        expected: None,
    };
    of_change(object_command::Change::Replace(replace))
}

fn check(message: &peer::AppendEntriesRequest) -> Result<(), Misshapen> {
    of("/x/Append").check(&message.encode_to_vec())
}

fn too_many(kind: Kind, most: usize) -> Result<(), Misshapen> {
    Err(Misshapen::TooMany { kind, most })
}

/// S12: what is accepted can be replicated, so what a leader cuts is what a follower takes.
#[test]
fn whatever_a_leader_of_ours_sends_passes() {
    let options = (0..=255).map(|code| objects::ExtraOption {
        code,
        payload: Vec::new(),
    });
    let many_options = || {
        subnet(objects::SubnetConfig {
            extra_options: options.clone().collect(),
            ..Default::default()
        })
    };
    let removal = || of_kind(Of::RemoveNode(1));
    for entries in [
        vec![members(MAX_NODES, "n:1"); SENT],
        vec![members(MAX_NODES, "node-of-a-long-name.example.net:7946"); SENT],
        vec![members(MAX_NODES, &"a".repeat(259)); SENT],
        vec![batch(vec![of_kind(Of::Tick(log::Tick {})); MAX_BATCH_COMMANDS]); SENT],
        vec![batch(vec![removal(); MAX_BATCH_COMMANDS]); SENT],
        vec![batch(vec![many_options(); MAX_BATCH_COMMANDS]); SENT],
        vec![storage::Entry::default(); SENT],
    ] {
        let mut message = append(entries);
        cut_append_request(&mut message, MAX_APPEND_BYTES);
        assert_eq!(check(&message), Ok(()));
    }
    // The 14th join, whole: three entries of all members for each of them.
    let joins = (1..=14).flat_map(|nodes| vec![members(nodes, "10.0.0.1:7946"); 3]);
    assert_eq!(check(&append(joins.collect())), Ok(()));
}

#[test]
fn what_decodes_large_is_refused_before() {
    let entries = |count| append(vec![storage::Entry::default(); count]);
    assert_eq!(check(&entries(MAX_ENTRIES)), Ok(()));
    assert_eq!(
        check(&entries(1 << 21)),
        too_many(Kind::Entries, MAX_ENTRIES)
    );
    let over = vec![batch(vec![Command::default(); MAX_BATCH_COMMANDS]); SENT + 1];
    assert_eq!(
        check(&append(over)),
        too_many(Kind::Commands, MAX_APPEND_COMMANDS)
    );
    let nodes = entry(storage::entry::Payload::Membership(storage::Membership {
        configs: Vec::new(),
        nodes: vec![storage::Node::default(); 1 << 20],
    }));
    assert_eq!(
        check(&append(vec![nodes])),
        too_many(Kind::Members, MAX_APPEND_MEMBERS)
    );
    let notes = peer::HealthRequest {
        notes: vec![storage::Note::default(); MAX_NOTES + 1],
        ..Default::default()
    };
    assert_eq!(
        of("/x/Health").check(&notes.encode_to_vec()),
        too_many(Kind::Notes, MAX_NOTES)
    );
    let propose = peer::ProposeRequest {
        commands: vec![Command::default(); MAX_BATCH_COMMANDS + 1],
        ..Default::default()
    };
    assert_eq!(
        of("/x/Propose").check(&propose.encode_to_vec()),
        too_many(Kind::Commands, MAX_BATCH_COMMANDS)
    );
}

#[test]
fn lists_within_commands_and_members_have_one_budget() {
    let half = MAX_CALL_PARTS / 2 + 1;
    let options = |count| objects::SubnetConfig {
        extra_options: vec![objects::ExtraOption::default(); count],
        ..Default::default()
    };
    let ranges = |count| objects::SubnetConfig {
        excluded: vec![objects::AddressRange::default(); count],
        ..Default::default()
    };
    let bootstrap = |subnet| {
        of_kind(Of::Bootstrap(log::Bootstrap {
            subnet: Some(subnet),
            ..Default::default()
        }))
    };
    let listeners = |count| {
        of_kind(Of::RegisterNode(log::NodeRegistration {
            listeners: vec![log::Listener::default(); count],
            ..Default::default()
        }))
    };
    let voters = |node_ids| {
        entry(storage::entry::Payload::Membership(storage::Membership {
            configs: vec![storage::VoterSet { node_ids }],
            nodes: Vec::new(),
        }))
    };
    let refused = too_many(Kind::Parts, MAX_CALL_PARTS);
    // One list in two commands, two lists, two entries: it is all one.
    for commands in [
        vec![subnet(options(half)), subnet(options(half))],
        vec![replaced(options(half)), subnet(options(half))],
        vec![subnet(options(half)), bootstrap(ranges(half))],
        vec![listeners(half), subnet(ranges(half))],
        vec![subnet(objects::SubnetConfig {
            domain_search: vec![String::new(); half],
            classless_routes: vec![objects::ClasslessRoute::default(); half],
            ..Default::default()
        })],
    ] {
        let one = append(vec![batch(commands.clone())]);
        assert_eq!(check(&one), refused);
        let each = commands.iter().map(|command| batch(vec![command.clone()]));
        assert_eq!(check(&append(each.collect())), refused);
        let propose = peer::ProposeRequest {
            commands,
            ..Default::default()
        };
        assert_eq!(of("/x/Propose").check(&propose.encode_to_vec()), refused);
    }
    let packed = voters(vec![1; 2 * half]);
    assert_eq!(check(&append(vec![packed])), refused);
    let large = voters(vec![u64::MAX; 64]);
    assert_eq!(check(&append(vec![large])), Ok(()));
    let unpacked = [8, 1].repeat(2 * half);
    assert_eq!(walk_voters(&unpacked), refused);
}

fn walk_voters(bytes: &[u8]) -> Result<(), Misshapen> {
    const FIELDS: &[Field] = &[Field::numbers(1)];
    let shape = Shape {
        fields: FIELDS,
        ..APPEND
    };
    shape.check(bytes)
}

#[test]
fn bytes_that_are_no_message_are_refused() {
    for bytes in [
        &[0x1a_u8][..],
        &[0x1a, 5, 0],
        &[0xff; 11],
        &[0x1b],
        &[0x1d, 0, 0],
    ] {
        assert_eq!(of("/x/Append").check(bytes), Err(Misshapen::Unreadable));
    }
    // A field of a later release is passed over.
    assert_eq!(of("/x/Health").check(&[0xfa, 0x3f, 2, 1, 1]), Ok(()));
}
