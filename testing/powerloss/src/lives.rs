//! Lives of a store: made, used, cut off at many points, and used again from one of them.

use crate::known::Recovered;
use crate::ledger::{Ledger, Wrong};
use crate::recording::{CrashPoint, DATA, Honesty, Recording};
use crate::report::{Failure, Report};
use crate::scratch::scratch;
use crate::workload::open_store;
use anyhow::{Context, Result};
use fastrand::Rng;
use faultfs::Image;
use std::error::Error;
use std::path::{Path, PathBuf};
use tokio::runtime::{Builder, Runtime};

/// How often one store is cut off and used again.
const GENERATIONS: usize = 4;
/// How many things are asked of it in between.
const STEPS: usize = 40;

/// What to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where all randomness comes from.
    pub seed: u64,
    /// How many crash points at least.
    pub points: usize,
    /// Whether the disk does what it says.
    pub honesty: Honesty,
    /// Where what was left is kept when it is wrong.
    pub evidence: PathBuf,
}

/// Runs lives until there are enough crash points.
pub fn run(options: &Options, progress: impl Fn(&Report)) -> Result<Report> {
    let mut report = Report::new(options.seed);
    let mut life = 0;
    while report.points() < options.points {
        let seed = options.seed.wrapping_add(life);
        Life::new(options, seed)?.run(&mut report, &progress)?;
        life += 1;
    }
    report.finish();
    Ok(report)
}

struct Life<'a> {
    options: &'a Options,
    seed: u64,
    rng: Rng,
    runtime: Runtime,
}

impl<'a> Life<'a> {
    fn new(options: &'a Options, seed: u64) -> Result<Self> {
        let runtime = Builder::new_current_thread().build();
        Ok(Self {
            options,
            seed,
            rng: Rng::with_seed(seed),
            runtime: runtime.context("starting a runtime")?,
        })
    }

    fn run(mut self, report: &mut Report, progress: &impl Fn(&Report)) -> Result<()> {
        let mut base = (Image::default(), Recovered::default());
        for generation in 0..GENERATIONS {
            let (image, found) = base;
            let rng = self.rng.fork();
            let recording = Recording::make(image, found, rng, STEPS);
            let recording = recording.with_context(|| {
                format!(
                    "using the store: seed {}, generation {generation}",
                    self.seed
                )
            })?;
            let count = self.options.points.div_ceil(GENERATIONS).clamp(1, 250);
            let points = recording.points(&mut self.rng, count);
            report.recorded(&recording, &points);
            let heir = self.rng.usize(0..points.len());
            base = (Image::default(), Recovered::default());
            for (number, (point, image)) in
                recording.images(&points, self.options.honesty).enumerate()
            {
                let verdict = self.judge(recording.ledger(), point, &image);
                let verdict = verdict.map(|found| {
                    if number >= heir && base.0 == Image::default() {
                        base = (image.clone(), found);
                    }
                });
                self.note(report, &recording, generation, point, &image, verdict)?;
                progress(report);
            }
        }
        Ok(())
    }

    /// Opens what is left, and compares.
    fn judge(&self, ledger: &Ledger, point: CrashPoint, image: &Image) -> Result<Recovered, Wrong> {
        let refused = |error: &dyn Error| Wrong::Refused(chain(error));
        let directory = scratch().map_err(|error| refused(error.as_ref()))?;
        image
            .copy_to(directory.path())
            .map_err(|error| refused(&error))?;
        let found = self.runtime.block_on(read(&directory.path().join(DATA)));
        let found = found.map_err(|error| refused(error.as_ref()))?;
        ledger.judge(point.at, &found)?;
        Ok(found)
    }

    fn note(
        &self,
        report: &mut Report,
        recording: &Recording,
        generation: usize,
        point: CrashPoint,
        image: &Image,
        verdict: Result<(), Wrong>,
    ) -> Result<()> {
        let doing = recording.ledger().doing(point.at);
        report.point(doing, &point);
        let Err(wrong) = verdict else {
            return Ok(());
        };
        let evidence = self.options.evidence.join(format!(
            "seed-{}-generation-{generation}-step-{}",
            self.seed, point.at
        ));
        image
            .copy_to(&evidence)
            .with_context(|| format!("keeping {}", evidence.display()))?;
        report.failed(Failure {
            seed: self.seed,
            points: self.options.points,
            generation,
            doing,
            point,
            wrong,
            evidence,
        });
        Ok(())
    }
}

async fn read(directory: &Path) -> Result<Recovered> {
    let mut store = open_store(directory)?;
    Recovered::read(&mut store).await
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
