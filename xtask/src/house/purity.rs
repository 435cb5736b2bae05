//! The core is pure and the build proves it: without std there is no clock, no socket, no file, no
//! environment and no hash map with a random seed.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

const PURE: &str = "crates/ipam/src";

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let files = sources::rust(&workspace.root)?;
    let files: Vec<Source> = files
        .into_iter()
        .filter(|file| file.path.starts_with(PURE))
        .collect();
    Ok(Findings::broken(breaches(&files)))
}

fn breaches(files: &[Source]) -> Vec<String> {
    let root = Path::new(PURE).join("lib.rs");
    let mut broken = Vec::new();
    if !files
        .iter()
        .any(|file| file.path == root && has_line(&file.text, "#![no_std]"))
    {
        broken.push(format!("{} does not say #![no_std]", root.display()));
    }
    for file in files
        .iter()
        .filter(|file| has_line(&file.text, "extern crate std;"))
    {
        broken.push(format!("{} takes std back in", file.path.display()));
    }
    broken
}

fn has_line(text: &str, wanted: &str) -> bool {
    text.lines().any(|line| line.trim() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> Source {
        Source {
            path: Path::new(PURE).join(name),
            text: text.to_owned(),
        }
    }

    #[test]
    fn std_is_found_by_its_absence_and_by_its_return() {
        let pure = file("lib.rs", "//! Pure.\n#![no_std]\n");
        assert_eq!(breaches(std::slice::from_ref(&pure)), Vec::<String>::new());
        assert_eq!(breaches(&[file("lib.rs", "//! #![no_std]\n")]).len(), 1);
        assert_eq!(
            breaches(&[pure, file("clock.rs", "extern crate std;\n")]).len(),
            1
        );
    }
}
