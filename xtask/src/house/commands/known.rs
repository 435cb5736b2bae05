//! What there is to be named: tests by their paths, scenarios, mutations, workloads, nemeses. Read from the
//! sources, since nothing of ours is run here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};

use crate::house::sources::{self, Source};
use crate::workspace::Workspace;

/// All names.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By crate: the target (`lib`, `bin`, or a test program's name) and the test's path.
    pub(super) tests: BTreeMap<String, BTreeSet<(String, String)>>,
    pub(super) drills: BTreeSet<String>,
    pub(super) mutations: BTreeSet<String>,
    pub(super) workloads: BTreeSet<String>,
    pub(super) nemeses: BTreeSet<String>,
}

impl Known {
    pub(super) fn of(workspace: &Workspace) -> Result<Self> {
        let mutations = mutants::ALL.iter().map(|it| it.name.to_owned());
        let mut known = Self {
            mutations: mutations.collect(),
            ..Self::default()
        };
        for package in &workspace.packages {
            let directory = package.manifest_path.parent();
            let directory = directory.context("a manifest without a directory")?;
            let sources = sources::rust(directory)?;
            let roots = Roots::of(&sources);
            let tests = sources.iter().flat_map(|it| tests_of(it, &roots)).collect();
            known.tests.insert(package.name.clone(), tests);
            for source in &sources {
                known.note(&package.name, source);
            }
        }
        Ok(known)
    }

    fn note(&mut self, package: &str, source: &Source) {
        let path = source.path.to_string_lossy();
        let is = |of: &str, file: &str| package == of && path == file;
        if package == "lab" && path.starts_with("src/scenarios") {
            let names = quoted(&source.text, "name: \"");
            self.drills.extend(names);
        }
        if is("jepsen-tests", "src/workload.rs") {
            self.workloads
                .extend(variants(&source.text, "enum Workload "));
        }
        if is("jepsen-tests", "src/nemesis/catalogue.rs") {
            self.nemeses
                .extend(variants(&source.text, "enum NemesisKind "));
        }
    }
}

/// The modules that a crate's library and its program begin with: a file may belong to either, or to both.
#[derive(Debug, Default)]
struct Roots {
    lib: BTreeSet<String>,
    bin: BTreeSet<String>,
}

impl Roots {
    fn of(sources: &[Source]) -> Self {
        let modules = |root: &str| -> BTreeSet<String> {
            let root = sources.iter().find(|it| it.path == Path::new(root));
            let lines = root.map_or("", |it| &it.text).lines();
            let words = lines.filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
            words.map(str::to_owned).collect()
        };
        Self {
            lib: modules("src/lib.rs"),
            bin: modules("src/main.rs"),
        }
    }

    /// The targets under `src` that have this module.
    fn targets(&self, module: &str, path: &Path) -> Vec<&'static str> {
        let first = module.split("::").next().unwrap_or_default();
        let has = |root: &str, modules: &BTreeSet<String>| {
            path == Path::new(root) || modules.contains(first)
        };
        let lib = has("src/lib.rs", &self.lib).then_some("lib");
        let bin = has("src/main.rs", &self.bin).then_some("bin");
        lib.into_iter().chain(bin).collect()
    }
}

/// What stands behind each `start`, up to the next quote.
fn quoted(text: &str, start: &str) -> Vec<String> {
    let behind = text.split(start).skip(1);
    behind
        .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// The variants of an enumeration, as clap names them.
fn variants(text: &str, start: &str) -> Vec<String> {
    let Some((_, body)) = text.split_once(start) else {
        return Vec::new();
    };
    let lines = body.lines().skip(1).take_while(|line| *line != "}");
    let names = lines.filter_map(|line| line.trim().strip_suffix(','));
    names.map(kebab).collect()
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(letter.to_lowercase());
    }
    kebab
}

/// The tests of a file: its target, and their paths. A harness of our own lists functions beside their names.
fn tests_of(source: &Source, roots: &Roots) -> Vec<(String, String)> {
    let Some((target, module)) = place(&source.path) else {
        return Vec::new();
    };
    let targets: Vec<&str> = match target.as_str() {
        "src" => roots.targets(&module, &source.path),
        test => vec![test],
    };
    let named = tests_in(&source.text, &module, target != "src");
    let of = |name: &String| {
        targets
            .iter()
            .map(|of| ((*of).to_owned(), name.clone()))
            .collect()
    };
    named
        .iter()
        .flat_map(|name| -> Vec<_> { of(name) })
        .collect()
}

