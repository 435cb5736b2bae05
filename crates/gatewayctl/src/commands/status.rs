//! `gatewayctl status`, at once or when all is well.

use std::time::Duration;

use api::proto::admin::StatusRequest;
use api::proto::admin::admin_client::AdminClient;
use tokio::time::{Instant, sleep};

use crate::cli::{Global, StatusArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::{LevelView, StatusView};

/// How often a node is asked that is waited for.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Prints the status. A node that does not serve, or of whose cluster something is amiss, is a
/// finding, not an error: it is printed, and the exit status says so.
pub(super) async fn status(
    global: &Global,
    arguments: StatusArgs,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let view = match arguments.patience() {
        None => ask(global).await?,
        Some(patience) => wait(global, patience).await?,
    };
    output.print(&view, render::status)?;
    Ok(match view.verdict.level {
        LevelView::Healthy => Exit::Done,
        LevelView::Degraded => Exit::Degraded,
        LevelView::NotServing => Exit::NotServing,
    })
}

async fn ask(global: &Global) -> Result<StatusView, Failure> {
    let action = Action::question("asking for the status");
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let mut client = AdminClient::new(session.channel());
    let answer = session.answer(client.status(StatusRequest {})).await?;
    Ok(answer.into())
}

/// Asks until the verdict is good. What it waits for is said on standard error, each thing once; what it
/// got when its patience ended is the answer.
async fn wait(global: &Global, patience: Duration) -> Result<StatusView, Failure> {
    let started = Instant::now();
    let mut said = String::new();
    loop {
        let answer = ask(global).await;
        let (is_healthy, waits_for) = match &answer {
            Ok(view) => (
                view.verdict.level == LevelView::Healthy,
                view.verdict.summary.clone(),
            ),
            // Asking again does not help.
            Err(failure) if failure.exit != Exit::Unreachable => return answer,
            Err(failure) => (false, failure.reason.clone()),
        };
        if is_healthy || started.elapsed() >= patience {
            return answer;
        }
        if waits_for != said {
            let seconds = started.elapsed().as_secs();
            eprintln!(
                "gatewayctl: waiting ({seconds} s): {}",
                render::plain(&waits_for)
            );
            said = waits_for;
        }
        sleep(ASK_AGAIN).await;
    }
}
