//! Which of the steps that no sync has covered are on the disk after a power cut.
//!
//! A disk, and the kernel above it, may write what was not synced early, late, in any order and in
//! part. So each page of a file may be as it was at any moment since its last sync, apart from the
//! pages beside it; a page may be torn between sectors; and so may a file's size. Names are kinder:
//! those of one directory are written in the order in which they were changed, as every file system
//! with a journal does, but a directory's names may be ahead of another's, and of what is in the files.

use crate::change::{Change, Ino};
use crate::image::Image;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fmt;

/// What a disk writes in one piece at best.
const PAGE: u64 = 4096;
/// What it writes in one piece at least.
const SECTOR: u64 = 512;
/// One page in so many is torn between its sectors.
const TORN_PAGES: u8 = 8;

/// What survives of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Nothing,
    /// All of it, as when only the process dies.
    Everything,
    /// The first so many steps, and a part of the next one. The seed says how many.
    TornPrefix(u64),
    /// Any pages, sizes and names, in any order. The seed says which.
    AnySubset(u64),
}

impl fmt::Display for Survival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Everything => f.write_str("everything"),
            Self::TornPrefix(seed) => write!(f, "torn {seed}"),
            Self::AnySubset(seed) => write!(f, "subset {seed}"),
        }
    }
}

/// Applies to `image` what survives of `pending`.
pub(crate) fn apply(survival: Survival, pending: &[Change], image: &mut Image) {
    match survival {
        Survival::Nothing => {}
        Survival::Everything => pending.iter().for_each(|change| image.apply(change)),
        Survival::TornPrefix(seed) => torn_prefix(&mut Rng::with_seed(seed), pending, image),
        Survival::AnySubset(seed) => any_subset(&mut Rng::with_seed(seed), pending, image),
    }
}

fn torn_prefix(rng: &mut Rng, pending: &[Change], image: &mut Image) {
    let whole = rng.usize(0..=pending.len());
    pending[..whole]
        .iter()
        .for_each(|change| image.apply(change));
    if let Some(Change::Write { file, offset, data }) = pending.get(whole) {
        let mut kept = rng.usize(0..=data.len());
        if rng.bool() {
            // At a sector's border, as most disks do.
            let end = (offset + kept as u64) / SECTOR * SECTOR;
            kept = usize::try_from(end.saturating_sub(*offset)).unwrap_or(kept);
        }
        image.write(*file, *offset, &data[..kept]);
    }
}

fn any_subset(rng: &mut Rng, pending: &[Change], image: &mut Image) {
    for (_, changes) in grouped(pending, Change::directory) {
        let kept = rng.usize(0..=changes.len());
        changes[..kept]
            .iter()
            .for_each(|change| image.apply(change));
    }
    for (file, changes) in grouped(pending, Change::file) {
        FileWriteback::new(file, &changes, image).run(rng, image);
    }
}

/// The steps that concern one file or directory each, in order.
fn grouped(pending: &[Change], of: impl Fn(&Change) -> Option<Ino>) -> BTreeMap<Ino, Vec<&Change>> {
    let mut groups: BTreeMap<Ino, Vec<&Change>> = BTreeMap::new();
    for change in pending {
        if let Some(ino) = of(change) {
            groups.entry(ino).or_default().push(change);
        }
    }
    groups
}

/// One file's unsynced steps, and what has become of each page.
struct FileWriteback<'a> {
    file: Ino,
    changes: &'a [&'a Change],
    /// The sizes that the file has had, the durable one first.
    sizes: Vec<u64>,
    /// Whether it was ever made smaller: then pages do not say enough, and a prefix survives.
    has_shrunk: bool,
}

