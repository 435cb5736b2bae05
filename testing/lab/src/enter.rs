//! `lab enter`: a command or a shell in a part of the lab that `lab demo --keep` left up.

use std::os::unix::process::CommandExt;
use std::process::ExitCode;

use anyhow::{Context, Result};

use lab::command::describe;
use lab::kept::KeptLab;

use crate::cli::EnterOptions;

/// Becomes the command; returns only if that failed.
pub fn enter(options: &EnterOptions) -> Result<ExitCode> {
    let mut command = KeptLab::find()?.command(&options.name, &options.command)?;
    let error = command.exec();
    Err(error).with_context(|| format!("running {}", describe(&command)))
}
