//! Many seeds, several at once, each in one thread from its beginning to its end.

use crate::run::{Failure, Manner, Outcome, play};
use crate::standstill::Playing;
use crate::stats::Stats;
use anyhow::Result;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Which seeds, and how.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// The first.
    pub first: u64,
    /// How many, at most.
    pub seeds: u64,
    /// For how long, at most.
    pub lasting: Option<Duration>,
    /// How many at once.
    pub jobs: NonZeroUsize,
    /// How each run is played.
    pub manner: Manner,
    /// Whether to stop at the first seed that fails.
    pub until_failure: bool,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Played {
    /// What all runs went through.
    pub stats: Stats,
    /// The seeds that failed, and how, in the order of the seeds.
    pub failures: Vec<(u64, Failure)>,
    /// How long it took, in real time.
    pub took: Duration,
}

/// Plays a batch. `watch` is told of every run as it ends.
pub fn play_all(batch: Batch, mut watch: impl FnMut(&Outcome, &Played)) -> Result<Played> {
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let over = || {
        stop.load(Ordering::Relaxed) || batch.lasting.is_some_and(|limit| begun.elapsed() >= limit)
    };
    let mut played = Played::default();
    let (playing, (goes_on, ended)) = (Playing::default(), mpsc::sync_channel(1));
    thread::scope(|threads| {
        // Dropped at the end, however that comes.
        let _goes_on: mpsc::SyncSender<()> = goes_on;
        let watched = &playing;
        threads.spawn(move || watched.watch(&ended, batch.manner.nodes));
        // At most one outcome of each job waits.
        let (sender, outcomes) = mpsc::sync_channel(batch.jobs.get());
        for _ in 0..batch.jobs.get() {
            let (sender, next, over, playing) = (sender.clone(), &next, &over, &playing);
            threads.spawn(move || {
                while !over() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= batch.seeds {
                        return;
                    }
                    let seed = batch.first.wrapping_add(number);
                    playing.begins(seed);
                    let outcome = play(seed, batch.manner);
                    playing.ends(seed);
                    if sender.send(outcome).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for outcome in outcomes {
            let outcome = outcome.inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            played.stats += &outcome.stats;
            played.took = begun.elapsed();
            if let Some(failure) = &outcome.failure {
                played.failures.push((outcome.seed, failure.clone()));
                stop.fetch_or(batch.until_failure, Ordering::Relaxed);
            }
            watch(&outcome, &played);
        }
        played.failures.sort();
        Ok(played)
    })
}
