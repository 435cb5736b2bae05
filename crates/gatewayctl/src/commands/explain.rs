//! `gatewayctl explain CLIENT`.

use api::proto::admin::ExplainRequest;
use api::proto::admin::admin_client::AdminClient;
use ipam::ClientKey;

use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::ExplainView;

/// Prints what every node has seen of a client. That it got no answer is a finding, not an error.
pub(super) async fn explain(
    global: &Global,
    client: &ClientKey,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let doing = format!("asking every node about {client}");
    let session = Session::open(global, Action::question(doing), DEFAULT_TIMEOUT).await?;
    let mut admin = AdminClient::new(session.channel());
    let request = ExplainRequest {
        client: client.to_string(),
    };
    let view: ExplainView = session.answer(admin.explain(request)).await?.into();
    output.print(&view, render::explain)?;
    Ok(Exit::Done)
}
