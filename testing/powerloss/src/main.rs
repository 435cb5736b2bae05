//! `power-loss`: cuts the power under the store; status 1 if anything is lost.
#![allow(clippy::print_stdout, reason = "a command line program prints")]

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use faultfs::enter_mount_namespace;
use powerloss::lives::{self, Options};
use powerloss::nodes::{NodesOptions, NodesReport};
use powerloss::{Honesty, Report, damage, nodes};
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

/// How often the progress is shown, in crash points.
const PROGRESS: usize = 100;

/// Cut the power under the real store, and look what is left
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// How many crash points at least
    #[arg(long, default_value_t = 1000)]
    points: usize,
    /// How many cuts of real clusters' nodes
    #[arg(long, default_value_t = 20)]
    node_cuts: usize,
    /// How many cases of damage: flipped bits, cut and missing files
    #[arg(long, default_value_t = 300)]
    damage: usize,
    /// Where all randomness comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ignore the fsync of sled's file, so that only sled's own flush is left: must lose something
    #[arg(long)]
    ignore_log_sync: bool,
    /// Let the nodes' disks lie about every sync: must lose something
    #[arg(long)]
    lying_disks: bool,
    /// Where what was left is kept when it is wrong
    #[arg(long, value_name = "DIRECTORY", default_value = "target/power-loss")]
    evidence: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What this program starts itself as
#[derive(Debug, Subcommand)]
enum Part {
    /// A node of a cluster, told by standard input
    #[command(name = nodes::SUBCOMMAND, hide = true)]
    Node,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter("off")
        .with_writer(std::io::stderr)
        .init();
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("power-loss: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<bool> {
    if let Some(Part::Node) = cli.part {
        return nodes::serve().map(|()| true);
    }
    enter_mount_namespace()?;
    let honesty = if cli.ignore_log_sync {
        Honesty::IgnoresLogSync
    } else {
        Honesty::Honest
    };
    let options = Options {
        seed: cli.seed,
        points: cli.points,
        honesty,
        evidence: cli.evidence.clone(),
    };
    let mut is_clean = true;
    if cli.points > 0 {
        let report = lives::run(&options, show_progress)?;
        println!("{report}");
        is_clean &= report.is_clean();
    }
    if cli.node_cuts > 0 {
        println!("\nClusters of three nodes …");
        let options = NodesOptions {
            program: env::current_exe().context("finding this executable")?,
            seed: cli.seed,
            cuts: cli.node_cuts,
            lying_disks: cli.lying_disks,
            evidence: cli.evidence,
        };
        let report = nodes::run(&options, show_cuts)?;
        println!("{report}");
    }
    if cli.damage > 0 {
        println!("\nDamaged files …");
        let report = damage::run(cli.seed, cli.damage)?;
        println!("{report}");
        is_clean &= report.is_clean();
    }
    Ok(is_clean)
}

fn show_cuts(report: &NodesReport) {
    println!(
        "{} cuts, {} grants acknowledged, all there",
        report.cuts(),
        report.grants
    );
}

fn show_progress(report: &Report) {
    if report.points().is_multiple_of(PROGRESS) {
        println!(
            "{} points: {} lost, {} refused",
            report.points(),
            report.lost(),
            report.refused()
        );
    }
}
