//! `gatewayctl lease …`.

use std::net::Ipv4Addr;

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::{ListLeasesRequest, ReleaseLeaseRequest};
use ipam::ClientKey;

use crate::cli::{Global, LeaseCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::{DoneView, LeaseView};

pub(super) async fn run(
    global: &Global,
    command: &LeaseCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        LeaseCommand::List { client } => list(global, client.as_ref(), output).await,
        LeaseCommand::Show { address } => show(global, *address, output).await,
        LeaseCommand::Release { address } => release(global, *address, output).await,
    }
}

async fn list(
    global: &Global,
    client: Option<&ClientKey>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let request = ListLeasesRequest {
        address: None,
        client: client.map(ToString::to_string),
    };
    let leases = leases(global, Action::question("listing the leases"), request).await?;
    output.print(&leases[..], render::leases)?;
    Ok(Exit::Done)
}

async fn show(global: &Global, address: Ipv4Addr, output: &mut Output) -> Result<Exit, Failure> {
    let doing = format!("showing the lease of {address}");
    let request = ListLeasesRequest {
        address: Some(address.to_string()),
        client: None,
    };
    let leases = leases(global, Action::question(doing.clone()), request).await?;
    let Some(lease) = leases
        .into_iter()
        .find(|lease| lease.address == address.to_string())
    else {
        return Err(no_lease(doing));
    };
    output.print(&lease, render::lease)?;
    Ok(Exit::Done)
}

async fn release(global: &Global, address: Ipv4Addr, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::change(
        format!("releasing the lease of {address}"),
        "gatewayctl lease list",
    );
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let mut client = AdminClient::new(session.channel());
    let request = ReleaseLeaseRequest {
        address: address.to_string(),
    };
    let done = session.answer(client.release_lease(request)).await?;
    output.print(
        &DoneView::new(done, format!("Released {address}.")),
        render::done,
    )?;
    Ok(Exit::Done)
}

async fn leases(
    global: &Global,
    action: Action,
    request: ListLeasesRequest,
) -> Result<Vec<LeaseView>, Failure> {
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let mut client = AdminClient::new(session.channel());
    let response = session.answer(client.list_leases(request)).await?;
    Ok(response.leases.into_iter().map(Into::into).collect())
}

fn no_lease(doing: String) -> Failure {
    Failure {
        exit: Exit::Refused,
        doing,
        reason: "nobody has leased this address".to_owned(),
        next: Some("`gatewayctl lease list` shows what there is".to_owned()),
    }
}
