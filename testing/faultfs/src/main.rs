//! `faultfs mount` shows a fault-injecting file system until it is told to end; `faultfs ctl`
//! switches its faults.
#![allow(clippy::print_stdout, reason = "a command line program prints")]

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use faultfs::{Device, Image, Mounted, control};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// A file system that forgets what was not synced, and fails when told to
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Mount at an existing directory; ends and unmounts on SIGTERM or SIGINT
    ///
    /// Prints one line, "mounted DIRECTORY control SOCKET", when programs can use it. Everything is
    /// in memory and gone when this ends.
    Mount {
        /// Where
        directory: PathBuf,
        /// The socket for `faultfs ctl`; not inside the mount
        #[arg(long, value_name = "SOCKET")]
        control: Option<PathBuf>,
        /// Begin with a copy of this directory, all of it durable
        #[arg(long, value_name = "DIRECTORY")]
        load: Option<PathBuf>,
    },
    /// Send a command to a mounted one and print its answer; status 1 if it refuses
    #[command(after_help = COMMANDS)]
    Ctl {
        /// The socket
        socket: PathBuf,
        /// The command
        #[arg(required = true)]
        command: Vec<String>,
    },
}

const COMMANDS: &str = "\
Commands:
  full on|growth|off            no space: for any write, for growing ones, for none
  fsync ok|fail|fail-once|lie   fail-once: EIO once, what was to be written is lost, then all seems well
  slow MS                       every sync takes so long; 0 ends it
  cut [nothing|everything|torn SEED|subset SEED]
                                the power goes; of what was not synced this survives. Off until `on`
  on                            the power comes back
  flip PATH SEED                one bit of a file (path from the mount point)
  save DIRECTORY                copy out what a power cut would leave now
  heal                          no faults any more
  status                        the switches, and what is not synced";

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Verb::Mount {
            directory,
            control,
            load,
        } => mount(&directory, control, load.as_deref()),
        Verb::Ctl { socket, command } => ctl(&socket, &command.join(" ")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faultfs: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn mount(directory: &Path, socket: Option<PathBuf>, load: Option<&Path>) -> Result<()> {
    let image = match load {
        Some(path) => {
            Image::copy_from(path).with_context(|| format!("loading {}", path.display()))?
        }
        None => Image::default(),
    };
    let socket = socket.unwrap_or_else(|| control::default_socket(directory));
    let device = Arc::new(Device::new(image));
    let (end, ended) = sync_channel(1);
    ctrlc::set_handler(move || {
        // A second signal finds the first one still waiting.
        end.try_send(()).ok();
    })
    .context("catching signals")?;
    let mounted = Mounted::new(device.clone(), directory)?;
    control::serve(&device, &socket)
        .with_context(|| format!("listening at {}", socket.display()))?;
    println!(
        "mounted {} control {}",
        directory.display(),
        socket.display()
    );
    ended.recv().context("waiting for a signal")?;
    mounted.unmount()?;
    std::fs::remove_file(&socket).with_context(|| format!("removing {}", socket.display()))
}

fn ctl(socket: &Path, command: &str) -> Result<()> {
    let answer = control::send(socket, command);
    match answer.with_context(|| format!("asking faultfs at {}", socket.display()))? {
        Ok(text) => println!("{text}"),
        Err(text) => bail!("{text}"),
    }
    Ok(())
}
