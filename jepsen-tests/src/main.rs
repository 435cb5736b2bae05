//! The `jepsen` program: runs workloads under nemeses in the lab, and judges histories.
//!
//! The history and its checkers are the library; what happens to make a history is here.
#![allow(clippy::print_stdout, reason = "a command line program prints")]

mod cli;
mod matrix;
mod names;
mod nemesis;
mod runner;
mod workload;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("jepsen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(options) => runner::run(&options),
        Command::Matrix(options) => matrix::run(&options),
        Command::Check { history } => runner::check(&history),
    }
}
