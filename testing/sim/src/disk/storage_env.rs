//! The disk as one life of the node sees it.

use super::content::Cached;
use super::database::{Batch, Tables};
use super::directory::InodeId;
use super::file::Write;
use super::handle::{Disk, State};
use super::volume::{Inode, Volume};
use raft_store::StoreError;
use raft_store::storage_env::{
    Change, DATABASE_FILE, Held, KeyRange, KeyValueStore, Listed, OpenFile, Pair, Pairs,
    StorageEnv, Table,
};
use std::fs::TryLockError;
use std::io::{Error, ErrorKind, Result};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// EIO: the standard library has no name for its kind.
const EIO: i32 = 5;

/// One life of a node on its disk.
#[derive(Clone, Debug)]
pub(super) struct Life {
    disk: Disk,
    life: u64,
}

impl Life {
    pub(super) const fn new(disk: Disk, life: u64) -> Self {
        Self { disk, life }
    }

    fn read_with<T>(&self, read: impl FnOnce(&Volume) -> Result<T>) -> Result<T> {
        let mut state = self.disk.lock();
        state.check(self.life)?;
        read(&state.volume)
    }

    fn change_with<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.disk.lock();
        state.check_change(self.life)?;
        change(&mut state)
    }

    fn sync(&self, inode: InodeId) -> Result<()> {
        self.change_with(|state| {
            let State {
                volume,
                faults,
                counters,
                rng,
                ..
            } = state;
            let found = volume.inode_mut(inode)?;
            if !found.is_dirty() {
                return Ok(());
            }
            let full = faults.full && matches!(found, Inode::Database(_));
            let works = !faults.failing_sync && !full;
            found.sync(works, rng, counters);
            if matches!(found, Inode::Directory(_)) {
                volume.sweep();
            }
            if works {
                counters.syncs += 1;
                return Ok(());
            }
            counters.failed_syncs += u64::from(faults.failing_sync);
            counters.refused_full += u64::from(!faults.failing_sync);
            match faults.failing_sync {
                true => Err(Error::from_raw_os_error(EIO)),
                false => Err(ErrorKind::StorageFull.into()),
            }
        })
    }

    fn handle(&self, inode: InodeId) -> Handle {
        Handle {
            life: self.clone(),
            inode,
        }
    }
}

impl StorageEnv for Life {
    fn create_dir_all(&self, path: &Path) -> Result<()> {
        let missing = self.read_with(|volume| {
            let above = path
                .ancestors()
                .take_while(|path| volume.find(path).is_err());
            Ok(above.map(Path::to_owned).collect::<Vec<PathBuf>>())
        })?;
        for path in missing.into_iter().rev() {
            self.change_with(|state| {
                state.check_space()?;
                let new = Inode::Directory(Cached::default());
                state.volume.find_or_create(&path, new)
            })?;
        }
        Ok(())
    }

    fn remove_dir_all(&self, path: &Path) -> Result<()> {
        self.change_with(|state| state.volume.remove(path))
    }

    fn sync_dir(&self, path: &Path) -> Result<()> {
        let inode = self.read_with(|volume| {
            let inode = volume.find(path)?;
            volume.directory(inode).map(|_| inode)
        })?;
        self.sync(inode)
    }

    fn list(&self, path: &Path) -> Result<Vec<Listed>> {
        self.read_with(|volume| {
            let names = volume.directory(volume.find(path)?)?.current();
            let listed = names.0.iter().map(|(name, inode)| Listed {
                path: path.join(name),
                is_dir: volume.directory(*inode).is_ok(),
            });
            Ok(listed.collect())
        })
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        self.read_with(|volume| match volume.find(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        })
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        self.read_with(|volume| Ok(volume.file(volume.find(path)?)?.current().0.clone()))
    }

    fn create(&self, path: &Path) -> Result<Box<dyn OpenFile>> {
        let inode = self.change_with(|state| {
            state.check_space()?;
            let new = Inode::File(Cached::default());
            let inode = state.volume.find_or_create(path, new)?;
            let file = state.volume.file_mut(inode)?;
            if !file.current().0.is_empty() {
                file.change(Write::Empty);
            }
            Ok(inode)
        })?;
        Ok(Box::new(self.handle(inode)))
    }

