//! Which cluster a data directory belongs to: one line in a file of its own.
//!
//! The replicated state says it too, but only once the entry that lays it down is applied, and a power
//! cut can take the knowledge of that back. So it is written, durably, before the node acknowledges
//! anything: by the founder before the first entry, by a newcomer when it is invited. A crash leaves
//! the file whole or not there.

use super::{DataDir, write_atomically};
use crate::{Execution, StoreError};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

const NAME: &str = "cluster";
const PREFIX: &str = "gatewayd cluster ";
/// How much of a foreign file an error shows, in characters.
const SHOWN: usize = 60;

/// A cluster's identity.
pub type ClusterId = [u8; 16];

/// The file, and what it says. Clones share it; they do not keep the directory locked.
#[derive(Clone)]
pub struct ClusterIdFile {
    known: Arc<Mutex<Option<ClusterId>>>,
    directory: Weak<DataDir>,
    execution: Execution,
}

impl ClusterIdFile {
    /// Reads it. `in_state` is what the newest snapshot or the log says, which must be the same; it
    /// stands alone in a directory of a release that had no such file.
    pub(crate) fn open(
        directory: &Arc<DataDir>,
        execution: Execution,
        in_state: Option<ClusterId>,
    ) -> Result<Self, StoreError> {
        let path = path(directory);
        let found = match directory.env().read(&path) {
            Ok(content) => Some(parse(&content).ok_or_else(|| {
                StoreError::UnknownClusterId {
                    path: path.clone(),
                    content: String::from_utf8_lossy(&content)
                        .chars()
                        .take(SHOWN)
                        .collect(),
                }
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(StoreError::io("reading", path)(error)),
        };
        if let (Some(found), Some(state)) = (found, in_state)
            && found != state
        {
            return Err(StoreError::ForeignCluster {
                path: directory.root().to_owned(),
                file: hex(&found),
                state: hex(&state),
            });
        }
        let file = Self {
            known: Arc::default(),
            directory: Arc::downgrade(directory),
            execution,
        };
        match (found, in_state) {
            (None, Some(state)) => file.write(directory, state)?,
            (found, _) => file.set(found),
        }
        Ok(file)
    }

    /// The cluster that this directory belongs to; `None` before it belongs to one.
    #[must_use]
    pub fn get(&self) -> Option<ClusterId> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the directory `id`'s, durably, if it is nobody's yet. Returns whose it is.
    pub async fn claim(&self, id: ClusterId) -> Result<ClusterId, StoreError> {
        if let Some(known) = self.get() {
            return Ok(known);
        }
        let Some(directory) = self.directory.upgrade() else {
            return Err(StoreError::WriterStopped);
        };
        let (file, place) = (self.clone(), Arc::clone(&directory));
        let write = move || file.write(&place, id);
        let env = directory.env();
        let written = self.execution.run(env, "writing the cluster's id", write);
        written.await?;
        Ok(self.get().unwrap_or(id))
    }

    fn write(&self, directory: &DataDir, id: ClusterId) -> Result<(), StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none() {
            let content = format!("{PREFIX}{}\n", hex(&id));
            write_atomically(directory.env(), &path(directory), content.as_bytes())?;
            *known = Some(id);
        }
        Ok(())
    }

    fn set(&self, id: Option<ClusterId>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }
}

fn path(directory: &DataDir) -> PathBuf {
    directory.root().join(NAME)
}

fn hex(id: &ClusterId) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parse(content: &[u8]) -> Option<ClusterId> {
    let content = std::str::from_utf8(content).ok()?;
    let digits = content.strip_prefix(PREFIX)?;
    let digits = digits.strip_suffix('\n').unwrap_or(digits);
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_line_is_an_id() {
        let id = [7; 16];
        let line = format!("{PREFIX}{}\n", hex(&id));
        assert_eq!(parse(line.as_bytes()), Some(id));
        for garbage in ["", "gatewayd cluster ", "gatewayd cluster 07\n", "\u{fffd}"] {
            assert_eq!(parse(garbage.as_bytes()), None, "{garbage:?}");
        }
        let signed = format!("{PREFIX}+{}", "0".repeat(31));
        assert_eq!(parse(signed.as_bytes()), None);
    }
}
