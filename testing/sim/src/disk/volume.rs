//! Directories, files and databases, and what becomes of them in a crash.

use super::DiskCounters;
use super::content::{Cached, Content, Fate};
use super::database::Tables;
use super::directory::{InodeId, Names, Rename};
use super::file::Bytes;
use super::handle::Crash;
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path};

const ROOT: InodeId = 0;

/// One thing on the disk.
#[derive(Clone, Debug)]
pub(super) enum Inode {
    Directory(Cached<Names>),
    File(Cached<Bytes>),
    Database(Box<Cached<Tables>>),
}

/// All of them. Names lead to them from the root.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    inodes: BTreeMap<InodeId, Inode>,
    next: InodeId,
}

impl Volume {
    /// A disk with an empty root directory.
    pub(super) fn new() -> Self {
        let root = Inode::Directory(Cached::default());
        Self {
            inodes: BTreeMap::from([(ROOT, root)]),
            next: ROOT + 1,
        }
    }

    /// What a path stands for.
    pub(super) fn find(&self, path: &Path) -> Result<InodeId> {
        let mut inode = ROOT;
        for name in names(path)? {
            let found = self.directory(inode)?.current().0.get(name);
            inode = *found.ok_or(ErrorKind::NotFound)?;
        }
        Ok(inode)
    }

    pub(super) fn directory(&self, inode: InodeId) -> Result<&Cached<Names>> {
        match self.inode(inode)? {
            Inode::Directory(names) => Ok(names),
            Inode::File(_) | Inode::Database(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn file(&self, inode: InodeId) -> Result<&Cached<Bytes>> {
        match self.inode(inode)? {
            Inode::File(bytes) => Ok(bytes),
            Inode::Directory(_) | Inode::Database(_) => Err(not_a("file")),
        }
    }

    pub(super) fn file_mut(&mut self, inode: InodeId) -> Result<&mut Cached<Bytes>> {
        match self.inode_mut(inode)? {
            Inode::File(bytes) => Ok(bytes),
            Inode::Directory(_) | Inode::Database(_) => Err(not_a("file")),
        }
    }

    pub(super) fn database(&self, inode: InodeId) -> Result<&Cached<Tables>> {
        match self.inode(inode)? {
            Inode::Database(tables) => Ok(tables),
            Inode::Directory(_) | Inode::File(_) => Err(not_a("database")),
        }
    }

    pub(super) fn database_mut(&mut self, inode: InodeId) -> Result<&mut Cached<Tables>> {
        match self.inode_mut(inode)? {
            Inode::Database(tables) => Ok(tables),
            Inode::Directory(_) | Inode::File(_) => Err(not_a("database")),
        }
    }

    pub(super) fn inode_mut(&mut self, inode: InodeId) -> Result<&mut Inode> {
        let found = self.inodes.get_mut(&inode);
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn inode(&self, inode: InodeId) -> Result<&Inode> {
        let found = self.inodes.get(&inode);
        found.ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// The thing at `path`; `new` if there is none.
    pub(super) fn find_or_create(&mut self, path: &Path, new: Inode) -> Result<InodeId> {
        match self.find(path) {
            Ok(inode) => Ok(inode),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (parent, name) = self.parent(path)?;
                let inode = self.next;
                self.next += 1;
                self.inodes.insert(inode, new);
                self.change_names(parent, vec![(name.to_owned(), Some(inode))])?;
                Ok(inode)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the thing at `from` the name `to` in the same directory.
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let inode = self.find(from)?;
        let ((parent, old), (target, new)) = (self.parent(from)?, self.parent(to)?);
        if parent != target {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "renaming from one directory to another is not simulated",
            ));
        }
        let changes = vec![(old.to_owned(), None), (new.to_owned(), Some(inode))];
        self.change_names(parent, changes)
    }

    /// Removes a name, and with it what only it leads to.
    pub(super) fn remove(&mut self, path: &Path) -> Result<()> {
        self.find(path)?;
        let (parent, name) = self.parent(path)?;
        self.change_names(parent, vec![(name.to_owned(), None)])
    }

    /// Forgets what no name leads to any more, nor would after a crash.
    pub(super) fn sweep(&mut self) {
        let mut reached = BTreeSet::new();
        let mut next = vec![ROOT];
        while let Some(inode) = next.pop() {
            if reached.insert(inode)
                && let Some(Inode::Directory(names)) = self.inodes.get(&inode)
            {
                next.extend(names.current().0.values());
                next.extend(names.durable().0.values());
                let unsynced = names.unsynced().iter().flat_map(|Rename(changes)| changes);
                next.extend(unsynced.filter_map(|(_, inode)| *inode));
            }
        }
        self.inodes.retain(|inode, _| reached.contains(inode));
    }

    /// Whether something is written and not synced.
    pub(super) fn is_dirty(&self) -> bool {
        self.inodes.values().any(Inode::is_dirty)
    }

    /// The end of a life; what is not synced meets its fate.
    pub(super) fn end(&mut self, crash: Crash, rng: &mut Rng, counters: &mut DiskCounters) {
        for inode in self.inodes.values_mut() {
            inode.end(crash, rng, counters);
        }
        self.sweep();
    }

    fn parent<'a>(&self, path: &'a Path) -> Result<(InodeId, &'a OsStr)> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok((self.find(parent)?, name)),
            _ => Err(ErrorKind::InvalidInput.into()),
        }
    }

    fn change_names(
        &mut self,
        directory: InodeId,
        changes: Vec<(OsString, Option<InodeId>)>,
    ) -> Result<()> {
        match self.inode_mut(directory)? {
            Inode::Directory(names) => {
                names.change(Rename(changes));
                Ok(())
            }
            Inode::File(_) | Inode::Database(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }
}

impl Inode {
    pub(super) const fn is_dirty(&self) -> bool {
        match self {
            Self::Directory(names) => names.is_dirty(),
            Self::File(bytes) => bytes.is_dirty(),
            Self::Database(tables) => tables.is_dirty(),
        }
    }

    /// Makes it durable, or fails to.
    pub(super) fn sync(&mut self, works: bool, rng: &mut Rng, counters: &mut DiskCounters) {
        match self {
            Self::Directory(names) => sync(names, works, rng, counters),
            Self::File(bytes) => sync(bytes, works, rng, counters),
            Self::Database(tables) => sync(tables, works, rng, counters),
        }
    }

    fn end(&mut self, crash: Crash, rng: &mut Rng, counters: &mut DiskCounters) {
        let cached = match crash {
            Crash::Process => Fate::All,
            Crash::Power => Fate::Prefix,
        };
        match self {
            Self::Directory(names) => names.end(cached, rng, counters),
            Self::File(bytes) => bytes.end(cached, rng, counters),
            // It has a cache of its own, which dies with the process.
            Self::Database(tables) => tables.end(Fate::Prefix, rng, counters),
        }
    }
}

fn sync<C: Content>(
    cached: &mut Cached<C>,
    works: bool,
    rng: &mut Rng,
    counters: &mut DiskCounters,
) {
    if works {
        cached.sync();
    } else {
        cached.fail_sync(rng, counters);
    }
}

/// The names on an absolute path.
fn names(path: &Path) -> Result<impl Iterator<Item = &OsStr>> {
    let plain = |part: &Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if !path.is_absolute() || !path.components().all(|part| plain(&part)) {
        return Err(ErrorKind::InvalidInput.into());
    }
    Ok(path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    }))
}

fn not_a(kind: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, format!("it is not a {kind}"))
}
