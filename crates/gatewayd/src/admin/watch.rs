//! Committed changes as they happen.

use super::Daemon;
use api::proto::watch as wire;
use api::proto::watch::watch_server::Watch;
use futures::stream::{self, Stream, StreamExt};
use ipam::Event;
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
    let (kind, address, client, text) = describe(event);
    wire::Event {
        index,
        kind: kind.to_owned(),
        address: address
            .map(|address| address.to_string())
            .unwrap_or_default(),
        client: client.unwrap_or_default(),
        text,
        missed: 0,
    }
}

type Description = (&'static str, Option<Ipv4Addr>, Option<String>, String);

fn describe(event: &Event) -> Description {
    let about = |kind, address: &Ipv4Addr, client: &ipam::ClientKey, text: String| {
        (kind, Some(*address), Some(client.to_string()), text)
    };
    match event {
        Event::Bootstrapped => (
            "Bootstrapped",
            None,
            None,
            "the cluster is bootstrapped".to_owned(),
        ),
        Event::NodeRegistered(node) => (
            "NodeRegistered",
            None,
            None,
            format!("node {node} announced itself"),
        ),
        Event::NodeRemoved(node) => (
            "NodeRemoved",
            None,
            None,
            format!("node {node} is forgotten"),
        ),
        Event::SubnetChanged(subnet) => (
            "SubnetChanged",
            None,
            None,
            format!("subnet {subnet} changed"),
        ),
        Event::LeaseOffered {
            address, client, ..
        } => about(
            "LeaseOffered",
            address,
            client,
            format!("{address} is offered to {client}"),
        ),
        Event::LeaseGranted {
            address,
            client,
            renewed,
            ..
        } => {
            let verb = if *renewed { "renewed" } else { "granted" };
            about(
                "LeaseGranted",
                address,
                client,
                format!("{address} is {verb} for {client}"),
            )
        }
        Event::LeaseReleased {
            address, client, ..
        } => about(
            "LeaseReleased",
            address,
            client,
            format!("{address} is free again, last {client}'s"),
        ),
        Event::LeaseExpired {
            address, client, ..
        } => about(
            "LeaseExpired",
            address,
            client,
            format!("{address} ran out, last {client}'s"),
        ),
        Event::AddressQuarantined { address, .. } => (
            "AddressQuarantined",
            Some(*address),
            None,
            format!("{address} is in use by somebody unknown"),
        ),
        Event::ReservationChanged { client, .. } => (
            "ReservationChanged",
            None,
            Some(client.to_string()),
            format!("{client}'s reservation changed"),
        ),
        Event::ForwardChanged(key) => (
            "ForwardChanged",
            None,
            None,
            format!("the forward of {key} changed"),
        ),
        Event::NatChanged => (
            "NatChanged",
            None,
            None,
            "source NAT or the forward policy changed".to_owned(),
        ),
        Event::ProfileSet(profile) => (
            "ProfileSet",
            None,
            None,
            format!("the profile was set to {profile}"),
        ),
    }
}