impl<'a> FileWriteback<'a> {
    fn new(file: Ino, changes: &'a [&'a Change], image: &Image) -> Self {
        let mut size = image.file(file).map_or(0, |content| content.len() as u64);
        let mut sizes = vec![size];
        let mut has_shrunk = false;
        for change in changes {
            let new = match change {
                Change::Write { offset, data, .. } => size.max(offset + data.len() as u64),
                Change::Resize { size, .. } => *size,
                _ => size,
            };
            has_shrunk |= new < size;
            size = new;
            sizes.push(size);
        }
        Self {
            file,
            changes,
            sizes,
            has_shrunk,
        }
    }

    fn run(&self, rng: &mut Rng, image: &mut Image) {
        if self.has_shrunk {
            let kept = rng.usize(0..=self.changes.len());
            self.changes[..kept].iter().for_each(|c| image.apply(c));
            return;
        }
        let size = *rng.choice(&self.sizes).unwrap_or(&0);
        self.write_pages(rng, image);
        let content = image.content(self.file);
        content.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
    }

    /// Each sector gets the first few of the writes that touch it; those of a page mostly alike.
    fn write_pages(&self, rng: &mut Rng, image: &mut Image) {
        let mut total: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, sector, _) in self.sectors() {
            *total.entry(sector).or_default() += 1;
        }
        let moments = self.page_moments(rng, total.keys());
        let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
        for (step, sector, piece) in self.sectors() {
            let seen = seen.entry(sector).or_default();
            *seen += 1;
            let survives = match moments.get(&(sector * SECTOR / PAGE)) {
                Some(Moment::Before(limit)) => step < *limit,
                Some(Moment::Torn(seed)) => {
                    let of_sector = &mut Rng::with_seed(seed.wrapping_add(sector));
                    *seen <= of_sector.u32(0..=total.get(&sector).copied().unwrap_or(0))
                }
                None => false,
            };
            if survives {
                image.write(self.file, piece.offset, piece.data);
            }
        }
    }

    /// When each page was written back.
    fn page_moments<'b>(
        &self,
        rng: &mut Rng,
        sectors: impl Iterator<Item = &'b u64>,
    ) -> BTreeMap<u64, Moment> {
        let mut moments = BTreeMap::new();
        for sector in sectors {
            let page = sector * SECTOR / PAGE;
            moments.entry(page).or_insert_with(|| {
                if rng.u8(0..TORN_PAGES) == 0 {
                    Moment::Torn(rng.u64(..))
                } else {
                    Moment::Before(self.moment(rng))
                }
            });
        }
        moments
    }

    /// Often never or last of all: then whole writes are lost or kept beside torn ones.
    fn moment(&self, rng: &mut Rng) -> usize {
        match rng.u8(0..4) {
            0 => 0,
            1 => self.changes.len(),
            _ => rng.usize(0..=self.changes.len()),
        }
    }

    /// Every write, cut at sectors: the step's number, the sector, and the piece.
    fn sectors(&self) -> impl Iterator<Item = (usize, u64, Piece<'a>)> {
        self.changes
            .iter()
            .enumerate()
            .flat_map(|(step, change)| pieces(change).map(move |(sector, p)| (step, sector, p)))
    }
}

/// When a page was written back for the last time.
enum Moment {
    /// Before the step with this number.
    Before(usize),
    /// Each of its sectors at another moment, which the seed says.
    Torn(u64),
}

/// A part of a write that is within one sector.
struct Piece<'a> {
    offset: u64,
    data: &'a [u8],
}

fn pieces(change: &Change) -> impl Iterator<Item = (u64, Piece<'_>)> {
    let (mut offset, mut rest): (u64, &[u8]) = match change {
        Change::Write { offset, data, .. } => (*offset, data),
        _ => (0, &[]),
    };
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let sector = offset / SECTOR;
        let room = (sector + 1) * SECTOR - offset;
        let length = usize::try_from(room).map_or(rest.len(), |room| room.min(rest.len()));
        let (data, after) = rest.split_at(length);
        let piece = Piece { offset, data };
        offset += length as u64;
        rest = after;
        Some((sector, piece))
    })
}
