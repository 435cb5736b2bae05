//! A directory's names.

use super::DiskCounters;
use super::content::Content;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What a name stands for.
pub(super) type InodeId = u64;

/// The names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(pub(super) BTreeMap<OsString, InodeId>);

/// Names that change together: what each then stands for, or that it is gone.
#[derive(Clone, Debug)]
pub(super) struct Rename(pub(super) Vec<(OsString, Option<InodeId>)>);

impl Content for Names {
    type Change = Rename;
    const ENDS_AT_A_LOSS: bool = false;

    fn apply(&mut self, Rename(changes): &Rename) {
        for (name, inode) in changes {
            match inode {
                Some(inode) => self.0.insert(name.clone(), *inode),
                None => self.0.remove(name),
            };
        }
    }

    /// A rename is whole or not there.
    fn tear(&mut self, _: &Rename, _: &mut Rng, _: &mut DiskCounters) {}

    fn count(counters: &mut DiskCounters, _: usize, lost: usize) {
        counters.lost_names += lost as u64;
    }
}
