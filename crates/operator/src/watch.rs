//! Committed changes as they happen, told for people.

use crate::Operations;
use cluster::Committed;
use futures::stream::{self, Stream, StreamExt};
use ipam::{Actor, AnyKey, ClientKey, Event, EventKind, ObjectChange};
use std::net::Ipv4Addr;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

/// What a watcher is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// A change.
    Event(CommittedEvent),
    /// So many entries passed unseen: this watcher is too slow.
    Missed(u64),
}

/// A change that was committed and applied here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedEvent {
    /// In which log entry.
    pub index: u64,
    /// Its name: `LeaseGranted`, `ForwardCreated`, …
    pub kind: String,
    /// Who made it, for people.
    pub actor: String,
    /// About which address, if one.
    pub address: Option<Ipv4Addr>,
    /// About which client, if one.
    pub client: Option<ClientKey>,
    /// A sentence, for people.
    pub text: String,
}

impl Operations {
    /// Every change from now on, until the node stops.
    pub fn watch(&self) -> impl Stream<Item = Watched> + Send + use<> {
        let committed = BroadcastStream::new(self.node.cluster().events());
        committed.flat_map(|entry| stream::iter(watched(entry)))
    }
}

fn watched(entry: Result<Committed, BroadcastStreamRecvError>) -> Vec<Watched> {
    match entry {
        Ok(entry) => {
            let events = entry.events.iter();
            let told = events.map(|event| Watched::Event(tell(entry.index, event)));
            told.collect()
        }
        Err(BroadcastStreamRecvError::Lagged(missed)) => vec![Watched::Missed(missed)],
    }
}

fn tell(index: u64, event: &Event) -> CommittedEvent {
    let Description {
        kind,
        address,
        client,
        text,
    } = describe(&event.kind);
    CommittedEvent {
        index,
        kind,
        actor: actor(&event.actor),
        address,
        client,
        text,
    }
}

/// Who made a change, for people.
fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Cluster => "cluster".to_owned(),
        Actor::Node(node) => format!("node {node}"),
        Actor::Client => "client".to_owned(),
        // A member's word, which may be anything.
        Actor::Operator(operator) => operator.to_string().escape_debug().to_string(),
    }
}

/// What an event is about.
struct Description {
    kind: String,
    address: Option<Ipv4Addr>,
    client: Option<ClientKey>,
    text: String,
}

impl Description {
    fn plain(kind: &str, text: String) -> Self {
        Self {
            kind: kind.to_owned(),
            address: None,
            client: None,
            text,
        }
    }

    fn of_lease(kind: &str, address: Ipv4Addr, client: &ClientKey, text: String) -> Self {
        Self {
            address: Some(address),
            client: Some(client.clone()),
            ..Self::plain(kind, text)
        }
    }
}

fn describe(event: &EventKind) -> Description {
    let plain = Description::plain;
    let lease = Description::of_lease;
    match event {
        EventKind::Bootstrapped => plain("Bootstrapped", "the cluster is bootstrapped".to_owned()),
        EventKind::NodeRegistered(node) => {
            plain("NodeRegistered", format!("node {node} announced itself"))
        }
        EventKind::NodeRemoved(node) => plain("NodeRemoved", format!("node {node} is forgotten")),
        EventKind::LeaseOffered {
            address, client, ..
        } => {
            let text = format!("{address} is offered to {client}");
            lease("LeaseOffered", *address, client, text)
        }
        EventKind::LeaseGranted {
            address,
            client,
            renewed,
            ..
        } => {
            let verb = if *renewed { "renewed" } else { "granted" };
            let text = format!("{address} is {verb} for {client}");
            lease("LeaseGranted", *address, client, text)
        }
        EventKind::LeaseReleased {
            address, client, ..
        } => {
            let text = format!("{address} is free again, last {client}'s");
            lease("LeaseReleased", *address, client, text)
        }
        EventKind::LeaseExpired {
            address, client, ..
        } => {
            let text = format!("{address} ran out, last {client}'s");
            lease("LeaseExpired", *address, client, text)
        }
        EventKind::AddressQuarantined { address, .. } => {
            let text = format!("{address} is in use by somebody unknown");
            Description {
                address: Some(*address),
                ..plain("AddressQuarantined", text)
            }
        }
        EventKind::Object { key, change } => object(key, *change),
        EventKind::ForwardPolicySet => {
            plain("ForwardPolicySet", "the forward policy was set".to_owned())
        }
        EventKind::ProfileSet(profile) => {
            plain("ProfileSet", format!("the profile was set to {profile}"))
        }
    }
}

fn object(key: &AnyKey, change: ObjectChange) -> Description {
    let kind = key.kind();
    let done = change.name();
    let text = format!("the {} {key} was {}", kind.singular(), done.to_lowercase());
    Description::plain(&format!("{}{done}", kind.name()), text)
}
