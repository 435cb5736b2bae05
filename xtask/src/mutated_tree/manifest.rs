//! The dependency on `mutants` in the copy: in the manifests of the crates that have mutations, and in the lock file.

use std::collections::{BTreeMap, BTreeSet};

/// With its bugs built in.
const DEPENDENCY: &str = "mutants = { workspace = true, features = [\"built-in\"] }";
const SECTION: &str = "[dependencies]\n";
const NAME: &str = "mutants";

/// The manifest with the dependency; nothing if it has no dependencies.
pub(super) fn with_mutations(manifest: &str) -> Option<String> {
    let (before, after) = manifest.split_once(SECTION)?;
    Some(format!("{before}{SECTION}{DEPENDENCY}\n{after}"))
}

/// The lock file in which these crates have it.
pub(super) fn locked<T>(lock: &str, crates: &BTreeMap<String, T>) -> String {
    let mut entries = lock.split("[[package]]\n");
    let head = entries.next().unwrap_or_default();
    let entries = entries.map(|entry| {
        let name = value_of(entry, "name");
        let is_ours = value_of(entry, "source").is_none();
        match name.is_some_and(|name| is_ours && crates.contains_key(name)) {
            true => depends(entry),
            false => entry.to_owned(),
        }
    });
    let parts: Vec<String> = std::iter::once(head.to_owned()).chain(entries).collect();
    parts.join("[[package]]\n")
}

/// The entry with one dependency more, in cargo's order.
fn depends(entry: &str) -> String {
    let named = format!(" \"{NAME}\",");
    let (before, after) = match entry.split_once("dependencies = [\n") {
        Some((before, list)) => {
            let (list, after) = list.split_once("]\n").unwrap_or((list, ""));
            let mut all: BTreeSet<&str> = list.lines().collect();
            all.insert(&named);
            let all: Vec<&str> = all.into_iter().collect();
            (
                format!("{before}dependencies = [\n{}\n]\n", all.join("\n")),
                after,
            )
        }
        None => (
            format!("{}\ndependencies = [\n{named}\n]\n", entry.trim_end()),
            "\n",
        ),
    };
    before + after
}

fn value_of<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = entry.lines();
    lines.find_map(|line| {
        line.strip_prefix(key)?
            .strip_prefix(" = \"")?
            .strip_suffix('"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gets_the_dependency() {
        let manifest = "[package]\n\n[dependencies]\nbytes.workspace = true\n";
        let expected =
            format!("[package]\n\n[dependencies]\n{DEPENDENCY}\nbytes.workspace = true\n");
        assert_eq!(with_mutations(manifest), Some(expected));
        assert_eq!(with_mutations("[package]\n"), None);
    }

    #[test]
    fn a_lock_file_gets_it_in_order_and_for_ours_alone() {
        let entry = |name: &str, dependencies: &[&str]| {
            let head = format!("[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
            let list: String = dependencies
                .iter()
                .map(|it| format!(" \"{it}\",\n"))
                .collect();
            match dependencies {
                [] => head,
                _ => format!("{head}dependencies = [\n{list}]\n"),
            }
        };
        let foreign = "[[package]]\nname = \"ours\"\nversion = \"2.0.0\"\nsource = \"registry\"\n";
        let lock = |ours: &str, alone: &str, other: &str| {
            format!("version = 4\n\n{ours}\n{alone}\n{foreign}\n{other}")
        };
        let before = lock(
            &entry("ours", &["bytes", "tokio"]),
            &entry("alone", &[]),
            &entry("z", &["a"]),
        );
        let crates = ["ours", "alone"].map(|name| (name.to_owned(), ()));
        let after = lock(
            &entry("ours", &["bytes", NAME, "tokio"]),
            &entry("alone", &[NAME]),
            &entry("z", &["a"]),
        );
        assert_eq!(locked(&before, &crates.into()), after);
    }
}
