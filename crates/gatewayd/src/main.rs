//! The gateway daemon: configuration, signals, and adapters by which operators reach it.
//!
//! It opens the data directory and takes part in the cluster (`cluster`), runs a node on it (`node`: NAT, DHCP), and
//! answers operators over gRPC (`grpc`, an adapter of `operator`).
//!
//! On SIGTERM or SIGINT it stops; the kernel's rules stay. On SIGHUP it reloads what it can. On a
//! storage error it stays up and silent, so that operators can ask it why. When a part of the cluster
//! node has ended by a bug, Raft above all, the process ends with an error, to be started again.

mod check;
mod grpc;
mod lan_interface;
mod logging;
mod node_config;
mod readiness;
mod reload;
mod run;

use crate::logging::Logging;
use crate::reload::Reload;
use anyhow::{Context, Result};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use gatewayd::config::{self, Cli, Loaded, Outside, RunArgs, Verb};
use std::process::ExitCode;
use std::time::Duration;

/// How long what still runs may take when everything has been stopped.
const STOP_RUNTIME: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let outside = outside(&matches);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match cli.verb {
        Verb::Run(arguments) => start(arguments, outside),
        Verb::Check(arguments) => check(arguments, &outside).map(|()| ExitCode::SUCCESS),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("gatewayd: {error:#}\n"),
            );
            ExitCode::FAILURE
        }
    }
}

/// What stands on the command line, and in the environment.
fn outside(matches: &ArgMatches) -> Outside {
    let verb = matches.subcommand().map(|(_, verb)| verb);
    let flags = verb.into_iter().flat_map(|verb| {
        let given =
            |id: &&clap::Id| verb.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        verb.ids().filter(given).map(|id| id.as_str().to_owned())
    });
    let variables = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    Outside {
        flags: flags.collect(),
        variables: variables.collect(),
    }
}

fn start(arguments: RunArgs, outside: Outside) -> Result<ExitCode> {
    let loaded = Loaded::load(arguments.clone(), &outside).context("checking the configuration")?;
    let Loaded {
        settings, warnings, ..
    } = loaded;
    let logging = Logging::start(&settings.log_level)?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let reload = Reload::new(arguments, outside, settings.clone(), logging.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let outcome = runtime.block_on(run::run(settings, warnings, reload));
    // Dropping it would wait for a disk that hangs.
    runtime.shutdown_timeout(STOP_RUNTIME);
    // Not by this thread: who reads the log may stand still, and must not hold the end up.
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging.last_words(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    };
    logging.finish();
    Ok(code)
}

fn check(arguments: RunArgs, outside: &Outside) -> Result<()> {
    let loaded = Loaded::load(arguments, outside).context("checking the configuration")?;
    check::run(&loaded)
}
