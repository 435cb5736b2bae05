//! The `gatewayctl` program: parses the command line, runs it, exits with a status that means
//! something.

use std::process::ExitCode;

use clap::Parser;
use gatewayctl::cli::Cli;
use gatewayctl::commands;
use gatewayctl::output::Output;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut output = Output::to_stdout(cli.global.json);
    match commands::run(&cli, &mut output).await {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("gatewayctl: {failure}");
            failure.exit.into()
        }
    }
}
