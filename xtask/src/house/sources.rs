//! The files of the workspace, without what is built or hidden.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A text file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// From the workspace's root.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// All files with one of these extensions under `root`, in order of their paths.
pub fn with_extensions(root: &Path, extensions: &[&str]) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    collect(root, &mut paths)?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
    });
    paths.sort();
    paths.into_iter().map(|path| read(root, &path)).collect()
}

/// All Rust files.
pub fn rust(root: &Path) -> Result<Vec<Source>> {
    with_extensions(root, &["rs"])
}

fn read(root: &Path, path: &Path) -> Result<Source> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Source {
        path: path.strip_prefix(root).unwrap_or(path).to_owned(),
        text,
    })
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    let listing = || format!("listing {}", directory.display());
    for entry in fs::read_dir(directory).with_context(listing)? {
        let entry = entry.with_context(listing)?;
        let kind = entry.file_type().with_context(listing)?;
        if kind.is_dir() && !is_built_or_hidden(&entry.file_name().to_string_lossy()) {
            collect(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn is_built_or_hidden(directory: &str) -> bool {
    directory == "target" || directory == "node_modules" || directory.starts_with('.')
}
