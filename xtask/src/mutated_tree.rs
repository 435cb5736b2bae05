//! A copy of the tree in which the deliberate bugs are code: one build has them all, and one is turned on at run time.
//!
//! * **What it is.** In the product a deliberate bug is a comment at its place, `//~ mutant NAME: STATEMENT`
//!   ([`comment`] says what may stand there). Here each becomes code that asks `mutants::on("NAME")`, in a copy of
//!   what git knows and of what is not committed yet, in `target/mutants-src`. Each crate that has one gets a
//!   dependency on `mutants`, which has the list of all.
//! * **What it is not.** A change of the product: its sources and manifests name no mutation in code.
//! * **Invariants.** The copy is a function of the sources. A file whose content stays keeps its time, so that
//!   cargo builds again only what differs. A line of the copy has the number that it has in the source.
//! * **What is wrong is an error** that names file and line: a comment that cannot be made code, a name that is not
//!   in the list, and a name in the list without a place.

mod comment;
mod copy;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::git;
use crate::house::sources;
use crate::workspace::Workspace;
use comment::Rewritten;

/// Where the copy is.
const COPY: &str = "target/mutants-src";
/// What may have mutations.
const PRODUCT: &str = "crates";
/// Where the list of them is.
const LIST: &str = "testing/mutants/src/list.rs";

/// The deliberate bugs of the product, where they stand.
#[derive(Debug, Default)]
pub struct Places {
    /// The names by crate.
    pub by_crate: BTreeMap<String, BTreeSet<String>>,
    /// What is wrong with them, file and line first.
    pub wrong: Vec<String>,
}

/// Brings the copy up to date; where it is.
pub fn prepare(workspace: &Workspace) -> Result<PathBuf> {
    let (files, places) = (files(workspace)?, places(workspace)?);
    ensure!(
        places.wrong.is_empty(),
        "the mutations cannot be built in:\n{}",
        places.wrong.join("\n")
    );
    let copy = workspace.root.join(COPY);
    for file in &files {
        let source = workspace.root.join(file);
        let content = fs::read(&source).with_context(|| format!("reading {}", source.display()))?;
        let content = changed(file, content, &places)?;
        copy::put(&copy.join(file), &content)?;
    }
    copy::keep_only(&copy, &files)?;
    Ok(copy)
}

/// Where the mutations stand, and what is wrong with them.
pub fn places(workspace: &Workspace) -> Result<Places> {
    let mut places = Places::default();
    let product = Path::new(PRODUCT);
    for source in sources::rust(&workspace.root.join(product))? {
        places.note(&product.join(&source.path), &comment::rewrite(&source.text));
    }
    let list = fs::read_to_string(workspace.root.join(LIST));
    places.look_for_the_listed(&list.context("reading the list of mutations")?);
    Ok(places)
}

/// What git knows, and what is new, as far as it is there.
fn files(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    let known = ["ls-files", "-z", "--cached", "--others"];
    let known = git::ask(workspace, &[&known[..], &["--exclude-standard"]].concat())?;
    let known =
        known.context("the files of the mutations' tree are asked of git, which knows none")?;
    let names = known.split('\0').filter(|name| !name.is_empty());
    let files = names.map(PathBuf::from);
    Ok(files
        .filter(|file| workspace.root.join(file).is_file())
        .collect())
}

fn may_have_mutations(file: &Path) -> bool {
    file.starts_with(PRODUCT) && file.extension().is_some_and(|extension| extension == "rs")
}

/// The crate that a source file of the product belongs to; a test has no mutations.
fn crate_of(file: &Path) -> Option<String> {
    let mut parts = file.strip_prefix(PRODUCT).ok()?.iter();
    let name = parts.next()?.to_str()?.to_owned();
    (parts.next()? == "src").then_some(name)
}

