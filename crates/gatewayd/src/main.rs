//! The gateway daemon: configuration and wiring, nothing else.
//!
//! It opens the data directory and takes part in the cluster (`cluster`), answers operators
//! (`admin`), keeps the kernel's NAT at the replicated intent (`natd`), and, once the cluster has
//! accepted this node's listen IP, answers DHCP clients (`dhcpd`).
//!
//! On SIGTERM or SIGINT it stops; the kernel's rules stay. On a storage error it stays up and
//! silent, so that operators can ask it why.

#[cfg(gatewayd_mutations)]
compile_error!("a daemon must not be built with the deliberate bugs (--cfg gatewayd_mutations)");

mod admin;
mod begin;
mod dhcp;
mod link;
mod logging;
mod nat;
mod notices;
mod presence;
mod readiness;
mod run;
mod supervise;

use anyhow::{Context, Result};
use clap::Parser;
use gatewayd::config::{self, Cli, RunArgs, Settings, Verb};
use std::process::ExitCode;
use std::time::Duration;

/// How long what still runs may take when everything has been stopped.
const STOP_RUNTIME: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let outcome = match Cli::parse().verb {
        Verb::Run(arguments) => start(arguments),
        Verb::Check(arguments) => check(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("gatewayd: {error:#}\n"),
            );
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: RunArgs) -> Result<()> {
    let settings = Settings::resolve(arguments).context("checking the configuration")?;
    logging::init(&settings.log_level)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let outcome = runtime.block_on(run::run(settings));
    // Dropping it would wait for a disk that hangs.
    runtime.shutdown_timeout(STOP_RUNTIME);
    outcome
}

fn check(arguments: RunArgs) -> Result<()> {
    let settings = Settings::resolve(arguments).context("checking the configuration")?;
    let written =
        std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{settings:#?}\n"));
    match written {
        // `gatewayd check | head` is no error.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("printing the settings")
        }
        _ => Ok(()),
    }
}