/// The paths of the tests in a text.
fn tests_in(text: &str, module: &str, may_list: bool) -> Vec<String> {
    let mut modules: Vec<(usize, &str)> = Vec::new();
    let (mut is_test, mut found) = (false, Vec::new());
    for line in text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code == "}" {
            modules.retain(|(begun, _)| *begun < indent);
        }
        let code = code.strip_prefix("pub ").unwrap_or(code);
        if let Some(name) = code
            .strip_prefix("mod ")
            .and_then(|it| it.strip_suffix(" {"))
        {
            modules.push((indent, name));
        }
        is_test |= code.starts_with("#[test]") || code.starts_with("#[tokio::test");
        let code = code.strip_prefix("async ").unwrap_or(code);
        if let Some(rest) = code.strip_prefix("fn ") {
            let name = rest.split(['(', '<']).next().unwrap_or_default();
            let is_listed = may_list && is_listed(text, name);
            if !std::mem::take(&mut is_test) && !is_listed {
                continue;
            }
            let path = [module].into_iter().filter(|it| !it.is_empty());
            let path = path
                .chain(modules.iter().map(|(_, name)| *name))
                .chain([name]);
            found.push(path.collect::<Vec<_>>().join("::"));
        }
    }
    found
}

/// Whether a function stands beside its own name, as a harness of our own has it.
fn is_listed(text: &str, name: &str) -> bool {
    let beside = [format!("\"{name}\", {name})"), format!(" {name},\n")];
    text.contains(&format!("\"{name}\",")) && beside.iter().any(|it| text.contains(it))
}

/// The target that a file belongs to, and the path of its module there.
fn place(path: &Path) -> Option<(String, String)> {
    let path = path.with_extension("");
    let mut parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let root = (!parts.is_empty()).then(|| parts.remove(0))?;
    let target = match root.as_str() {
        "src" => root,
        "tests" if !parts.is_empty() => parts.remove(0),
        _ => return None,
    };
    let is_root = |name: &String| ["mod", "lib", "main"].contains(&name.as_str());
    if parts.last().is_some_and(is_root) {
        parts.pop();
    }
    Some((target, parts.join("::")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn tests_are_found_by_their_paths() {
        let text = "#[test]\nfn one() {}\nfn helper() {}\nmod tests {\n    #[tokio::test(start_paused = true)]\n    \
                    async fn two() {\n    }\n}\n#[test]\nfn three() {}\n";
        let paths = |path| -> Vec<String> {
            let roots = Roots {
                lib: BTreeSet::from(["a".to_owned()]),
                bin: BTreeSet::from(["b".to_owned()]),
            };
            let tests = tests_of(&source(path, text), &roots).into_iter();
            tests.map(|(of, name)| format!("{of} {name}")).collect()
        };
        assert_eq!(
            paths("src/a/mod.rs"),
            ["lib a::one", "lib a::tests::two", "lib a::three"]
        );
        assert_eq!(paths("src/b.rs")[0], "bin b::one");
        assert_eq!(paths("src/lib.rs")[0], "lib one");
        assert_eq!(paths("tests/contract.rs")[0], "contract one");
        assert_eq!(paths("tests/contract/main.rs")[1], "contract tests::two");
        assert_eq!(paths("benches/x.rs"), Vec::<String>::new());
        let listed = "const TESTS: [Test; 1] = [(\"four\", four)];\nfn four() {}\nfn five() {}\n";
        assert_eq!(tests_in(listed, "guard", true), ["guard::four"]);
    }

    #[test]
    fn names_are_read_as_clap_shows_them() {
        let text = "pub enum NemesisKind {\n    /// Kills\n    Kill,\n    PowerCutAll,\n}\nenum Other {\n    No,\n}\n";
        assert_eq!(
            variants(text, "enum NemesisKind "),
            ["kill", "power-cut-all"]
        );
        assert_eq!(quoted("name: \"a\", name: \"b\"", "name: \""), ["a", "b"]);
    }
}
