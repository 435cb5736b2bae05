//! Which packages a change touches: those that it changes, and those above them.
//!
//! A change is what is different from `main`; on `main` itself, what the last commit made different.
//! What is not committed counts. Whatever no package owns (the lock file, `proto/`) touches all, but for
//! documents, which touch none.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::workspace::{Package, Workspace};

/// Their names; none if that is not to be told, because there is no git here.
pub fn packages(workspace: &Workspace) -> Option<BTreeSet<String>> {
    let files = changed_files(&workspace.root)?;
    Some(touched(workspace, &files))
}

fn changed_files(root: &Path) -> Option<BTreeSet<String>> {
    let head = git(root, &["rev-parse", "HEAD"])?;
    let base = ["main", "origin/main"]
        .iter()
        .find_map(|main| git(root, &["merge-base", "HEAD", main]));
    let base = match base {
        Some(base) if base != head => base,
        _ => format!("{}~1", head.trim()),
    };
    let differ = git(root, &["diff", "--name-only", base.trim()])?;
    let new = git(root, &["ls-files", "--others", "--exclude-standard"])?;
    let files = differ.lines().chain(new.lines());
    Some(files.map(str::to_owned).collect())
}

/// What git prints; none if it fails.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let output = git
        .args(arguments)
        .current_dir(root)
        .stderr(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

fn touched(workspace: &Workspace, files: &BTreeSet<String>) -> BTreeSet<String> {
    let all = || {
        workspace
            .packages
            .iter()
            .map(|package| package.name.clone())
    };
    let mut touched = BTreeSet::new();
    for file in files {
        match owner(workspace, file) {
            Some(package) => {
                touched.insert(package.name.clone());
            }
            None if Path::new(file).extension().is_some_and(|it| it == "md") => {}
            None => return all().collect(),
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
            return touched;
        }
    }
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
        touched(&workspace(), &files).into_iter().collect()
    }

    #[test]
    fn a_change_touches_its_package_and_those_above() {
        assert_eq!(touched_by(&["crates/api/src/lib.rs"]), ["api", "lab"]);
        assert_eq!(touched_by(&["crates/natd/README.md"]), ["natd"]);
        assert!(touched_by(&["docs/limits.md"]).is_empty());
    }

    #[test]
    fn what_nobody_owns_touches_all() {
        let all = ["api", "ipam", "lab", "natd"];
        assert_eq!(touched_by(&["Cargo.lock"]), all);
        assert_eq!(touched_by(&["docs/limits.md", "proto/raft.proto"]), all);
    }
}
