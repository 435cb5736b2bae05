//! Which packages a change touches: those that it changes, and those above them.
//!
//! A change is what is different from `main`; on `main` itself, what the last commit made different.
//! What is not committed counts. Whatever no package owns (the lock file, `proto/`) touches all; a document, those
//! whose tests read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::git;
use crate::workspace::{Package, Workspace};

/// Their names; none if that is not to be told, because there is no git here.
pub fn packages(workspace: &Workspace) -> Result<Option<BTreeSet<String>>> {
    let files = changed_files(workspace)?;
    files.map(|files| touched(workspace, &files)).transpose()
}

fn changed_files(workspace: &Workspace) -> Result<Option<BTreeSet<String>>> {
    let ask = |arguments: &[&str]| git::ask(workspace, arguments);
    let Some(head) = ask(&["rev-parse", "HEAD"])? else {
        return Ok(None);
    };
    let mut base = None;
    for main in ["main", "origin/main"] {
        base = base.or(ask(&["merge-base", "HEAD", main])?);
    }
    let base = match base {
        Some(base) if base != head => base,
        _ => format!("{}~1", head.trim()),
    };
    // Without renames: a file that moved touches whence and whereto.
    let differ = ask(&["diff", "--name-only", "--no-renames", base.trim()])?;
    let new = ask(&["ls-files", "--others", "--exclude-standard"])?;
    Ok(differ.zip(new).map(|(differ, new)| {
        let files = differ.lines().chain(new.lines());
        files.map(str::to_owned).collect()
    }))
}

fn touched(workspace: &Workspace, files: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let packages = &workspace.packages;
    let mut touched = BTreeSet::new();
    for file in files {
        let is_document = Path::new(file).extension().is_some_and(|it| it == "md");
        if let Some(package) = owner(workspace, file) {
            touched.insert(package.name.clone());
        } else if is_document {
            for package in packages {
                if names(package.directory(), file)? {
                    touched.insert(package.name.clone());
                }
            }
        } else {
            return Ok(packages
                .iter()
                .map(|package| package.name.clone())
                .collect());
        }
    }
    // Until nobody is added: whoever depends on one of them is one of them.
    loop {
        let above = workspace.packages.iter().filter(|package| {
            let mut below = package.dependencies.iter();
            below.any(|dependency| touched.contains(&dependency.name))
        });
        let above: Vec<String> = above.map(|package| package.name.clone()).collect();
        let before = touched.len();
        touched.extend(above);
        if touched.len() == before {
            return Ok(touched);
        }
    }
}

/// Whether a source below this directory names the document: then a test reads it.
fn names(directory: &Path, document: &str) -> Result<bool> {
    if !directory.is_dir() {
        return Ok(false);
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let found = match path.extension().is_some_and(|extension| extension == "rs") {
            true => fs::read_to_string(&path)?.contains(document),
            false => path.is_dir() && names(&path, document)?,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn owner<'a>(workspace: &'a Workspace, file: &str) -> Option<&'a Package> {
    let path = workspace.root.join(file);
    let mut packages = workspace.packages.iter();
    packages.find(|package| path.starts_with(package.directory()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let package = |name: &str, dependencies: &[&str]| {
            let dependencies: Vec<_> = dependencies
                .iter()
                .map(|name| serde_json::json!({ "name": name }))
                .collect();
            serde_json::json!({
                "name": name, "id": name, "targets": [], "dependencies": dependencies,
                "manifest_path": format!("/w/crates/{name}/Cargo.toml"),
            })
        };
        let packages = [
            package("ipam", &["serde"]),
            package("api", &["ipam"]),
            package("lab", &["api"]),
            package("natd", &["serde"]),
        ];
        let workspace = serde_json::json!({
            "packages": packages, "workspace_root": "/w", "target_directory": "/w/target",
        });
        serde_json::from_value(workspace).unwrap()
    }

    fn touched_by(files: &[&str]) -> Vec<String> {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        let touched = touched(&workspace(), &files).unwrap();
        touched.into_iter().collect()
    }

    #[test]
    fn a_change_touches_its_package_and_those_above() {
        assert_eq!(touched_by(&["crates/api/src/lib.rs"]), ["api", "lab"]);
        assert_eq!(touched_by(&["crates/natd/README.md"]), ["natd"]);
        assert!(touched_by(&["docs/limits.md"]).is_empty());
    }

    /// `cluster` holds its limits against docs/limits.md.
    #[test]
    fn a_document_touches_who_reads_it() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("crates");
        assert!(names(&crates.join("cluster"), "docs/limits.md").unwrap());
        assert!(!names(&crates.join("cluster"), "docs/nobody.md").unwrap());
    }

    #[test]
    fn what_nobody_owns_touches_all() {
        let all = ["api", "ipam", "lab", "natd"];
        assert_eq!(touched_by(&["Cargo.lock"]), all);
        assert_eq!(touched_by(&["docs/limits.md", "proto/peer.proto"]), all);
    }
}
