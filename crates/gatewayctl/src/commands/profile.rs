//! `gatewayctl profile …`.

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::{GetProfileRequest, SetProfileRequest};

use crate::cli::{Global, ProfileCommand, ProfileName};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::{DoneView, ProfileView};

const CHECK_WITH: &str = "gatewayctl profile show";

pub(super) async fn run(
    global: &Global,
    command: &ProfileCommand,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match command {
        ProfileCommand::Show => show(global, output).await,
        ProfileCommand::Set { profile, local } => set(global, *profile, *local, output).await,
    }
}

async fn show(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::question("asking for the profile");
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let answer = session
        .answer(AdminClient::new(session.channel()).get_profile(GetProfileRequest {}))
        .await?;
    output.print(&ProfileView::from(answer), render::profile)?;
    Ok(Exit::Done)
}

async fn set(
    global: &Global,
    profile: ProfileName,
    local: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let profile = profile.name();
    let action = Action::change(format!("setting profile {profile}"), CHECK_WITH);
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let request = SetProfileRequest {
        profile: profile.to_owned(),
        local,
    };
    let done = session
        .answer(AdminClient::new(session.channel()).set_profile(request))
        .await?;
    let text = if local {
        format!("This node goes by profile {profile}, until the cluster's is set.")
    } else {
        format!("The profile is {profile}; the nodes take it over one after the other.")
    };
    output.print(&DoneView::new(done, text), render::done)?;
    Ok(Exit::Done)
}
