//! `gatewayctl bootstrap`.

use std::time::Duration;

use api::proto::admin::BootstrapRequest;
use api::proto::admin::admin_client::AdminClient;

use crate::cli::{BootstrapArguments, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, Session};
use crate::view::BootstrapView;

/// The node asks the others first, and gives those that are starting 20 s.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn bootstrap(
    global: &Global,
    arguments: BootstrapArguments,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let action = Action::change("bootstrapping a cluster".to_owned(), "gatewayctl status");
    let session = Session::open(global, action, TIMEOUT).await?;
    let request = BootstrapRequest {
        alone: arguments.alone,
    };
    let answer = session
        .answer(AdminClient::new(session.channel()).bootstrap(request))
        .await?;
    output.print(&BootstrapView::from(answer), render::bootstrap)?;
    Ok(Exit::Done)
}
