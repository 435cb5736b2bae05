//! One target's run, and the table of all.
//!
//! The program is started by us and not by `cargo fuzz run`, which would wait for cargo's lock while
//! another runs. Its output goes to a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::TARGET;
use super::stats::{Stats, status_line};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The most memory, in MiB: a target that needs more has a bug, or its subject has.
const MEMORY_MIB: u32 = 1024;
/// The longest that one input may take, in seconds.
const INPUT_SECONDS: u32 = 10;
/// The longest input, in bytes: more only slows the search down.
const INPUT_BYTES: u32 = 8192;
/// How long it may take beyond its time: it reads the corpus first.
const GRACE: Duration = Duration::from_secs(120);
/// How often we look.
const POLL: Duration = Duration::from_millis(200);
/// How often we say how far it is.
const PROGRESS: Duration = Duration::from_secs(15);

/// One target's run, to be.
pub struct Campaign {
    target: String,
    command: Command,
    log: PathBuf,
    limit: Duration,
}

/// One target's run, as it ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The target.
    pub target: String,
    stats: Stats,
    /// What went wrong, in a line.
    failure: Option<String>,
}

impl Campaign {
    /// Prepares it: its program must have been built.
    pub fn new(workspace: &Workspace, target: &str, limit: Duration) -> Result<Self> {
        let root = &workspace.root;
        let found = root.join("target/fuzz-corpus").join(target);
        let log = root.join("target/fuzz-logs").join(format!("{target}.log"));
        let artifacts = root.join("fuzz/artifacts").join(target);
        for directory in [&found, &artifacts, &root.join("target/fuzz-logs")] {
            fs::create_dir_all(directory)
                .with_context(|| format!("making {}", directory.display()))?;
        }
        let mut command = Command::new(program(root, target)?);
        command
            .current_dir(root)
            .arg(&found)
            .arg(Path::new("fuzz/corpus").join(target))
            .arg(format!("-max_total_time={}", limit.as_secs()))
            .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
            .arg(format!("-timeout={INPUT_SECONDS}"))
            .arg(format!("-max_len={INPUT_BYTES}"))
            .arg(format!("-artifact_prefix=fuzz/artifacts/{target}/"))
            .arg("-print_final_stats=1");
        Ok(Self {
            target: target.to_owned(),
            command,
            log,
            limit,
        })
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Result<Ended> {
        let log = || format!("writing {}", self.log.display());
        let output = File::create(&self.log).with_context(log)?;
        let errors = output.try_clone().with_context(log)?;
        let command = self.command.stdout(output).stderr(errors);
        let child = command
            .spawn()
            .with_context(|| format!("starting the fuzz target {}", self.target))?;
        println!("{}: started", self.target);
        let status = self.wait(child)?;
        let stats = Stats::read(&self.output()?);
        let failure = self.failure(status, &stats);
        Ok(Ended {
            target: self.target,
            stats,
            failure,
        })
    }

    /// How it ended; nothing if it had to be killed.
    fn wait(&self, mut child: Child) -> Result<Option<ExitStatus>> {
        let started = Instant::now();
        let mut said = started;
        while started.elapsed() < self.limit + GRACE {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if said.elapsed() >= PROGRESS {
                said = Instant::now();
                let output = self.output()?;
                println!(
                    "{}: {}",
                    self.target,
                    status_line(&output).unwrap_or("reading the corpus")
                );
            }
            sleep(POLL);
        }
        child.kill()?;
        child.wait()?;
        Ok(None)
    }

    fn output(&self) -> Result<String> {
        let bytes = fs::read(&self.log);
        let bytes = bytes.with_context(|| format!("reading {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn failure(&self, status: Option<ExitStatus>, stats: &Stats) -> Option<String> {
        let (target, log) = (&self.target, self.log.display());
        match (status, &stats.crash) {
            (_, Some(input)) => Some(format!(
                "{target} crashed ({log}); again: \
                 cargo fuzz run -s none --target-dir {TARGET} {target} {input}"
            )),
            (Some(status), None) if status.success() => None,
            (Some(status), None) => Some(format!("{target}: {status}, see {log}")),
            (None, None) => Some(format!("{target} hung and was killed, see {log}")),
        }
    }
}

/// Where cargo-fuzz puts a program: below the name of the machine it builds for.
fn program(root: &Path, target: &str) -> Result<PathBuf> {
    let arch = std::env::consts::ARCH;
    let program = root
        .join(TARGET)
        .join(format!("{arch}-unknown-linux-gnu/release"))
        .join(target);
    fs::metadata(&program).with_context(|| format!("finding {}", program.display()))?;
    Ok(program)
}

/// Prints the table; what went wrong.
pub fn summary(ended: &[Ended]) -> Outcome {
    println!(
        "{:<14} {:>12} {:>9} {:>7} {:>7} {:>10} {:>9}  verdict",
        "target", "executions", "exec/s", "cov", "ft", "new units", "peak MiB"
    );
    for run in ended {
        let Stats {
            executions,
            per_second,
            new_units,
            coverage,
            features,
            peak_mib,
            ..
        } = run.stats;
        let verdict = if run.failure.is_some() {
            "FAILED"
        } else {
            "clean"
        };
        println!(
            "{:<14} {executions:>12} {per_second:>9} {coverage:>7} {features:>7} \
             {new_units:>10} {peak_mib:>9}  {verdict}",
            run.target
        );
    }
    let failures: Vec<_> = ended
        .iter()
        .filter_map(|run| run.failure.as_deref())
        .collect();
    if failures.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(failures.join("; "))
    }
}
