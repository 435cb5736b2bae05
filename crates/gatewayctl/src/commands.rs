//! The commands: each asks, turns the answer into a view and prints it.

mod bootstrap;
mod explain;
mod lease;
mod node;
mod pki;
mod profile;
mod status;
mod watch;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::objects;
use crate::output::Output;

/// Runs one command.
pub async fn run(cli: &Cli, output: &mut Output) -> Result<Exit, Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Bootstrap(arguments) => bootstrap::bootstrap(global, *arguments, output).await,
        Command::Status(arguments) => status::status(global, *arguments, output).await,
        Command::Explain { client } => explain::explain(global, client, output).await,
        Command::Lease(command) => lease::run(global, command, output).await,
        Command::Object(noun) => objects::run(global, noun, output).await,
        Command::Node(command) => node::run(global, command, output).await,
        Command::Profile(command) => profile::run(global, command, output).await,
        Command::Pki(command) => pki::run(command, output),
        Command::Watch => watch::watch(global, output).await,
    }
}
