//! `gatewayctl reservation …`.

use std::net::Ipv4Addr;

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::{AddReservationRequest, ListReservationsRequest, RemoveReservationRequest};

use crate::cli::{Client, Global, ReservationCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::{DoneView, ReservationView};

const CHECK_WITH: &str = "gatewayctl reservation list";

pub(super) async fn run(
    global: &Global,
    command: &ReservationCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        ReservationCommand::Add { client, address } => add(global, client, *address, output).await,
        ReservationCommand::List => list(global, output).await,
        ReservationCommand::Remove { client } => remove(global, client, output).await,
    }
}

async fn add(
    global: &Global,
    client: &Client,
    address: Ipv4Addr,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let action = Action::change(format!("reserving {address} for {client}"), CHECK_WITH);
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let request = AddReservationRequest {
        client: client.to_string(),
        address: address.to_string(),
    };
    let done = session
        .answer(AdminClient::new(session.channel()).add_reservation(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Reserved {address} for {client}.")),
        render::done,
    )?;
    Ok(Exit::Done)
}

async fn list(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::open(
        global,
        Action::question("listing the reservations"),
        DEFAULT_TIMEOUT,
    )
    .await?;
    let mut client = AdminClient::new(session.channel());
    let response = session
        .answer(client.list_reservations(ListReservationsRequest {}))
        .await?;
    let views: Vec<ReservationView> = response.reservations.into_iter().map(Into::into).collect();
    output.print(&views[..], render::reservations)?;
    Ok(Exit::Done)
}

async fn remove(global: &Global, client: &Client, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::change(format!("removing the reservation of {client}"), CHECK_WITH);
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let request = RemoveReservationRequest {
        client: client.to_string(),
    };
    let done = session
        .answer(AdminClient::new(session.channel()).remove_reservation(request))
        .await?;
    output.print(
        &DoneView::new(done, format!("Removed the reservation of {client}.")),
        render::done,
    )?;
    Ok(Exit::Done)
}
