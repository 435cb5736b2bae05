//! Writing keys and certificates: new files only, keys for their owner alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::PkiError;

const PUBLIC: u32 = 0o644;
const SECRET: u32 = 0o600;
const DIRECTORY: u32 = 0o700;

pub(super) fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|source| io("reading", path, source))
}

/// Makes a directory for its owner alone, unless it is there.
pub(super) fn make_directory(path: &Path) -> Result<(), PkiError> {
    let made = DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY)
        .create(path);
    made.map_err(|source| io("making", path, source))
}

pub(super) fn must_be_absent(path: &Path) -> Result<(), PkiError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(PkiError::Exists(path.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(io("reading", path, source)),
    }
}

pub(super) fn write_public(path: &Path, content: &str) -> Result<(), PkiError> {
    write(path, content, PUBLIC)
}

pub(super) fn write_secret(path: &Path, content: &str) -> Result<(), PkiError> {
    write(path, content, SECRET)
}

/// Creates the file with its mode: at no time is a key open to others.
fn write(path: &Path, content: &str, mode: u32) -> Result<(), PkiError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let mut file = file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => PkiError::Exists(path.to_owned()),
        _ => io("writing", path, error),
    })?;
    let written = file
        .write_all(content.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|source| io("writing", path, source))
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> PkiError {
    PkiError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
