//! The verdict on a run: what the checkers say of its history, and what the runner itself saw.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::End;
use super::folder::Folder;
use super::phases::{Account, HOSTS};
use crate::cli::RunOptions;
use jepsen_tests::check::{self, Report, Validity};
use jepsen_tests::{history, timeline};

/// `verdict.json`, as far as the matrix reads it back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// The command that repeats the run.
    pub command: String,
    /// Whether every promise was kept.
    pub valid: bool,
    /// The promises that were broken, or cannot be told.
    pub broken: Vec<String>,
    /// The promises that nothing put to the test, by name.
    pub unjudged: Vec<String>,
    /// Operations that happened.
    pub ok: usize,
    /// Operations that did not.
    pub fail: usize,
    /// Operations of which nobody knows.
    pub info: usize,
    /// How often something was made to go wrong.
    pub strikes: usize,
    /// Seconds from the last healing to all nodes in service.
    pub recovered_after: Option<f64>,
}

/// Judges a run, writes what there is to say into its folder and onto standard output.
pub fn judge(options: &RunOptions, folder: &Folder, account: Account) -> Result<End> {
    let history = history::read_file(&folder.file("history.edn")).context("reading the history")?;
    let report = check::all(&history);
    let summary = summary(options, &report, &account);
    let mut text = format!("{}\n\n{report}\n", summary.command);
    text.push_str(&own_findings(&account));
    text.push_str(&format!(
        "{}: {}\n",
        word(&summary),
        folder.path().display()
    ));
    folder.write("verdict.txt", &text)?;
    let mut json = report.json().context("writing the verdict")?;
    json["summary"] = serde_json::to_value(&summary).context("writing the summary")?;
    folder.write("verdict.json", &format!("{json:#}\n"))?;
    folder.write("faults.txt", &faults(&account))?;
    folder.write("timeline.svg", &timeline::svg(&history, &report))?;
    if summary.valid {
        folder.drop_data(HOSTS)?;
    }
    print!("{text}");
    Ok(if summary.valid {
        End::Valid
    } else {
        End::Invalid
    })
}

/// The summary that a run left in its folder.
pub fn read_summary(folder: &Path) -> Result<Summary> {
    let path = folder.join("verdict.json");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let json: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_value(json["summary"].clone())
        .with_context(|| format!("understanding {}", path.display()))
}

/// Judges a history alone.
pub fn check_alone(path: &Path) -> Result<ExitCode> {
    let history = history::read_file(path).context("reading the history")?;
    let report = check::all(&history);
    print!("{report}");
    Ok(ExitCode::from(report.exit_code()))
}

fn summary(options: &RunOptions, report: &Report, account: &Account) -> Summary {
    let counts = report.stats.by_function.values();
    let (ok, fail, info) = counts.fold((0, 0, 0), |(ok, fail, info), count| {
        (ok + count.ok, fail + count.fail, info + count.info)
    });
    let verdicts = report.verdicts.iter();
    let mut broken: Vec<_> = verdicts
        .filter(|verdict| verdict.validity != Validity::Valid)
        .map(|verdict| verdict.rule.to_owned())
        .collect();
    if !account.crashes.is_empty() {
        broken.push("crash".to_owned());
    }
    if account.recovery.seconds.is_none() {
        broken.push("recovery".to_owned());
    }
    Summary {
        command: options.command_line(),
        valid: broken.is_empty(),
        broken,
        unjudged: report.unjudged(),
        ok,
        fail,
        info,
        strikes: account.strikes,
        recovered_after: account.recovery.seconds,
    }
}

/// The verdict in a word, and whether it is about everything.
fn word(summary: &Summary) -> String {
    match (summary.valid, summary.unjudged.len()) {
        (false, _) => "INVALID".to_owned(),
        (true, 0) => "VALID".to_owned(),
        (true, count) => format!("VALID, with nothing judged of {count} promises"),
    }
}

fn own_findings(account: &Account) -> String {
    let mut text = match (&account.recovery.seconds, &account.recovery.obstacle) {
        (Some(seconds), _) => {
            format!("All nodes in service {seconds:.1} s after the last healing.\n")
        }
        (None, obstacle) => format!(
            "NOT all nodes in service after the last healing: {}\n",
            obstacle.as_deref().unwrap_or("no reason seen")
        ),
    };
    for crash in &account.crashes {
        text.push_str(&format!("CRASH: {crash}\n"));
    }
    text
}

fn faults(account: &Account) -> String {
    let mut text = String::new();
    for line in &account.faults {
        text.push_str(&format!("{line}\n"));
    }
    for line in &account.ends {
        text.push_str(&format!("ended by itself: {line}\n"));
    }
    for line in &account.crashes {
        text.push_str(&format!("CRASH: {line}\n"));
    }
    text
}
