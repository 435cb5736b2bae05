//! `gatewayctl watch`. The timeout is for the connection and the first answer; then it waits for
//! events as long as it takes.

use api::proto::watch::EventsRequest;
use api::proto::watch::watch_client::WatchClient;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, Reader};
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::EventView;

const DOING: &str = "watching for changes";

pub(super) async fn watch(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::open(global, Action::question(DOING), DEFAULT_TIMEOUT).await?;
    let mut client = WatchClient::new(session.channel());
    let mut events = session.answer(client.events(EventsRequest {})).await?;
    while let Some(event) = events
        .message()
        .await
        .map_err(|status| session.failure(&status))?
    {
        let view = EventView::from(event);
        if output.print(&view, render::event)? == Reader::Left {
            return Ok(Exit::Done);
        }
    }
    Err(Failure::unreachable(
        DOING,
        format!("node {} ended the watch", global.node),
    ))
}
