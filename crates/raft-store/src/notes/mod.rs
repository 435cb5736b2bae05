//! Notes of how far a member's log was: sealed by its own data directory, kept by the others (ADR 0019).
//!
//! * **What it is.** The secret that is made with a data directory, and the file in which a node keeps
//!   what other members gave it. What a note says, and who needs it, is `cluster`'s.
//! * **Layout.** `secret`: 32 bytes and their CRC-32, written once. `notes`: a `KeptNotes` message and its
//!   CRC-32, replaced as a whole. Little-endian.
//! * **A crash** leaves the older file or the newer one.
//! * **What may block.** [`NoteBook::save`] writes and syncs, where the execution says.

mod secret;

use crate::data_dir::{DataDir, write_atomically};
use crate::failure::Failure;
use crate::{Execution, StoreError};
use secret::Secret;
use std::path::Path;
use std::sync::{Arc, Weak};

/// Bytes of the checksum at the end of each file.
const CHECKSUM: usize = 4;

/// This directory's seal, and the notes that it keeps for others. It does not keep the data directory
/// itself: once that is free nothing is saved any more.
#[derive(Debug)]
pub struct NoteBook {
    directory: Weak<DataDir>,
    failure: Arc<Failure>,
    execution: Execution,
    secret: Secret,
    kept: Vec<u8>,
}

impl NoteBook {
    pub(crate) fn open(
        directory: &Arc<DataDir>,
        failure: Arc<Failure>,
        execution: Execution,
        has_data: bool,
    ) -> Result<Self, StoreError> {
        let kept = read_checked(directory, &directory.notes(), "the kept notes")?;
        Ok(Self {
            directory: Arc::downgrade(directory),
            failure,
            execution,
            secret: Secret::open(directory, has_data)?,
            kept: kept.unwrap_or_default(),
        })
    }

    /// What was saved last before this start.
    #[must_use]
    pub fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// Tells this directory's seals from those of others, and nothing of the secret: 16 bytes.
    #[must_use]
    pub fn origin(&self) -> &[u8] {
        self.secret.origin()
    }

    /// HMAC-SHA-256 of `content`.
    #[must_use]
    pub fn seal(&self, content: &[u8]) -> Vec<u8> {
        self.secret.seal(content)
    }

    /// Whether this directory, or the one that it is a copy of, sealed `content`.
    #[must_use]
    pub fn is_sealed(&self, content: &[u8], seal: &[u8]) -> bool {
        self.secret.is_sealed(content, seal)
    }

    /// Replaces what is kept; durable when it returns. A failure is the store's.
    pub async fn save(&self, content: Vec<u8>) -> Result<(), StoreError> {
        self.failure.check()?;
        let directory = self.directory.upgrade().ok_or(StoreError::WriterStopped)?;
        let writing = {
            let directory = Arc::clone(&directory);
            move || write_atomically(directory.env(), &directory.notes(), &checked(content))
        };
        let saved = self
            .execution
            .run(directory.env(), "keeping notes", writing);
        saved.await.map_err(|error| self.failure.record(error))
    }
}

fn checked(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&content);
    content.extend_from_slice(&checksum.to_le_bytes());
    content
}

/// A file's content; `None` if there is none.
fn read_checked(
    directory: &DataDir,
    path: &Path,
    what: &'static str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let env = directory.env();
    let exists = env.exists(path);
    if !exists.map_err(StoreError::io("looking for", path))? {
        return Ok(None);
    }
    let mut bytes = env.read(path).map_err(StoreError::io("reading", path))?;
    let content = bytes.len().checked_sub(CHECKSUM);
    let checksum = content.map(|content| bytes.split_off(content));
    if checksum.is_none_or(|checksum| checksum != crc32fast::hash(&bytes).to_le_bytes()) {
        return Err(StoreError::DamagedRecord {
            what: format!("{what} in {}", path.display()),
            reason: "its checksum is wrong",
        });
    }
    Ok(Some(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::storage_env::OsEnv;

    fn open(root: &Path) -> (Arc<DataDir>, NoteBook) {
        let (directory, _) = DataDir::open(Arc::new(OsEnv), root).unwrap();
        let directory = Arc::new(directory);
        directory.seal().unwrap();
        let failure = Arc::default();
        let book = NoteBook::open(&directory, failure, Execution::Inline, false).unwrap();
        (directory, book)
    }

    #[tokio::test]
    async fn a_directory_keeps_its_seal_and_its_notes() {
        let place = tempfile::tempdir().unwrap();
        let (directory, book) = open(place.path());
        let seal = book.seal(b"index 40");
        book.save(b"of others".to_vec()).await.unwrap();
        let again = NoteBook::open(&directory, Arc::default(), Execution::Inline, true).unwrap();
        assert!(again.is_sealed(b"index 40", &seal));
        assert!(!again.is_sealed(b"index 41", &seal));
        assert_eq!(
            (again.origin(), again.kept()),
            (book.origin(), &b"of others"[..])
        );
        let (_other, emptied) = open(tempfile::tempdir().unwrap().path());
        assert!(
            !emptied.is_sealed(b"index 40", &seal),
            "another directory's"
        );
        assert_ne!(emptied.origin(), book.origin());
    }

    #[tokio::test]
    async fn damaged_notes_are_named() {
        let place = tempfile::tempdir().unwrap();
        let (directory, book) = open(place.path());
        book.save(b"of others".to_vec()).await.unwrap();
        std::fs::write(place.path().join("notes"), b"of othe").unwrap();
        let error =
            NoteBook::open(&directory, Arc::default(), Execution::Inline, true).unwrap_err();
        assert!(error.to_string().contains("notes"), "{error}");
    }
}