/// The content that a file has in the copy.
fn changed(file: &Path, content: Vec<u8>, places: &Places) -> Result<Vec<u8>> {
    let is_lock = file == Path::new("Cargo.lock");
    let is_manifest = |name: &String| file == Path::new(PRODUCT).join(name).join("Cargo.toml");
    let has_mutations = places.by_crate.keys().any(is_manifest);
    if !is_lock && !has_mutations && !may_have_mutations(file) {
        return Ok(content);
    }
    let text = String::from_utf8(content).with_context(|| format!("reading {}", file.display()))?;
    let text = match (is_lock, has_mutations) {
        (true, _) => manifest::locked(&text, &places.by_crate),
        (_, true) => manifest::with_mutations(&text)
            .with_context(|| format!("{} has no [dependencies]", file.display()))?,
        _ => comment::rewrite(&text).text,
    };
    Ok(text.into_bytes())
}

impl Places {
    fn note(&mut self, file: &Path, found: &Rewritten) {
        let at = |line: &usize, what: &str| format!("{}:{line}: {what}", file.display());
        let wrong = found.wrong.iter().map(|(line, what)| at(line, what));
        self.wrong.extend(wrong);
        for (line, name) in &found.names {
            if !mutants::ALL.iter().any(|mutation| mutation.name == name) {
                let what = format!("there is no mutation {name} in {LIST}");
                self.wrong.push(at(line, &what));
            }
            match crate_of(file) {
                Some(of) => drop(self.by_crate.entry(of).or_default().insert(name.clone())),
                None => self
                    .wrong
                    .push(at(line, "a mutation belongs in a crate's src")),
            }
        }
    }

    fn look_for_the_listed(&mut self, list: &str) {
        let placed: BTreeSet<&String> = self.by_crate.values().flatten().collect();
        let mut missing = Vec::new();
        for mutation in mutants::ALL {
            if !placed.contains(&mutation.name.to_owned()) {
                let quoted = format!("\"{}\"", mutation.name);
                let line = list.lines().position(|line| line.contains(&quoted));
                let line = line.map_or(0, |before| before + 1);
                missing.push(format!(
                    "{LIST}:{line}: {} has no place in {PRODUCT}/",
                    mutation.name
                ));
            }
        }
        self.wrong.append(&mut missing);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_file_and_line() {
        let mut places = Places::default();
        let note = |places: &mut Places, file: &str, text: &str| {
            places.note(Path::new(file), &comment::rewrite(text));
        };
        note(
            &mut places,
            "crates/a/src/b.rs",
            "\n//~ mutant s1_holder_ignored: return;\n",
        );
        assert_eq!(places.wrong, Vec::<String>::new());
        assert!(places.by_crate["a"].contains("s1_holder_ignored"));
        note(
            &mut places,
            "crates/a/src/b.rs",
            "\n//~ mutant s0_no: return;\n//~ no\n",
        );
        note(
            &mut places,
            "crates/a/tests/b.rs",
            "//~ mutant s1_holder_ignored: return;\n",
        );
        let places_of_wrong: Vec<_> = places
            .wrong
            .iter()
            .map(|it| it.split(": ").next())
            .collect();
        let expected = [
            "crates/a/src/b.rs:3",
            "crates/a/src/b.rs:2",
            "crates/a/tests/b.rs:1",
        ];
        assert_eq!(places_of_wrong, expected.map(Some));
    }

    #[test]
    fn a_listed_name_without_a_place_is_named() {
        let mut places = Places::default();
        places.look_for_the_listed("x\n\"s1_holder_ignored\",\n");
        let missing = "testing/mutants/src/list.rs:2: s1_holder_ignored has no place in crates/";
        assert!(places.wrong.contains(&missing.to_owned()));
        assert_eq!(places.wrong.len(), mutants::ALL.len());
    }

    #[test]
    fn only_what_has_mutations_is_changed() {
        let by_crate = BTreeMap::from([("a".to_owned(), BTreeSet::new())]);
        let places = Places {
            by_crate,
            wrong: Vec::new(),
        };
        let content = |file: &str, text: &str| {
            let changed = changed(Path::new(file), text.into(), &places).unwrap();
            String::from_utf8(changed).unwrap()
        };
        let comment = "//~ mutant s1_x: return;\n";
        assert!(content("crates/a/src/b.rs", comment).contains("::mutants::on"));
        assert_eq!(content("docs/testing/mutations.md", comment), comment);
        let manifest = "[dependencies]\n";
        assert!(content("crates/a/Cargo.toml", manifest).contains("mutants"));
        assert_eq!(content("crates/b/Cargo.toml", manifest), manifest);
    }
}
