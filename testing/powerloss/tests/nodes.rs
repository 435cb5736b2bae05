//! A few cuts of whole nodes, and the proof that they would notice: on disks that lie about every sync
//! something must be lost.
//!
//! Apart from the store's tests: a node that is being started has copies of this process's open files
//! for a moment, locks among them.

use faultfs::enter_mount_namespace;
use libtest_mimic::{Arguments, Failed, Trial};
use powerloss::nodes::{self, Lost, NodesOptions};
use std::error::Error;
use tempfile::TempDir;

type Test = fn() -> Result<(), Box<dyn Error>>;

/// How many clusters on lying disks there are at most. Where a disk has lost what Raft builds on, a
/// cluster may also stand still: that proves nothing, and the next one is tried.
const LYING_CLUSTERS: u64 = 5;

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        enter_mount_namespace().expect("a mount namespace can be had");
    }
    let tests: [(&'static str, Test); 2] = [
        ("what_is_granted_is_kept", what_is_granted_is_kept),
        (
            "on_lying_disks_something_is_lost",
            on_lying_disks_something_is_lost,
        ),
    ];
    let trials = tests.map(|(name, test)| {
        let run = move || test().map_err(|error| Failed::from(error.to_string()));
        Trial::test(name, run)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn options(seed: u64, lying_disks: bool, evidence: &TempDir) -> NodesOptions {
    NodesOptions {
        program: env!("CARGO_BIN_EXE_powerloss").into(),
        seed,
        cuts: 5,
        lying_disks,
        evidence: evidence.path().to_owned(),
    }
}

fn what_is_granted_is_kept() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let report = nodes::run(&options(1, false, &evidence), |_| ());
    let report = report.map_err(|error| format!("{error:#}"))?;
    assert!(report.one > 0 && report.all > 0, "{report}");
    Ok(())
}

fn on_lying_disks_something_is_lost() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let mut outcomes = Vec::new();
    for seed in 1..=LYING_CLUSTERS {
        match nodes::run(&options(seed, true, &evidence), |_| ()) {
            Err(error) if error.is::<Lost>() => return Ok(()),
            outcome => outcomes.push(format!("{outcome:?}")),
        }
    }
    Err(format!("the harness is blind: {outcomes:#?}").into())
}
