//! Files of the copy: written only if their content differs, removed if they are gone.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Sees to it that a file has this content. One that has it already keeps its time.
pub(super) fn put(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == content) {
        return Ok(());
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
    }
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))
}

/// Removes what is below `root` and not among these files, and the directories that are empty then.
pub(super) fn keep_only(root: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    remove_others(root, root, files).map(drop)
}

/// Whether anything is left in the directory.
fn remove_others(root: &Path, directory: &Path, files: &BTreeSet<PathBuf>) -> Result<bool> {
    let listing = || format!("listing {}", directory.display());
    let mut any_left = false;
    for entry in fs::read_dir(directory).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        let removing = || format!("removing {}", path.display());
        if path.is_dir() {
            if remove_others(root, &path, files)? {
                any_left = true;
            } else {
                fs::remove_dir(&path).with_context(removing)?;
            }
        } else if path
            .strip_prefix(root)
            .is_ok_and(|file| files.contains(file))
        {
            any_left = true;
        } else {
            fs::remove_file(&path).with_context(removing)?;
        }
    }
    Ok(any_left)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn what_stays_keeps_its_time_and_what_is_gone_goes() {
        let root = tempfile::tempdir().unwrap();
        let at = |file: &str| root.path().join(file);
        for file in ["a/same", "a/other", "b/c/gone"] {
            put(&at(file), b"one").unwrap();
            let file = fs::File::options().write(true).open(at(file)).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        put(&at("a/same"), b"one").unwrap();
        put(&at("a/other"), b"two").unwrap();
        keep_only(
            root.path(),
            &["a/same", "a/other"].map(PathBuf::from).into(),
        )
        .unwrap();
        let modified = |file: &str| fs::metadata(at(file)).unwrap().modified().unwrap();
        assert_eq!(modified("a/same"), SystemTime::UNIX_EPOCH);
        assert_ne!(modified("a/other"), SystemTime::UNIX_EPOCH);
        assert_eq!(fs::read(at("a/other")).unwrap(), b"two");
        assert!(!at("b").exists());
    }
}
