//! The storage environment of the operating system: `std::fs`, and sled.

use super::private::{self, DIRECTORY_MODE, open_regular};
use super::sled_store::SledStore;
use super::{Held, KeyValueStore, Listed, OpenFile, StorageEnv};
use crate::StoreError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::Path;
use std::sync::Arc;

/// Real files and sled.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEnv;

impl StorageEnv for OsEnv {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(DIRECTORY_MODE).create(path)
    }

    fn check_directory(&self, path: &Path) -> Result<(), StoreError> {
        private::check_directory(path)
    }

    fn make_private(&self, path: &Path) -> Result<(), StoreError> {
        private::make_private(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        let listed = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok(Listed {
                path: entry.path(),
                is_dir: entry.file_type()?.is_dir(),
            })
        };
        fs::read_dir(path)?.map(listed).collect()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        open_regular(path, OpenOptions::new().read(true))?.read_to_end(&mut content)?;
        Ok(content)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(true);
        Ok(Box::new(open_regular(path, options)?))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        let file = open_regular(path, OpenOptions::new().read(true).write(true))?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// An advisory lock that the kernel drops when the process ends. What is in the file stays.
    fn lock(&self, path: &Path) -> Result<Held, TryLockError> {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let file = open_regular(path, options).map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(Box::new(file))
    }

    fn open_database(&self, directory: &Path) -> Result<Arc<dyn KeyValueStore>, StoreError> {
        let store = SledStore::open(directory)?;
        // sled makes its files with the mode that the process's umask leaves.
        private::make_private(directory)?;
        Ok(Arc::new(store))
    }
}

impl OpenFile for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        Self::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        Self::sync_all(self)
    }
}
