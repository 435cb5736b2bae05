//! The directory a run writes its logs and data to.
//!
//! It lives outside the isolated mounts on purpose: after a failure the logs must still be there.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A run's directory, removed when dropped unless [`Workdir::keep`] was called.
#[derive(Debug)]
pub struct Workdir {
    dir: TempDir,
}

impl Workdir {
    /// Makes a fresh directory; `label` becomes part of its name.
    pub fn new(label: &str) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix(&format!("lab-{label}-"))
            .tempdir()
            .context("making the work directory")?;
        Ok(Self { dir })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Leaves the directory on disk and says where it is.
    pub fn keep(self) -> PathBuf {
        self.dir.keep()
    }
}
