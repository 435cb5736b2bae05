//! `gatewayctl node …`. Whichever member is asked has the leader do it.

use std::time::Duration;

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::{AddNodeRequest, RemoveNodeRequest};

use crate::cli::{Global, NodeAddress, NodeCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, Session};
use crate::view::DoneView;

const CHECK_WITH: &str = "gatewayctl status";

/// A removal waits for those who stay.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(15);
/// A newcomer has to catch up first.
const ADD_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn run(
    global: &Global,
    command: &NodeCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        NodeCommand::Add { id, peer_address } => add(global, *id, peer_address, output).await,
        NodeCommand::Remove { id } => remove(global, *id, output).await,
    }
}

async fn add(
    global: &Global,
    id: u64,
    peer: &NodeAddress,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let action = Action::change(format!("adding node {id} at {peer}"), CHECK_WITH);
    let session = Session::open(global, action, ADD_TIMEOUT).await?;
    let request = AddNodeRequest {
        node_id: id,
        peer_address: peer.to_string(),
    };
    let done = session
        .answer(AdminClient::new(session.channel()).add_node(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Node {id} at {peer} is a member.")),
        render::done,
    )?;
    Ok(Exit::Done)
}

async fn remove(global: &Global, id: u64, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::change(format!("removing node {id}"), CHECK_WITH);
    let session = Session::open(global, action, REMOVE_TIMEOUT).await?;
    let request = RemoveNodeRequest { node_id: id };
    let done = session
        .answer(AdminClient::new(session.channel()).remove_node(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Node {id} is no longer a member.")),
        render::done,
    )?;
    Ok(Exit::Done)
}
