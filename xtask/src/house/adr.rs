//! Decisions: `docs/adr/NNNN-title.md`, each number once, each in the index (`docs/adr/README.md`),
//! and there whenever the sources say "ADR NNNN".

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

const DIRECTORY: &str = "docs/adr";
const INDEX: &str = "README.md";
const REFERENCE: &str = "ADR ";
const DIGITS: usize = 4;

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let files = sources::with_extensions(&workspace.root, &["md", "rs", "toml", "proto"])?;
    Ok(Findings::broken(breaches(&files)))
}

fn breaches(files: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut numbered: BTreeMap<&str, &str> = BTreeMap::new();
    for name in files.iter().filter_map(|file| decision_name(&file.path)) {
        match number(name) {
            None => broken.push(format!("{DIRECTORY}/{name} is not called NNNN-title.md")),
            Some(number) => {
                if let Some(other) = numbered.insert(number, name) {
                    broken.push(format!(
                        "{other} and {name} have one number: take the next free one"
                    ));
                }
            }
        }
    }
    broken.extend(not_in_index(files, numbered.values().copied()));
    broken.extend(without_decision(files, &numbered.keys().copied().collect()));
    broken
}

/// The file's name, if it is a decision.
fn decision_name(path: &Path) -> Option<&str> {
    let name = path.strip_prefix(DIRECTORY).ok()?.to_str()?;
    (name != INDEX && !name.contains('/')).then_some(name)
}

fn number(name: &str) -> Option<&str> {
    let (number, title) = name.split_once('-')?;
    let is_number = number.len() == DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && title.len() > ".md".len()).then_some(number)
}

fn not_in_index<'a>(files: &[Source], names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let index = files
        .iter()
        .find(|file| file.path == Path::new(DIRECTORY).join(INDEX));
    let index = index.map_or("", |file| file.text.as_str());
    names
        .filter(|name| !index.contains(&format!("({name})")))
        .map(|name| format!("{DIRECTORY}/{INDEX} does not link to {name}"))
        .collect()
}

fn without_decision(files: &[Source], known: &BTreeSet<&str>) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| !file.path.starts_with("xtask")) {
        let referred: BTreeSet<&str> = references(&file.text).collect();
        for number in referred.difference(known) {
            broken.push(format!("{}: there is no ADR {number}", file.path.display()));
        }
    }
    broken
}

/// The numbers after "ADR ".
fn references(text: &str) -> impl Iterator<Item = &str> {
    text.split(REFERENCE)
        .skip(1)
        .filter_map(|rest| rest.get(..DIGITS))
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn numbers_index_and_references_agree() {
        let good = [
            file("docs/adr/README.md", "- [sled](0004-sled.md)\n"),
            file("docs/adr/0004-sled.md", "# Why sled\n"),
            file("crates/a/src/lib.rs", "//! See ADR 0004.\n"),
        ];
        assert_eq!(breaches(&good), Vec::<String>::new());
        let bad = [
            file("docs/adr/0004-other.md", ""),
            file("docs/adr/0004-sled.md", ""),
            file("docs/adr/notes.md", ""),
            file("crates/a/src/lib.rs", "//! See ADR 0009.\n"),
        ];
        let found = breaches(&bad).join("\n");
        for expected in [
            "have one number",
            "notes.md is not called",
            "does not link to 0004-sled.md",
            "no ADR 0009",
        ] {
            assert!(found.contains(expected), "{expected} in:\n{found}");
        }
    }
}
