//! Committed changes as they happen, as they are said.

use api::proto::watch as wire;
use api::proto::watch::watch_server::Watch;
use futures::stream::{Stream, StreamExt};
use operator::{CommittedEvent, Operations, Watched};
use std::pin::Pin;
use tonic::{Request, Response, Status};

/// Streams events.
pub(super) struct WatchService {
    operations: Operations,
}

impl WatchService {
    /// Of this node.
    pub(super) const fn new(operations: Operations) -> Self {
        Self { operations }
    }
}

#[tonic::async_trait]
impl Watch for WatchService {
    type EventsStream = Pin<Box<dyn Stream<Item = Result<wire::Event, Status>> + Send>>;

    async fn events(
        &self,
        _: Request<wire::EventsRequest>,
    ) -> Result<Response<Self::EventsStream>, Status> {
        let events = self.operations.watch().map(|watched| Ok(encode(watched)));
        Ok(Response::new(Box::pin(events)))
    }
}

fn encode(watched: Watched) -> wire::Event {
    match watched {
        Watched::Event(event) => of(event),
        Watched::Missed(missed) => wire::Event {
            kind: "Missed".to_owned(),
            text: format!("{missed} entries were missed: this watcher is too slow"),
            missed,
            ..wire::Event::default()
        },
    }
}

fn of(event: CommittedEvent) -> wire::Event {
    let address = event.address.map(|address| address.to_string());
    let client = event.client.map(|client| client.to_string());
    wire::Event {
        index: event.index,
        kind: event.kind,
        actor: event.actor,
        address: address.unwrap_or_default(),
        client: client.unwrap_or_default(),
        text: event.text,
        missed: 0,
    }
}
