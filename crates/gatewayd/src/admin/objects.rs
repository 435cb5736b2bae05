//! What operators ask of objects, of every kind alike.

use super::{audit, before};
use api::DecodeError;
use api::proto::{admin as wire, objects as messages};
use ipam::{AnyKey, AnyObject, Change, Kind, State};
use std::net::SocketAddr;
use tonic::Status;

/// The kind that a request names.
pub fn kind(number: u32) -> Result<Kind, Status> {
    let kind = api::objects::kind_of_number(number);
    kind.ok_or_else(|| {
        Status::invalid_argument(format!("this release knows no kind of objects {number}"))
    })
}

/// The object that a request brings.
pub fn object(message: Option<messages::Object>) -> Result<AnyObject, Status> {
    let message = message.ok_or_else(|| Status::invalid_argument("there is no object"))?;
    message.try_into().map_err(unreadable)
}

/// The key that a request names.
pub fn key(message: Option<messages::Key>) -> Result<AnyKey, Status> {
    let message = message.ok_or_else(|| Status::invalid_argument("there is no key"))?;
    message.try_into().map_err(unreadable)
}

fn unreadable(error: DecodeError) -> Status {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Status::invalid_argument(text)
}

/// Refuses a change of what the cluster was bootstrapped with: nodes do not follow one yet.
pub fn check_kind(change: &Change) -> Result<(), Status> {
    let kind = change.kind();
    match kind.is_leaders() {
        false => Ok(()),
        true => Err(Status::failed_precondition(format!(
            "a {} cannot be changed yet: it is as the cluster was bootstrapped",
            kind.singular()
        ))),
    }
}

/// Every object of a kind, by key.
pub fn list(state: &State, kind: Kind) -> wire::ListObjectsResponse {
    let objects = state.objects().of(kind).into_iter();
    let listed = objects.map(|stored| wire::ListedObject {
        now: stored.object.now(state),
        stored: Some((&stored).into()),
    });
    wire::ListObjectsResponse {
        objects: listed.collect(),
    }
}

/// What an operator should know besides, which is no error.
pub fn notices(state: &State, change: &Change) -> Vec<String> {
    match change {
        Change::Create(object) => object.notices(state),
        Change::Replace { object, .. } => {
            let before = state.objects().get(&object.key());
            let left = before
                .filter(|before| before.object != *object)
                .map_or_else(Vec::new, |before| before.object.notices_when_gone(state));
            left.into_iter().chain(object.notices(state)).collect()
        }
        Change::Delete { key, .. } => {
            let stored = state.objects().get(key);
            stored.map_or_else(Vec::new, |stored| stored.object.notices_when_gone(state))
        }
    }
}

/// What is asked, for the audit log.
pub fn audit_line(
    state: &State,
    change: &Change,
    force: bool,
    from: Option<SocketAddr>,
) -> audit::Change {
    let key = change.key();
    let verb = match change {
        Change::Create(_) => "add",
        Change::Replace { .. } => "set",
        Change::Delete { .. } => "remove",
    };
    let forced = if force { ", by force" } else { "" };
    let after = change.object();
    audit::Change {
        verb: format!("{} {verb}", key.kind().noun()),
        object: key.to_string(),
        before: before::object(state, &key),
        after: after.map_or_else(|| "none".to_owned(), |object| format!("{object}{forced}")),
        from,
    }
}
