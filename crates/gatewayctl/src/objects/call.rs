//! What is asked of a node about objects: the same calls for every kind.

use api::proto::admin::admin_client::AdminClient;
use api::proto::admin::{
    CreateObjectRequest, DeleteObjectRequest, ListObjectsRequest, ReplaceObjectRequest,
};
use ipam::Change;

use super::{Asked, AskedChange, Listed, Noun};
use crate::cli::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render;
use crate::session::{Action, DEFAULT_TIMEOUT, Session};
use crate::view::DoneView;

/// Does what a verb says.
pub(super) async fn run<T: Noun>(
    global: &Global,
    verb: &T::Verbs,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match T::asked(verb)? {
        Asked::List => list::<T>(global, output).await,
        Asked::Change(asked) => change::<T>(global, *asked, output).await,
    }
}

async fn list<T: Noun>(global: &Global, output: &mut Output) -> Result<Exit, Failure> {
    let action = Action::question(format!("listing the {}", T::KIND.plural()));
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let request = ListObjectsRequest { kind: T::NUMBER };
    let response = session
        .answer(AdminClient::new(session.channel()).list_objects(request))
        .await?;
    let objects = response.objects.into_iter();
    let listed: Result<Vec<_>, _> = objects.map(Listed::<T>::read).collect();
    let listed = listed.map_err(|error| session.unreadable(&error))?;
    output.print(&listed[..], Listed::list)?;
    Ok(Exit::Done)
}

async fn change<T: Noun>(
    global: &Global,
    asked: AskedChange,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let action = Action::change(asked.doing, format!("gatewayctl {} list", T::NOUN));
    let session = Session::open(global, action, DEFAULT_TIMEOUT).await?;
    let mut admin = AdminClient::new(session.channel());
    let force = asked.force;
    let done = match &asked.change {
        Change::Create(object) => {
            let object = Some(object.into());
            let request = CreateObjectRequest { object, force };
            session.answer(admin.create_object(request)).await?
        }
        Change::Replace { object, expected } => {
            let request = ReplaceObjectRequest {
                object: Some(object.into()),
                expected: *expected,
                force,
            };
            session.answer(admin.replace_object(request)).await?
        }
        Change::Delete { key, expected } => {
            let request = DeleteObjectRequest {
                key: Some(key.into()),
                expected: *expected,
            };
            session.answer(admin.delete_object(request)).await?
        }
    };
    output.print(&DoneView::new(done, asked.done), render::done)?;
    Ok(Exit::Done)
}
