//! `gatewayctl forward …`.

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::forward::Target;
use api::proto::admin::{AddForwardRequest, Forward, ListForwardsRequest, RemoveForwardRequest};

use crate::cli::{ForwardAdd, ForwardCommand, ForwardKey, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::{DoneView, ForwardView};

const CHECK_WITH: &str = "gatewayctl forward list";

pub(super) async fn run(
    global: &Global,
    command: &ForwardCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        ForwardCommand::Add(add) => self::add(global, add, output).await,
        ForwardCommand::List => list(global, output).await,
        ForwardCommand::Remove(key) => remove(global, key, output).await,
    }
}

async fn add(global: &Global, add: &ForwardAdd, output: &mut Output) -> Result<Exit, Failure> {
    let (target, target_port, to) = target(add);
    let key = &add.key;
    let action = Action::change(format!("forwarding {key} to {to}"), CHECK_WITH);
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let forward = Forward {
        protocol: key.protocol.as_str().to_owned(),
        port: key.port.into(),
        target,
        target_port: target_port.into(),
        resolved: None,
    };
    let request = AddForwardRequest {
        forward: Some(forward),
        force: add.force,
    };
    let done = session
        .answer(AdminClient::new(session.channel()).add_forward(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Forwarded {key} to {to}.")),
        render::done,
    )?;
    Ok(Exit::Done)
}

/// The target, its port, and both as people write them.
fn target(add: &ForwardAdd) -> (Option<Target>, u16, String) {
    if let Some(to) = add.to {
        let port = to.port.unwrap_or(add.key.port);
        return (
            Some(Target::Address(to.address.to_string())),
            port,
            format!("{}:{port}", to.address),
        );
    }
    let port = add.target_port.unwrap_or(add.key.port);
    match &add.to_client {
        Some(client) => (
            Some(Target::Client(client.to_string())),
            port,
            format!("client {client} port {port}"),
        ),
        // The command line demands one of the two; without either, the node refuses.
        None => (None, port, "nothing".to_owned()),
    }
}

async fn list(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::open(
        global,
        Action::question("listing the port forwards"),
        DEFAULT_TIMEOUT,
    )
    .await?;
    let mut client = AdminClient::new(session.channel());
    let response = session
        .answer(client.list_forwards(ListForwardsRequest {}))
        .await?;
    let views: Vec<ForwardView> = response.forwards.into_iter().map(Into::into).collect();
    output.print(&views[..], render::forwards)?;
    Ok(Exit::Done)
}

async fn remove(global: &Global, key: &ForwardKey, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::change(format!("removing the forward of {key}"), CHECK_WITH);
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let request = RemoveForwardRequest {
        protocol: key.protocol.as_str().to_owned(),
        port: key.port.into(),
    };
    let done = session
        .answer(AdminClient::new(session.channel()).remove_forward(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Removed the forward of {key}.")),
        render::done,
    )?;
    Ok(Exit::Done)
}
