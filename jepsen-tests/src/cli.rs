//! The command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::nemesis::NemesisKind;
use crate::workload::Workload;

/// Fault tests of a real cluster, in the manner of Jepsen
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_STATUS)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One workload under some nemeses, and the verdict on its history
    Run(RunOptions),
    /// Many runs, some at a time, and a table of them
    Matrix(MatrixOptions),
    /// Judge a history again
    Check {
        /// A `history.edn`
        history: PathBuf,
    },
}

const EXIT_STATUS: &str = "\
Exit status:
  0    every promise was kept
  1    a promise was broken, or it cannot be told from the history; or the run itself failed
  2    the command line makes no sense
  124  the run hung and was given up
  130  interrupted";

/// One run.
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    /// What clients and operators do
    #[arg(long, value_enum, default_value = "lease")]
    pub workload: Workload,
    /// What goes wrong; several at once, separated by commas, or `none`
    #[arg(long, value_delimiter = ',', value_parser = nemesis, default_value = "none")]
    pub nemesis: Vec<Option<NemesisKind>>,
    /// For how long: 30s, 10m, 8h
    #[arg(long = "for", value_parser = humantime::parse_duration, default_value = "1m")]
    pub duration: Duration,
    /// Decides what clients do and when what goes wrong
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// DHCP clients; the workload knows a good number
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=234))]
    pub clients: Option<u32>,
    /// Where the results go; what an earlier run left there is removed
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Many runs.
#[derive(Clone, Debug, Args)]
pub struct MatrixOptions {
    /// The selection that CI runs: a few minutes
    #[arg(long, conflicts_with = "full")]
    pub short: bool,
    /// Adds some cells to the short selection, drawn by this number: CI takes the commit's
    #[arg(long, conflicts_with = "full")]
    pub rotation: Option<u64>,
    /// Every workload with every nemesis that makes sense for it
    #[arg(long)]
    pub full: bool,
    /// How long each run lasts
    #[arg(long = "for", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Begin no run after this time, and begin with those that the seed says; those that are left out
    /// are no failure
    #[arg(long, value_parser = humantime::parse_duration)]
    pub within: Option<Duration>,
    /// How many run at a time: each wants about a core to itself
    #[arg(long, default_value = "1")]
    pub jobs: NonZeroUsize,
    /// Every run's seed is made from this and its name
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the results go, a folder for each run; runs that are there already are not repeated
    #[arg(long, default_value = "target/jepsen/matrix")]
    pub out: PathBuf,
}

impl RunOptions {
    /// What goes wrong: what was asked for, and what belongs to the workload.
    pub fn nemeses(&self) -> Vec<NemesisKind> {
        let mut kinds: Vec<_> = self.nemesis.iter().copied().flatten().collect();
        if self.workload == Workload::Membership && !kinds.contains(&NemesisKind::Membership) {
            kinds.push(NemesisKind::Membership);
        }
        kinds
    }

    /// The names of what was asked for, as on the command line.
    pub fn nemesis_names(&self) -> String {
        let kinds = self.nemesis.iter().copied().flatten();
        let names: Vec<_> = kinds.map(NemesisKind::name).collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(","),
        }
    }

    /// The command line that repeats this run.
    pub fn command_line(&self) -> String {
        format!("./x jepsen {}", self.words().join(" "))
    }

    /// The arguments for this program.
    pub fn arguments(&self) -> Vec<OsString> {
        let words = self.words().into_iter().map(OsString::from);
        let mut arguments: Vec<_> = [OsString::from("run")].into_iter().chain(words).collect();
        if let Some(out) = &self.out {
            arguments.extend(["--out".into(), out.into()]);
        }
        arguments
    }

    fn words(&self) -> Vec<String> {
        let duration = humantime::format_duration(self.duration).to_string();
        let mut words = vec![
            ("--workload", self.workload.name()),
            ("--nemesis", self.nemesis_names()),
            ("--for", duration.replace(' ', "")),
            ("--seed", self.seed.to_string()),
        ];
        words.extend(self.clients.map(|count| ("--clients", count.to_string())));
        words
            .into_iter()
            .flat_map(|(name, value)| [name.to_owned(), value])
            .collect()
    }
}

fn nemesis(name: &str) -> Result<Option<NemesisKind>, String> {
    match name {
        "none" => Ok(None),
        name => <NemesisKind as clap::ValueEnum>::from_str(name, false)
            .map(Some)
            .map_err(|_| format!("there is no nemesis {name:?}; there are: {}", known())),
    }
}

fn known() -> String {
    let all = <NemesisKind as clap::ValueEnum>::value_variants().iter();
    let names: Vec<_> = all.map(|kind| kind.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunOptions,
    }

    #[test]
    fn the_command_line_repeats_the_run() {
        let words = [
            "--workload",
            "churn",
            "--nemesis",
            "kill,delay",
            "--for",
            "90s",
        ];
        let line = Line::parse_from(["run"].into_iter().chain(words));
        let again = line.run.command_line();
        assert!(again.contains("--workload churn --nemesis kill,delay --for 1m30s"));
    }

    #[test]
    fn an_unknown_nemesis_is_named_with_those_there_are() {
        let error = nemesis("gremlin").expect_err("there is none");
        assert!(error.contains("gremlin") && error.contains("partition-raft"));
    }
}
