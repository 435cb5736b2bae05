//! Developer commands, behind `./x`: one gate that never writes (`verify`), one command that does
//! (`fix`), and those that run the product.
//!
//! * **What it is not.** It builds nothing by itself: cargo does. It installs nothing but
//!   cargo-deny, cargo-fuzz and cargo-mutants; system packages are `x`'s business.
//! * **Blocks** for as long as what it runs; Ctrl-C reaches the whole process group.
#![allow(clippy::print_stdout, reason = "a command line program prints")]

mod ahead;
mod bench;
mod cargo;
mod cargo_mutants;
mod changed;
mod cli;
mod demo;
mod deny;
mod drill;
mod fix;
mod format;
mod fuzz;
mod git;
mod house;
mod jepsen;
mod limit;
mod mutated_tree;
mod mutations;
mod night;
mod oracles;
mod power_loss;
mod readme_hosts;
mod released;
mod sim;
mod steps;
mod test;
mod tests_built;
mod tool;
mod verify;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};
use workspace::Workspace;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("x: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the command found what it wants to find.
fn run(command: Command) -> Result<bool> {
    let workspace = Workspace::load()?;
    match command {
        Command::Demo { keep } => demo::run(&workspace, keep),
        Command::Test { fast } => test::run(&workspace, fast),
        Command::Verify => verify::run(&workspace),
        Command::House => verify::house_alone(&workspace),
        Command::Fix => fix::run(&workspace),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Mutants { names } => mutations::run(&workspace, &names),
        Command::Night(options) => night::run(&workspace, &options),
        Command::Jepsen { arguments } => jepsen::run(&workspace, &arguments),
        Command::PowerLoss { arguments } => power_loss::run(&workspace, &arguments),
        Command::Sim { arguments } => sim::run(&workspace, &arguments),
        Command::Bench => bench::run(&workspace),
        Command::Drill { scenarios } => drill::run(&workspace, &scenarios),
    }
}
