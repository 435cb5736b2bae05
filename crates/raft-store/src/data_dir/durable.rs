//! Files that are there after a power cut: write, fsync, rename, fsync of the directory.

use crate::StoreError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

const TEMPORARY: &str = "tmp";

/// Replaces `path` by a file with this content. A crash leaves the old file or the new one, and
/// perhaps a temporary file beside it.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = temporary_path(path);
    let mut file = File::create(&temporary).map_err(StoreError::io("creating", &temporary))?;
    file.write_all(content)
        .map_err(StoreError::io("writing", &temporary))?;
    file.sync_all()
        .map_err(StoreError::io("making durable", &temporary))?;
    fs::rename(&temporary, path).map_err(StoreError::io("renaming a file to", path))?;
    match path.parent() {
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}

/// Whether `path` is what [`write_atomically`] leaves when it is interrupted.
pub(super) fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|found| found == TEMPORARY)
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    let directory = File::open(path).map_err(StoreError::io("opening directory", path))?;
    directory
        .sync_all()
        .map_err(StoreError::io("making durable", path))
}

/// Makes a directory durable with all that is in it.
pub(crate) fn sync_tree(path: &Path) -> Result<(), StoreError> {
    let reading = || StoreError::io("reading directory", path);
    for entry in fs::read_dir(path).map_err(reading())? {
        let entry = entry.map_err(reading())?;
        let kind = entry.file_type().map_err(reading())?;
        if kind.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            sync_file(&entry.path())?;
        }
    }
    sync_dir(path)
}

fn sync_file(path: &Path) -> Result<(), StoreError> {
    let file = File::open(path).map_err(StoreError::io("opening", path))?;
    file.sync_all()
        .map_err(StoreError::io("making durable", path))
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Removes what interrupted writes left in a directory.
pub(crate) fn remove_temporary(directory: &Path) -> Result<(), StoreError> {
    let reading = || StoreError::io("reading directory", directory);
    for entry in fs::read_dir(directory).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        if is_temporary(&path) {
            fs::remove_file(&path).map_err(StoreError::io("removing", &path))?;
        }
    }
    Ok(())
}
