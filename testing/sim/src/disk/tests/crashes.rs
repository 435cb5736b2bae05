//! Random operations, crashes at random points, and what must be there after each.

use super::driver::{Driver, found, open};
use super::history::History;
use crate::disk::{Crash, Disk, DiskCounters, DiskFaults};
use fastrand::Rng;
use raft_store::Store;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

/// How many runs there are in every test run; thousands more on request.
const SEEDS: u64 = 100;
const MORE_SEEDS: u64 = 5000;
const LIVES: usize = 6;

/// What all runs together came to.
#[derive(Debug, Default)]
struct Total {
    acknowledged: u64,
    refusals: u64,
    cut_openings: u64,
    closed: u64,
}

/// A life has a runtime of its own, and ends with it.
fn live<T>(life: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(life)
}

fn crash(rng: &mut Rng) -> Crash {
    rng.choice([Crash::Process, Crash::Power]).unwrap()
}

fn broken(rng: &mut Rng) -> DiskFaults {
    DiskFaults {
        full: rng.bool(),
        failing_sync: rng.bool(),
        ..good()
    }
}

fn good() -> DiskFaults {
    DiskFaults {
        sync_latency: Duration::ZERO..=Duration::from_millis(10),
        ..DiskFaults::default()
    }
}

/// Opens the store; what is found must be what was kept.
async fn recover(disk: &Disk, history: &mut History, begun: impl FnOnce()) -> Option<Store> {
    let mut store = match open(disk, begun) {
        Ok(store) => store,
        Err(error) => {
            let excused = !disk.is_running() || disk.faults() != good();
            assert!(excused, "{error:?}");
            return None;
        }
    };
    let kept = found(&mut store).await;
    let snapshot = store.reader.with(|applied| applied.last_applied);
    let digest = store.reader.digest().map(|digest| digest.sha256);
    history.recover(kept, snapshot, digest);
    Some(store)
}

async fn one_life(disk: &Disk, history: &mut History, rng: &mut Rng, total: &mut Total) {
    disk.set_faults(if rng.u8(..8) == 0 {
        broken(rng)
    } else {
        good()
    });
    // Sometimes the life ends while the store is being opened.
    let end = rng.bool().then(|| (rng.u64(..200), crash(rng)));
    let begun = || {
        if let Some((operations, crash)) = end {
            disk.crash_after(operations, crash);
        }
    };
    let Some(store) = recover(disk, history, begun).await else {
        total.cut_openings += 1;
        return;
    };
    let breaks_at = rng.usize(..160);
    let steps = rng.usize(20..120);
    let mut driver_rng = rng.fork();
    let mut driver = Driver::new(store, history, &mut driver_rng);
    driver.start().await;
    for step in 0..steps {
        if step == breaks_at {
            disk.set_faults(broken(driver.random()));
        }
        driver.step().await;
        if !disk.is_running() {
            break;
        }
        if driver.has_refused() {
            // Mended, but too late.
            disk.set_faults(good());
        }
    }
    let closes = rng.bool() && disk.is_running();
    if !closes {
        disk.crash(crash(rng));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    driver.collect();
    total.acknowledged += driver.acknowledged;
    total.refusals += u64::from(driver.has_refused());
    driver.close(disk).await;
    total.closed += u64::from(disk.is_running());
}

/// Says which seed it was when a run fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.0);
        }
    }
}

fn run(seed: u64, total: &mut Total) -> DiskCounters {
    let _said = Seed(seed);
    let disk = Disk::new(seed);
    let mut rng = Rng::with_seed(seed);
    let mut history = History::new();
    for _ in 0..LIVES {
        live(one_life(&disk, &mut history, &mut rng, total));
    }
    disk.set_faults(good());
    assert!(live(recover(&disk, &mut history, || ())).is_some());
    disk.counters()
}

#[test]
fn what_was_acknowledged_survives_every_crash() {
    run_all(0..SEEDS);
}

#[test]
#[ignore = "it takes minutes"]
fn what_was_acknowledged_survives_thousands_of_crashes() {
    run_all(SEEDS..MORE_SEEDS);
}

fn run_all(seeds: Range<u64>) {
    let mut total = Total::default();
    let mut counters = Vec::new();
    for seed in seeds {
        counters.push(run(seed, &mut total));
    }
    let sum = |count: fn(&DiskCounters) -> u64| counters.iter().map(count).sum::<u64>();
    let happened = [
        sum(|c| c.ends_between_write_and_sync),
        sum(|c| c.ends_at_an_operation),
        sum(|c| c.torn_writes),
        sum(|c| c.lost_writes),
        sum(|c| c.lost_batches),
        sum(|c| c.kept_batches),
        sum(|c| c.lost_names),
        sum(|c| c.failed_syncs),
        sum(|c| c.refused_full),
        total.acknowledged,
        total.refusals,
        total.cut_openings,
        total.closed,
    ];
    assert!(happened.iter().all(|count| *count > 0), "{happened:?}");
    eprintln!("{total:?} {happened:?}");
}

/// Every operation of a first opening is one after which the power may fail.
#[test]
fn a_first_opening_may_be_cut_anywhere() {
    for operations in 0..200 {
        let disk = Disk::new(operations);
        let mut history = History::new();
        let cut = live(async {
            let begun = || disk.crash_after(operations, Crash::Power);
            open(&disk, begun).is_err()
        });
        live(async {
            let store = recover(&disk, &mut history, || ()).await;
            assert!(store.is_some(), "{operations}");
        });
        if !cut {
            return;
        }
    }
    panic!("a first opening takes more operations than that");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let twice = [(); 2].map(|()| run(7, &mut Total::default()));
    assert_eq!(twice[0], twice[1]);
}
