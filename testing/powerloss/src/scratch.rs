//! Directories for what is looked at and thrown away: in memory where there is such a place, because
//! nothing here depends on that disk, and syncing a real one a few thousand times takes minutes.

use anyhow::{Context, Result};
use std::path::Path;
use tempfile::TempDir;

const MEMORY: &str = "/dev/shm";

/// A directory that is gone when it is dropped.
pub fn scratch() -> Result<TempDir> {
    let in_memory = TempDir::new_in(Path::new(MEMORY));
    let made = in_memory.or_else(|_| TempDir::new());
    made.context("making a temporary directory")
}
