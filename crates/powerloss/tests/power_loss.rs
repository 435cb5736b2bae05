//! The short form of `./x power-loss`, and the proof that it would notice: a disk that ignores the
//! fsync that is ours must lose something, and so must nodes on disks that lie about every one.

use faultfs::{Sync, enter_mount_namespace};
use libtest_mimic::{Arguments, Failed, Trial};
use powerloss::lives::{self, Options};
use powerloss::nodes::{self, NodesOptions};
use powerloss::{Honesty, damage};
use std::error::Error;
use tempfile::TempDir;

type Test = fn() -> Result<(), Box<dyn Error>>;

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        enter_mount_namespace().expect("a mount namespace can be had");
    }
    let tests: [(&'static str, Test); 5] = [
        ("nothing_acknowledged_is_lost", nothing_acknowledged_is_lost),
        (
            "without_our_fsync_something_is_lost",
            without_our_fsync_something_is_lost,
        ),
        ("damage_is_never_served", damage_is_never_served),
        ("nodes_keep_what_they_granted", nodes_keep_what_they_granted),
        (
            "on_lying_disks_nodes_lose_something",
            on_lying_disks_nodes_lose_something,
        ),
    ];
    let trials = tests.map(|(name, test)| {
        let run = move || test().map_err(|error| Failed::from(error.to_string()));
        Trial::test(name, run)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}

fn options(evidence: &TempDir, honesty: Honesty) -> Options {
    Options {
        seed: 1,
        points: 100,
        honesty,
        evidence: evidence.path().to_owned(),
    }
}

fn nothing_acknowledged_is_lost() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let report = lives::run(&options(&evidence, Honesty::Honest), |_| ())?;
    assert!(report.points() >= 100);
    assert!(report.is_clean(), "{report}");
    Ok(())
}

fn without_our_fsync_something_is_lost() -> Result<(), Box<dyn Error>> {
    let evidence = TempDir::new()?;
    let report = lives::run(&options(&evidence, Honesty::IgnoresLogSync), |_| ())?;
    assert!(report.lost() > 0, "the harness is blind: {report}");
    Ok(())
}

fn damage_is_never_served() -> Result<(), Box<dyn Error>> {
    damage::run(1, 100)?.check()?;
    Ok(())
}

fn nodes_options(seed: u64, cuts: usize, sync: Sync) -> NodesOptions {
    NodesOptions {
        program: env!("CARGO_BIN_EXE_powerloss").into(),
        seed,
        cuts,
        sync,
    }
}

fn nodes_keep_what_they_granted() -> Result<(), Box<dyn Error>> {
    let report = nodes::run(&nodes_options(1, 5, Sync::Honest), |_| ())?;
    assert!(report.grants > 0, "{report}");
    Ok(())
}

/// Which loss shows first hangs on the moment: a grant is gone, a node sees that its log is cut
/// short, or its peers' Raft does, and it never comes back.
fn on_lying_disks_nodes_lose_something() -> Result<(), Box<dyn Error>> {
    let Err(lost) = nodes::run(&nodes_options(2, 50, Sync::Lie), |_| ()) else {
        return Err("the harness is blind: nothing is lost".into());
    };
    let lost = format!("{lost:#}");
    let ways = [
        "S2: client",
        "the disk has lost",
        "every node is in service",
    ];
    assert!(ways.iter().any(|way| lost.contains(way)), "{lost}");
    Ok(())
}
