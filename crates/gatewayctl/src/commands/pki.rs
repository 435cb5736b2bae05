//! `gatewayctl pki …`: asks no node.

use std::path::Path;

use crate::cli::PkiCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::pki::{self, PkiError};
use crate::render;
use crate::view::PkiView;

pub(super) fn run(command: &PkiCommand, output: &mut Output) -> Result<Exit, Failure> {
    let view = match command {
        PkiCommand::Init { place, days } => init(&place.dir, *days)?,
        PkiCommand::Node { id, place, days } => node(&place.dir, *id, *days)?,
    };
    output.print(&view, render::pki)?;
    Ok(Exit::Done)
}

fn init(dir: &Path, days: u32) -> Result<PkiView, Failure> {
    let files = pki::init(dir, days)
        .map_err(|error| failure(format!("making a CA in {}", dir.display()), &error))?;
    let text = format!(
        "The CA of a new cluster is in {}.\n\
         Keep ca.key offline: who has it can make himself a node.\n\
         Next: gatewayctl pki node ID, once for each node.",
        dir.display()
    );
    Ok(PkiView::new(files, text))
}

fn node(dir: &Path, id: u64, days: u32) -> Result<PkiView, Failure> {
    let files = pki::node(dir, id, days)
        .map_err(|error| failure(format!("making the certificate of node {id}"), &error))?;
    let text = format!(
        "Node {id}'s files are in {}.\n\
         Next: copy them to /etc/gatewayd/tls on that host; node.key belongs to gatewayd's user, \
         mode 600.",
        dir.join(format!("node-{id}")).display()
    );
    Ok(PkiView::new(files, text))
}

fn failure(doing: String, error: &PkiError) -> Failure {
    Failure {
        exit: Exit::Refused,
        doing,
        reason: error.to_string(),
        next: error.remedy().map(str::to_owned),
    }
}
