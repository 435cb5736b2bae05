//! A small file of this node's own in its data directory: what it was told that no other need know.

use crate::data_dir::{DataDir, write_atomically};
use crate::{Execution, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

/// One small file. Keeps the directory locked while it lives.
#[derive(Clone)]
pub struct NodeFile {
    directory: Arc<DataDir>,
    path: PathBuf,
    execution: Execution,
}

impl NodeFile {
    pub(crate) fn new(directory: Arc<DataDir>, name: &str, execution: Execution) -> Self {
        let path = directory.root().join(name);
        Self {
            directory,
            path,
            execution,
        }
    }

    /// Its content; `None` if there is none. Blocks for a moment.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let env = self.directory.env();
        let exists = env.exists(&self.path);
        if !exists.map_err(StoreError::io("looking for", &self.path))? {
            return Ok(None);
        }
        let content = env.read(&self.path);
        content
            .map(Some)
            .map_err(StoreError::io("reading", &self.path))
    }

    /// Durable when it returns.
    pub async fn write(&self, content: Vec<u8>) -> Result<(), StoreError> {
        let Self {
            directory, path, ..
        } = self.clone();
        let write = move || write_atomically(directory.env(), &path, &content);
        let env = self.directory.env();
        let written = self.execution.run(env, "writing a file of the node", write);
        written.await
    }
}
