//! `gatewayctl status`.

use api::proto::admin::StatusRequest;
use api::proto::admin::admin_client::AdminClient;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::StatusView;

/// Prints the status. A node that does not serve is a finding, not an error: it is printed, and the
/// exit status says so.
pub(super) async fn status(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let session = Session::open(
        global,
        Action::question("asking for the status"),
        DEFAULT_TIMEOUT,
    )
    .await?;
    let mut client = AdminClient::new(session.channel());
    let view: StatusView = session
        .answer(client.status(StatusRequest {}))
        .await?
        .into();
    output.print(&view, render::status)?;
    Ok(if view.has_quorum && view.in_service {
        Exit::Done
    } else {
        Exit::NotServing
    })
}
