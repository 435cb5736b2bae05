//! What survives a power cut: the durable part, and the steps that no sync has covered yet.
//!
//! The model is that of POSIX, which promises less than any one file system: a file's content and
//! size are durable after its own fsync or fdatasync and not before; a name is durable after the
//! fsync of its directory, and syncing a file does not bring its name along. `sync_file_range`
//! and `close` make nothing durable. Programs that are right here are right on ext4, xfs and btrfs.

use crate::change::{Change, Ino};
use crate::image::Image;
use crate::survival::{self, Survival};

/// A disk with its volatile cache.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    durable: Image,
    /// Not durable yet, the oldest first. Never a sync.
    pending: Vec<Change>,
}

impl Disk {
    /// A disk on which all of `image` is durable.
    #[must_use]
    pub const fn new(image: Image) -> Self {
        Self {
            durable: image,
            pending: Vec::new(),
        }
    }

    /// Takes one step. A sync makes durable what it covers.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::SyncFile { file } => {
                self.settle(|change| change.file() == Some(*file));
                // Also an empty file is a file.
                self.durable.content(*file);
            }
            Change::SyncDirectory { directory } => self.settle(|change| change.is_in(*directory)),
            _ => self.pending.push(change.clone()),
        }
    }

    /// How many steps, and how many bytes in them, a power cut could lose now.
    #[must_use]
    pub fn at_risk(&self) -> (usize, usize) {
        let bytes = self.pending.iter().map(Change::bytes).sum();
        (self.pending.len(), bytes)
    }

    /// What is on the disk after a power cut now.
    #[must_use]
    pub fn crash(&self, survival: Survival) -> Image {
        let mut image = self.durable.clone();
        survival::apply(survival, &self.pending, &mut image);
        image.prune(|_| false);
        image
    }

    /// What a failed fsync does on Linux: what it could not write counts as clean from then on, is
    /// still seen by readers, and no later fsync will write it.
    pub(crate) fn give_up(&mut self, file: Ino) {
        self.pending.retain(|change| change.file() != Some(file));
    }

    /// Bytes change by themselves. What is still to be written is not on the disk and stays right.
    pub(crate) fn damage(&mut self, file: Ino, offset: u64, data: &[u8]) {
        let end = offset + data.len() as u64;
        if self
            .durable
            .file(file)
            .is_some_and(|content| end <= content.len() as u64)
        {
            self.durable.write(file, offset, data);
        }
    }

    /// Drops what no name leads to any more, on the disk or in `live`.
    pub(crate) fn prune(&mut self, live: &Image) {
        self.durable.prune(|ino| live.node(ino).is_some());
        self.pending
            .retain(|change| change.file().is_none_or(|file| live.node(file).is_some()));
    }

    fn settle(&mut self, covered: impl Fn(&Change) -> bool) {
        let durable = &mut self.durable;
        self.pending.retain(|change| {
            let covered = covered(change);
            if covered {
                durable.apply(change);
            }
            !covered
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Kind, ROOT};
    use std::path::Path;

    const FILE: Ino = 2;

    fn write(offset: u64, data: &[u8]) -> Change {
        let data = data.into();
        Change::Write {
            file: FILE,
            offset,
            data,
        }
    }

    fn link(name: &str) -> Change {
        Change::Link {
            directory: ROOT,
            name: name.into(),
            target: FILE,
            kind: Kind::File,
        }
    }

    fn rename(from: &str, to: &str) -> Change {
        Change::Rename {
            from: (ROOT, from.into()),
            to: (ROOT, to.into()),
            target: FILE,
            kind: Kind::File,
        }
    }

    fn disk(steps: &[Change]) -> Disk {
        let mut disk = Disk::default();
        steps.iter().for_each(|step| disk.apply(step));
        disk
    }

    fn content(image: &Image, name: &str) -> Option<Vec<u8>> {
        image.file(image.find(Path::new(name))?).map(<[u8]>::to_vec)
    }

    const SYNC: Change = Change::SyncFile { file: FILE };
    const SYNC_NAMES: Change = Change::SyncDirectory { directory: ROOT };

    #[test]
    fn only_what_was_synced_survives() {
        let steps = [
            link("a"),
            write(0, b"one"),
            SYNC,
            SYNC_NAMES,
            write(3, b"two"),
        ];
        let disk = disk(&steps);
        assert_eq!(disk.at_risk(), (1, 3));
        let left = disk.crash(Survival::Nothing);
        assert_eq!(content(&left, "a"), Some(b"one".to_vec()));
        let all = disk.crash(Survival::Everything);
        assert_eq!(content(&all, "a"), Some(b"onetwo".to_vec()));
    }

    #[test]
    fn a_synced_file_without_a_synced_name_is_gone_and_a_name_without_content_is_empty() {
        let lost = disk(&[link("a"), write(0, b"x"), SYNC]).crash(Survival::Nothing);
        assert_eq!(content(&lost, "a"), None);
        let empty = disk(&[link("a"), write(0, b"x"), SYNC_NAMES]).crash(Survival::Nothing);
        assert_eq!(content(&empty, "a"), Some(Vec::new()));
    }

    #[test]
    fn a_rename_is_undone_until_its_directory_is_synced() {
        let mut disk = disk(&[
            link("a"),
            write(0, b"x"),
            SYNC,
            SYNC_NAMES,
            rename("a", "b"),
        ]);
        let before = disk.crash(Survival::Nothing);
        assert!(content(&before, "a").is_some() && content(&before, "b").is_none());
        disk.apply(&SYNC_NAMES);
        let after = disk.crash(Survival::Nothing);
        assert!(content(&after, "a").is_none() && content(&after, "b").is_some());
    }

    #[test]
    fn what_a_failed_sync_gave_up_is_never_written() {
        let mut disk = disk(&[link("a"), SYNC_NAMES, write(0, b"lost")]);
        disk.give_up(FILE);
        disk.apply(&write(4, b"kept"));
        disk.apply(&SYNC);
        let left = disk.crash(Survival::Nothing);
        assert_eq!(content(&left, "a"), Some(b"\0\0\0\0kept".to_vec()));
    }

    /// Every mixture of two pages turns up, and never a page that nobody has written.
    #[test]
    fn later_pages_may_survive_without_earlier_ones() {
        let page = |byte: u8| vec![byte; 4096];
        let mut base = vec![
            link("a"),
            write(0, &page(0)),
            write(4096, &page(0)),
            SYNC,
            SYNC_NAMES,
        ];
        base.extend([write(0, &page(1)), write(4096, &page(2))]);
        let disk = disk(&base);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let left = content(&disk.crash(Survival::AnySubset(seed)), "a").unwrap_or_default();
            assert_eq!(left.len(), 8192);
            assert!(left[..4096].iter().all(|byte| [0, 1].contains(byte)));
            assert!(left[4096..].iter().all(|byte| [0, 2].contains(byte)));
            seen.insert((left[0], left[4096]));
        }
        assert_eq!(seen.len(), 4, "{seen:?}");
    }

    #[test]
    fn the_same_seed_leaves_the_same_and_another_something_else() {
        let mut steps = vec![link("a"), SYNC_NAMES];
        steps.extend((0..50).map(|n| write(n * 1000, &[7; 1500])));
        let disk = disk(&steps);
        for survival in [Survival::AnySubset, Survival::TornPrefix] {
            assert_eq!(disk.crash(survival(1)), disk.crash(survival(1)));
            assert_ne!(disk.crash(survival(1)), disk.crash(survival(2)));
        }
    }
}
