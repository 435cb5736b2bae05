//! The short form of `./x power-loss`, and the proof that it would notice: a disk that ignores the
//! fsync that is ours must lose something.

use faultfs::enter_mount_namespace;
use libtest_mimic::{Arguments, Failed, Trial};
use powerloss::lives::{self, Options};
use powerloss::{Honesty, damage};
use std::error::Error;
use tempfile::TempDir;

type Test = fn() -> Result<(), Box<dyn Error>>;

/// How many seeds there are at most without our fsync. It is ignored only in a generation that begins
/// with a log, and which ones of a seed do hangs on sled's threads too.
const DISHONEST_SEEDS: u64 = 20;

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        enter_mount_namespace().expect("a mount namespace can be had");
    }
    let tests: [(&'static str, Test); 3] = [
        ("nothing_acknowledged_is_lost", nothing_acknowledged_is_lost),
        (
            "without_our_fsync_something_is_lost",
            without_our_fsync_something_is_lost,
        ),
        ("damage_is_never_served", damage_is_never_served),
    ];
    let trials = tests.map(|(name, test)| {
        let run = move || test().map_err(|error| Failed::from(error.to_string()));
        Trial::test(name, run)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn options(seed: u64, evidence: &TempDir, honesty: Honesty) -> Options {
    Options {
        seed,
        points: 100,
        honesty,
        evidence: evidence.path().to_owned(),
    }
}

fn nothing_acknowledged_is_lost() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let report = lives::run(&options(1, &evidence, Honesty::Honest), |_| ())?;
    assert!(report.points() >= 100);
    assert!(report.is_clean(), "{report}");
    Ok(())
}

fn without_our_fsync_something_is_lost() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let mut seen = String::new();
    for seed in 1..=DISHONEST_SEEDS {
        let options = options(seed, &evidence, Honesty::IgnoresLogSync);
        let report = lives::run(&options, |_| ())?;
        if report.lost() > 0 {
            return Ok(());
        }
        seen = report.to_string();
    }
    Err(format!("the harness is blind: {seen}").into())
}

fn damage_is_never_served() -> Result<(), Box<dyn Error>> {
    damage::run(1, 100)?.check()?;
    Ok(())
}