    fn open(&self, path: &Path) -> Result<Box<dyn OpenFile>> {
        let inode = self.read_with(|volume| volume.find(path))?;
        Ok(Box::new(self.handle(inode)))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.change_with(|state| state.volume.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        self.change_with(|state| state.volume.remove(path))
    }

    fn lock(&self, path: &Path) -> std::result::Result<Held, TryLockError> {
        let taken = self.change_with(|state| {
            if state.locks.contains_key(path) {
                return Ok(None);
            }
            let new = Inode::File(Cached::default());
            state.volume.find_or_create(path, new)?;
            state.locks_taken += 1;
            state.locks.insert(path.to_owned(), state.locks_taken);
            Ok(Some(state.locks_taken))
        });
        match taken.map_err(TryLockError::Error)? {
            Some(number) => Ok(Box::new(Lock {
                disk: self.disk.clone(),
                path: path.to_owned(),
                number,
            })),
            None => Err(TryLockError::WouldBlock),
        }
    }

    fn open_database(
        &self,
        directory: &Path,
    ) -> std::result::Result<Arc<dyn KeyValueStore>, StoreError> {
        let path = directory.join(DATABASE_FILE);
        let opened = self.change_with(|state| {
            let new = Inode::Database(Box::default());
            let inode = state.volume.find_or_create(&path, new)?;
            state.volume.database(inode).map(|_| inode)
        });
        match opened {
            Ok(inode) => Ok(Arc::new(self.handle(inode))),
            Err(source) => Err(StoreError::Database {
                doing: "opening the files",
                source,
            }),
        }
    }

    fn sync_latency(&self) -> Duration {
        self.disk.lock().sync_latency()
    }
}

/// A lock that is given back when it is dropped, unless its life has ended before.
struct Lock {
    disk: Disk,
    path: PathBuf,
    number: u64,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut state = self.disk.lock();
        if state.locks.get(&self.path) == Some(&self.number) {
            state.locks.remove(&self.path);
        }
    }
}

/// An open file or database.
#[derive(Clone, Debug)]
struct Handle {
    life: Life,
    inode: InodeId,
}

impl OpenFile for Handle {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        self.life.read_with(|volume| {
            let bytes = &volume.file(self.inode)?.current().0;
            let start = position(offset)?;
            let found = bytes.get(start..start + buffer.len());
            buffer.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    /// On a full disk a part of it may be written all the same.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let start = position(offset)?;
        self.life.change_with(|state| {
            let space = state.check_space();
            let written = match &space {
                Ok(()) => bytes,
                Err(_) => &bytes[..state.rng.usize(..=bytes.len())],
            };
            let file = state.volume.file_mut(self.inode)?;
            file.change(Write::At(start, written.to_vec()));
            space
        })
    }

    fn sync_data(&self) -> Result<()> {
        self.life.sync(self.inode)
    }

    fn sync_all(&self) -> Result<()> {
        self.life.sync(self.inode)
    }
}

impl KeyValueStore for Handle {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.life
            .read_with(|volume| Ok(volume.database(self.inode)?.current().get(table, key)))
    }

    fn range(&self, table: Table, keys: KeyRange) -> Pairs<'_> {
        let handle = self;
        Box::new(Cursor {
            handle,
            table,
            keys,
        })
    }

    fn apply(&self, table: Table, changes: Vec<Change<'_>>) -> Result<()> {
        let owned = |change: Change<'_>| (change.key, change.value.map(Arc::from));
        let changes: Vec<_> = changes.into_iter().map(owned).collect();
        if changes.is_empty() {
            return self.life.read_with(|_| Ok(()));
        }
        self.life.change_with(|state| {
            let database = state.volume.database_mut(self.inode)?;
            database.change(Batch { table, changes });
            Ok(())
        })
    }

    fn sync(&self) -> Result<()> {
        self.life.sync(self.inode)
    }
}

/// What is left of a range.
struct Cursor<'a> {
    handle: &'a Handle,
    table: Table,
    keys: KeyRange,
}

impl Cursor<'_> {
    fn look(
        &self,
        find: impl FnOnce(&Tables, Table, &KeyRange) -> Option<Pair>,
    ) -> Option<Result<Pair>> {
        let found = self.handle.life.read_with(|volume| {
            let tables = volume.database(self.handle.inode)?.current();
            Ok(find(tables, self.table, &self.keys))
        });
        found.transpose()
    }
}

impl Iterator for Cursor<'_> {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        let found = self.look(Tables::first)?;
        if let Ok((key, _)) = &found {
            self.keys.0 = Bound::Excluded(key.clone());
        }
        Some(found)
    }
}

impl DoubleEndedIterator for Cursor<'_> {
    fn next_back(&mut self) -> Option<Result<Pair>> {
        let found = self.look(Tables::last)?;
        if let Ok((key, _)) = &found {
            self.keys.1 = Bound::Excluded(key.clone());
        }
        Some(found)
    }
}

fn position(offset: u64) -> Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::InvalidInput.into())
}
