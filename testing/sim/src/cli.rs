//! The command line.

use clap::Parser;
use std::num::NonZeroUsize;
use std::time::Duration;

/// Play the whole cluster under seeds: packets, network, disks and time are simulated, the rest is
/// the product
///
/// Exit status: 0 every promise was kept (with --mutation or --mutants: every mutation was caught),
/// 1 one was broken (with --sometimes: or something was never seen), 2 the simulation could not run.
#[derive(Debug, Parser)]
#[command(name = "sim")]
pub struct Cli {
    /// How many seeds to play
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
    /// The first seed; alone, the only one
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// Print everything that happened, in order
    #[arg(long)]
    pub trace: bool,
    /// How many nodes, instead of 3 or 5 as each seed draws it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=9))]
    pub nodes: Option<u64>,
    /// Play seeds for this long, such as 8h
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub lasting: Option<Duration>,
    /// How many seeds at once; by default as many as there are processors
    #[arg(long, value_name = "JOBS")]
    pub jobs: Option<NonZeroUsize>,
    /// Fail, too, if something that must happen sometimes was never seen in a thousand seeds or more; of fewer
    /// it is told only
    #[arg(long, conflicts_with_all = ["trace", "mutation", "mutants"])]
    pub sometimes: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// Turn on a deliberate bug of this name, and see which seed catches it
    #[arg(long, value_name = "NAME")]
    pub mutation: Option<String>,
    /// The same for every deliberate bug, as a table, each in a process of its own, --jobs at once; --seeds is
    /// the most for each, five times as many for one that shows rarely
    #[arg(long, conflicts_with = "mutation")]
    pub mutants: bool,
}

impl Cli {
    /// How many jobs.
    #[must_use]
    pub fn jobs(&self) -> NonZeroUsize {
        let all = std::thread::available_parallelism();
        self.jobs.unwrap_or(all.unwrap_or(NonZeroUsize::MIN))
    }

    /// How many seeds, unless time decides.
    #[must_use]
    pub fn seeds(&self) -> u64 {
        match (self.seeds, self.lasting) {
            (Some(seeds), _) => seeds,
            (None, Some(_)) => u64::MAX,
            (None, None) if self.seed.is_some() => 1,
            (None, None) => 200,
        }
    }

    /// The first seed.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.seed.unwrap_or(1)
    }
}
