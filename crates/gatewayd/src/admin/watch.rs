//! Committed changes as they happen.

use super::Daemon;
use api::proto::watch as wire;
use api::proto::watch::watch_server::Watch;
use futures::stream::{self, Stream, StreamExt};
use ipam::{Actor, AnyKey, ClientKey, Event, EventKind, ObjectChange};
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tonic::{Request, Response, Status};

/// Streams events.
pub struct WatchService {
    daemon: Arc<Daemon>,
}

impl WatchService {
    /// For this daemon.
    pub const fn new(daemon: Arc<Daemon>) -> Self {
        Self { daemon }
    }
}

#[tonic::async_trait]
impl Watch for WatchService {
    type EventsStream = Pin<Box<dyn Stream<Item = Result<wire::Event, Status>> + Send>>;

    async fn events(
        &self,
        _: Request<wire::EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        let committed = BroadcastStream::new(self.daemon.cluster.events());
        let events = committed.flat_map(|entry| {
            stream::iter(match entry {
                Ok(entry) => entry
                    .events
                    .iter()
                    .map(|event| Ok(show(entry.index, event)))
                    .collect(),
                Err(BroadcastStreamRecvError::Lagged(missed)) => vec![Ok(wire::Event {
                    kind: "Missed".to_owned(),
                    text: format!("{missed} entries were missed: this watcher is too slow"),
                    missed,
                    ..wire::Event::default()
                })],
            })
        });
        Ok(Response::new(Box::pin(events)))
    }
}

fn show(index: u64, event: &Event) -> wire::Event {
    let (kind, address, client, text) = describe(&event.kind);
    wire::Event {
        index,
        kind,
        actor: actor(&event.actor),
        address: address
            .map(|address| address.to_string())
            .unwrap_or_default(),
        client: client.unwrap_or_default(),
        text,
        missed: 0,
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

type Description = (String, Option<Ipv4Addr>, Option<String>, String);

fn describe(event: &EventKind) -> Description {
    let plain = |kind: &str, text: String| (kind.to_owned(), None, None, text);
    let lease = |kind: &str, address: &Ipv4Addr, client: &ClientKey, text: String| {
        let client = Some(client.to_string());
        (kind.to_owned(), Some(*address), client, text)
    };
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
            lease("LeaseOffered", address, client, text)
        }
        EventKind::LeaseGranted {
            address,
            client,
            renewed,
            ..
        } => {
            let verb = if *renewed { "renewed" } else { "granted" };
            let text = format!("{address} is {verb} for {client}");
            lease("LeaseGranted", address, client, text)
        }
        EventKind::LeaseReleased {
            address, client, ..
        } => {
            let text = format!("{address} is free again, last {client}'s");
            lease("LeaseReleased", address, client, text)
        }
        EventKind::LeaseExpired {
            address, client, ..
        } => {
            let text = format!("{address} ran out, last {client}'s");
            lease("LeaseExpired", address, client, text)
        }
        EventKind::AddressQuarantined { address, .. } => {
            let text = format!("{address} is in use by somebody unknown");
            ("AddressQuarantined".to_owned(), Some(*address), None, text)
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
    (format!("{}{done}", kind.name()), None, None, text)
}
