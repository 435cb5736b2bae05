//! Files that are there after a power cut: write, fsync, rename, fsync of the directory.

use crate::StoreError;
use crate::storage_env::StorageEnv;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const TEMPORARY: &str = "tmp";

/// Makes a directory, and those above it that are missing. Each one's name is durable before
/// anything is made in it, so what is durable in the directory cannot be lost with it.
pub(super) fn create_dir(env: &dyn StorageEnv, path: &Path) -> Result<(), StoreError> {
    // S2: what is durable in the directory must be found again.
    //~ mutant s2_directory_not_synced:
    //~     return env.create_dir_all(path).map_err(StoreError::io("creating directory", path));
    let mut missing = Vec::new();
    for path in path.ancestors().filter(|path| *path != Path::new("")) {
        let exists = env.exists(path);
        if exists.map_err(StoreError::io("looking for", path))? {
            sync_existing_name(env, path)?;
            break;
        }
        missing.push(path);
    }
    for path in missing.into_iter().rev() {
        let created = env.create_dir_all(path);
        created.map_err(StoreError::io("creating directory", path))?;
        if let Some(holder) = holder(path) {
            sync_dir(env, holder)?;
        }
    }
    Ok(())
}

/// An earlier try may have made the directory and died before its name was durable.
fn sync_existing_name(env: &dyn StorageEnv, path: &Path) -> Result<(), StoreError> {
    let Some(holder) = holder(path) else {
        return Ok(());
    };
    match env.sync_dir(holder) {
        // Somebody else's directory that we may not open: then it was they who made `path` in it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(StoreError::io("making durable directory", holder)),
    }
}

/// The directory that a name is in.
fn holder(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent == Path::new("") {
        Path::new(".")
    } else {
        parent
    })
}

/// Replaces `path` by a file with this content. A crash leaves the old file or the new one, and
/// perhaps a temporary file beside it.
pub(crate) fn write_atomically(
    env: &dyn StorageEnv,
    path: &Path,
    content: &[u8],
) -> Result<(), StoreError> {
    let temporary = temporary_path(path);
    let created = env.create(&temporary);
    let file = created.map_err(StoreError::io("creating", &temporary))?;
    file.write_all_at(content, 0)
        .map_err(StoreError::io("writing", &temporary))?;
    // S2: a snapshot is durable before it replaces anything.
    //~ mutant s2_snapshot_not_synced: return rename(env, &temporary, path);
    file.sync_all()
        .map_err(StoreError::io("making durable", &temporary))?;
    rename(env, &temporary, path)
}

/// Gives a file the name `path`, durably.
fn rename(env: &dyn StorageEnv, from: &Path, path: &Path) -> Result<(), StoreError> {
    let renamed = env.rename(from, path);
    renamed.map_err(StoreError::io("renaming a file to", path))?;
    match path.parent() {
        Some(parent) => sync_dir(env, parent),
        None => Ok(()),
    }
}

/// Whether `path` is what [`write_atomically`] leaves when it is interrupted.
pub(crate) fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|found| found == TEMPORARY)
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(env: &dyn StorageEnv, path: &Path) -> Result<(), StoreError> {
    let synced = env.sync_dir(path);
    synced.map_err(StoreError::io("making durable directory", path))
}

/// Makes a directory durable with all that is in it.
pub(crate) fn sync_tree(env: &dyn StorageEnv, path: &Path) -> Result<(), StoreError> {
    let listed = env.list(path);
    for entry in listed.map_err(StoreError::io("reading directory", path))? {
        if entry.is_dir {
            sync_tree(env, &entry.path)?;
        } else {
            sync_file(env, &entry.path)?;
        }
    }
    sync_dir(env, path)
}

fn sync_file(env: &dyn StorageEnv, path: &Path) -> Result<(), StoreError> {
    let file = env.open(path).map_err(StoreError::io("opening", path))?;
    file.sync_all()
        .map_err(StoreError::io("making durable", path))
}

/// Where [`write_atomically`] writes before it renames.
pub(super) fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Removes what interrupted writes left in a directory.
pub(crate) fn remove_temporary(env: &dyn StorageEnv, directory: &Path) -> Result<(), StoreError> {
    let listed = env.list(directory);
    let listed = listed.map_err(StoreError::io("reading directory", directory))?;
    for path in listed.into_iter().map(|entry| entry.path) {
        if is_temporary(&path) {
            let removed = env.remove_file(&path);
            removed.map_err(StoreError::io("removing", &path))?;
        }
    }
    Ok(())
}
