//! The `lab` program: runs scenarios and the demonstration, and plays the small parts in them (client, server).
#![allow(clippy::print_stdout, reason = "a command line program prints")]

mod cli;
mod enter;
mod run;
mod show;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use serde::Serialize;

use cli::{Cli, Command};
use lab::service::{fetch_tcp, fetch_udp, serve};
use lab::{probe, scenario, storm};

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::List => list(),
        Command::Run(options) => return run::run(&options),
        Command::Demo(options) => return show::show(&options),
        Command::Enter(options) => return enter::enter(&options),
        Command::StormClient { json, storm } => {
            print_storm(&storm::population::run(&storm)?, json)?
        }
        Command::ProbeClient { json, probe } => print_replies(&probe::run(&probe)?, json)?,
        Command::Serve { listen } => serve::serve(listen)?,
        Command::Fetch(options) => {
            let fetch = if options.udp { fetch_udp } else { fetch_tcp };
            println!("{}", fetch(options.connect, options.timeout())?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list() {
    for scenario in scenario::all() {
        println!("{:16} {}", scenario.name, scenario.about);
    }
}

fn print_storm(history: &storm::History, json: bool) -> Result<()> {
    if json {
        print_json(history)
    } else {
        print_json(&history.summary())
    }
}

fn print_replies(replies: &[probe::Reply], json: bool) -> Result<()> {
    if json {
        return print_json(&replies);
    }
    for reply in replies {
        println!(
            "{:>6} ms  {:6} {:15} from {}",
            reply.after_ms,
            reply.message_type,
            reply.yiaddr,
            reply.server_id.unwrap_or(reply.ip_source)
        );
    }
    if replies.is_empty() {
        println!("silence");
    }
    Ok(())
}

fn print_json(value: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}
