//! One batch and one state with something of everything: for round trips, and for the fuzzers' seeds.
//!
//! They begin with what is [`frozen`]. The samples of every kind of object come on top, so that a new
//! kind is here by itself, and the frozen fixtures stay as they are.
#![allow(dead_code, reason = "each test uses its part")]

pub mod frozen;

use ipam::{
    AnyObject, Batch, Change, Command, LogPosition, NodeId, ObjectCommand, Operator, RequestId,
    Stamp, State,
};

/// Whose commands the samples are.
const REQUEST: RequestId = RequestId(0x0123_4567_89ab_cdef);

/// One of every command, and every change of every sample of an object.
pub fn batch() -> Batch {
    let mut batch = frozen::batch();
    let changes = AnyObject::samples().into_iter().flat_map(changes);
    batch
        .commands
        .extend(changes.map(|change| command(change, true).of(REQUEST)));
    batch
}

fn changes(object: AnyObject) -> [Change; 3] {
    let delete = Change::Delete {
        key: object.key(),
        expected: None,
    };
    let replace = Change::Replace {
        object: object.clone(),
        expected: Some(17),
    };
    [Change::Create(object), replace, delete]
}

/// An operator's wish.
fn command(change: Change, force: bool) -> Command {
    let operator = Operator {
        node: NodeId(3),
        from: "root (admin) at 192.0.2.77".into(),
    };
    Command::Object(ObjectCommand {
        operator,
        change,
        force,
    })
}

/// A record of every kind, and as many samples of objects as one state can have: those with the key of
/// another, or of a subnet that is not there, are refused.
pub fn state() -> State {
    let mut state = frozen::state();
    let position = LogPosition {
        term: frozen::TERM,
        index: 100,
    };
    let stamp = Some(Stamp {
        term: frozen::TERM,
        time: state.clock(),
    });
    let samples = AnyObject::samples().into_iter();
    let commands = samples.map(|object| command(Change::Create(object), false).of(REQUEST));
    let commands = commands.collect();
    state.apply(position, &Batch { stamp, commands });
    state
}
