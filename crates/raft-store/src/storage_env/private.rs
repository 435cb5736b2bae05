//! Whose the files of a data directory are, and who may read them.
//!
//! The directory and all that is in it belong to the user that runs gatewayd, and to nobody else. A
//! symbolic link is never followed, nor a file of another kind opened: whoever could put one there
//! would choose what is overwritten, or hold the node in an `open` that never returns. Nothing is
//! changed before it is known to be ours.

use crate::StoreError;
use nix::fcntl::OFlag;
use nix::unistd::geteuid;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// What the owner may do with a directory, and nobody else anything.
pub(super) const DIRECTORY_MODE: u32 = 0o700;
/// The same of a file.
const FILE_MODE: u32 = 0o600;
/// What the group and all others may do.
const OTHERS: u32 = 0o077;

/// Opens a regular file, not one that a symbolic link leads to. A new one is for its owner alone.
pub(super) fn open_regular(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Without O_NONBLOCK, opening a named pipe waits until somebody opens its other end.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    options.custom_flags(flags.bits()).mode(FILE_MODE);
    let file = options.open(path).map_err(|error| explain(path, error))?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file: remove it"));
    }
    Ok(file)
}

/// "Too many levels of symbolic links" says nothing to operators.
fn explain(path: &Path, error: io::Error) -> io::Error {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            io::Error::other("it is a symbolic link, which is not followed: remove it")
        }
        _ => error,
    }
}

/// Refuses a directory that is a symbolic link or another user's. Changes nothing.
pub(super) fn check_directory(path: &Path) -> Result<(), StoreError> {
    let looking = StoreError::io("looking at data directory", path);
    let found = fs::symlink_metadata(path).map_err(looking)?;
    check_kind(path, &found)?;
    if !found.is_dir() {
        return Err(StoreError::NotADirectory(path.to_owned()));
    }
    check_owner(path, &found)
}

/// Takes from everybody but the owner what they may do with a directory that is ours, and with all
/// that is in it. Refuses what is a symbolic link, or another user's.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    let found = fs::symlink_metadata(path).map_err(StoreError::io("looking at", path))?;
    check_kind(path, &found)?;
    check_owner(path, &found)?;
    let wanted = if found.is_dir() {
        DIRECTORY_MODE
    } else {
        FILE_MODE
    };
    let mode = found.permissions().mode();
    if mode & OTHERS != 0 {
        let narrowed = fs::set_permissions(path, Permissions::from_mode(wanted));
        narrowed.map_err(StoreError::io("taking access from others to", path))?;
        tracing::warn!(
            path = %path.display(),
            "others could read or change this ({:04o}): it is for its owner alone now", mode & 0o7777
        );
    }
    if found.is_dir() {
        let listed = fs::read_dir(path).map_err(StoreError::io("reading directory", path))?;
        for entry in listed {
            let entry = entry.map_err(StoreError::io("reading directory", path))?;
            make_private(&entry.path())?;
        }
    }
    Ok(())
}

fn check_kind(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    if found.is_symlink() {
        return Err(StoreError::SymbolicLink(path.to_owned()));
    }
    Ok(())
}

fn check_owner(path: &Path, found: &Metadata) -> Result<(), StoreError> {
    let user = geteuid().as_raw();
    if found.uid() != user {
        return Err(StoreError::ForeignOwner {
            path: path.to_owned(),
            owner: found.uid(),
            user,
        });
    }
    Ok(())
}
