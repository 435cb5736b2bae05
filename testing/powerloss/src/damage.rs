//! Damage: bits flip, files are cut short or vanish. The store starts with all that it has
//! acknowledged, or says why it does not start; it never starts with less (contract S2).

use crate::known::Recovered;
use crate::recording::DATA;
use crate::scratch::scratch;
use crate::workload::{Workload, open_store};
use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use faultfs::{Change, Device, Image, Ino, Node, ROOT};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// How much is done to the store that is damaged.
const STEPS: usize = 60;
/// How many cases one store serves.
const CASES_OF_ONE_STORE: usize = 100;

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    FlippedBit,
    CutShort,
    Zeroed,
    Missing,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct DamageReport {
    /// By file and damage: how many the store refused, and after how many all was there.
    cases: BTreeMap<(String, String), (usize, usize)>,
    /// What it started with although something was lost.
    silent: Vec<String>,
    took: Duration,
}

/// So many cases of damage.
pub fn run(seed: u64, cases: usize) -> Result<DamageReport> {
    let runtime = Builder::new_current_thread().build();
    let runtime = runtime.context("starting a runtime")?;
    let started = Instant::now();
    let mut report = DamageReport::default();
    let mut rng = Rng::with_seed(seed);
    while report.cases() < cases {
        let (image, known) = used_store(&runtime, &mut rng)?;
        for _ in 0..CASES_OF_ONE_STORE.min(cases - report.cases()) {
            one_case(&runtime, &mut rng, &image, &known, &mut report)?;
        }
    }
    report.took = started.elapsed();
    Ok(report)
}

/// A store with a history, closed, and all that it holds.
fn used_store(runtime: &Runtime, rng: &mut Rng) -> Result<(Image, Recovered)> {
    let directory = scratch()?;
    let data = directory.path().join(DATA);
    // Only its clock is used, which stands still: nothing is mounted here.
    let device = Device::default();
    runtime.block_on(async {
        let workload = Workload::open(&device, &data, Recovered::default(), rng.fork()).await?;
        workload.run(STEPS).await?;
        let mut store = open_store(&data)?;
        let known = Recovered::read(&mut store).await?;
        drop(store);
        Ok((Image::copy_from(directory.path())?, known))
    })
}

fn one_case(
    runtime: &Runtime,
    rng: &mut Rng,
    image: &Image,
    known: &Recovered,
    report: &mut DamageReport,
) -> Result<()> {
    let files = files_of(
        image,
        image.find(Path::new(DATA)).unwrap_or(ROOT),
        Path::new(""),
    );
    let (path, directory, file) = rng.choice(&files).context("the store has no files")?;
    let mut damaged = image.clone();
    let damage = damage(rng, &mut damaged, (*directory, path), *file);
    let place = scratch()?;
    damaged.copy_to(place.path())?;
    let found = runtime.block_on(async {
        let mut store = open_store(&place.path().join(DATA))?;
        Recovered::read(&mut store).await
    });
    let kind = path.components().next().map_or_else(String::new, |first| {
        first.as_os_str().to_string_lossy().into_owned()
    });
    let name = if kind == "log" {
        path.display().to_string()
    } else {
        kind
    };
    let case = report
        .cases
        .entry((generic(&name), format!("{damage:?}")))
        .or_default();
    match found {
        Err(_) => case.0 += 1,
        Ok(found) if is_intact(known, &found) => case.1 += 1,
        Ok(found) => report.silent.push(format!(
            "{damage:?} of {}: known {}; found {}",
            path.display(),
            known.known.describe(),
            found.known.describe()
        )),
    }
    Ok(())
}

/// sled's summaries have a number in their names.
fn generic(name: &str) -> String {
    match name.split_once("snap.") {
        Some((before, _)) => format!("{before}snap.*"),
        None => name.to_owned(),
    }
}

/// Whether everything acknowledged is there. A purge may come undone: nothing is acknowledged by it;
/// so may what is known to be committed, which the cluster tells again.
fn is_intact(known: &Recovered, found: &Recovered) -> bool {
    let undone = found
        .known
        .entries
        .len()
        .checked_sub(known.known.entries.len());
    let entries = undone.is_some_and(|undone| found.known.entries[undone..] == known.known.entries);
    let covered = |at: &Recovered| at.snapshot.map(|snapshot| snapshot.last.index);
    let purged = found.known.purged.map(|purged| purged.index);
    // Without its snapshot, the log must still have everything.
    let snapshot = found.snapshot == known.snapshot || covered(found) >= purged;
    entries && snapshot && found.known.vote == known.known.vote
}

type Place = (PathBuf, Ino, Ino);

/// Every file, as path, directory and file.
fn files_of(image: &Image, directory: Ino, path: &Path) -> Vec<Place> {
    let mut files = Vec::new();
    for (name, ino) in image.directory(directory).into_iter().flatten() {
        let path = path.join(name);
        match image.node(*ino) {
            Some(Node::File(_)) => files.push((path, directory, *ino)),
            Some(Node::Directory(_)) => files.extend(files_of(image, *ino, &path)),
            None => {}
        }
    }
    files
}

fn damage(rng: &mut Rng, image: &mut Image, (directory, path): (Ino, &Path), file: Ino) -> Damage {
    let content = image.file(file).map(<[u8]>::to_vec).unwrap_or_default();
    // sled's file ends with zeros that mean nothing.
    let used = content
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let kinds = [
        Damage::FlippedBit,
        Damage::CutShort,
        Damage::Zeroed,
        Damage::Missing,
    ];
    let kind = if used == 0 {
        Damage::Missing
    } else {
        kinds[rng.usize(0..kinds.len())]
    };
    let at = rng.usize(0..used.max(1));
    let write = |offset: usize, data: Vec<u8>| Change::Write {
        file,
        offset: offset as u64,
        data: data.into(),
    };
    image.apply(&match kind {
        Damage::FlippedBit => write(at, vec![content[at] ^ (1 << rng.u8(0..8))]),
        Damage::Zeroed => write(at, vec![0; (used - at).min(4096)]),
        Damage::CutShort => Change::Resize {
            file,
            size: at as u64,
        },
        Damage::Missing => Change::Unlink {
            directory,
            name: path
                .file_name()
                .map_or_else(OsString::new, ToOwned::to_owned),
        },
    });
    kind
}

impl DamageReport {
    fn cases(&self) -> usize {
        let told: usize = self
            .cases
            .values()
            .map(|(refused, intact)| refused + intact)
            .sum();
        told + self.silent.len()
    }

    /// Whether nothing was lost without a word, and some damage was found at all.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.silent.is_empty() && self.cases.values().any(|(refused, _)| *refused > 0)
    }

    /// Fails with what was lost.
    pub fn check(&self) -> Result<()> {
        ensure!(self.is_clean(), "{self}");
        Ok(())
    }
}

impl fmt::Display for DamageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "damaged          {:>7}", self.cases())?;
        for ((file, damage), (refused, intact)) in &self.cases {
            writeln!(
                f,
                "  {file:<10} {damage:<10} {refused:>4} refused {intact:>4} all there"
            )?;
        }
        for silent in &self.silent {
            writeln!(f, "  SILENT LOSS: {silent}")?;
        }
        writeln!(f, "silent losses    {:>7}", self.silent.len())?;
        write!(f, "took             {:>7.1} s", self.took.as_secs_f64())
    }
}
