//! Documents link to files that exist. Links to the web are not followed.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::markdown;
use super::sources::{self, Source};
use crate::workspace::Workspace;

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let documents = sources::with_extensions(&workspace.root, &["md"])?;
    let broken = documents
        .iter()
        .flat_map(|document| breaches(&workspace.root, document))
        .collect();
    Ok(Findings::broken(broken))
}

fn breaches(root: &Path, document: &Source) -> Vec<String> {
    let directory = root.join(&document.path);
    let directory = directory.parent().unwrap_or(root);
    markdown::links(&document.text)
        .into_iter()
        .filter(|(_, target)| is_local(target) && !exists(root, directory, target))
        .map(|(line, target)| format!("{}:{line}: there is no {target}", document.path.display()))
        .collect()
}

fn is_local(target: &str) -> bool {
    !target.is_empty()
        && !target.starts_with('#')
        && !target.contains("://")
        && !target.starts_with("mailto:")
}

fn exists(root: &Path, directory: &Path, target: &str) -> bool {
    let path = target.split('#').next().unwrap_or(target);
    match path.strip_prefix('/') {
        Some(from_root) => root.join(from_root).exists(),
        None => directory.join(path).exists(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nowhere_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = "[a](src/main.rs) [b](Cargo.toml#L1) [c](gone.md) [d](https://example.org/x) [e](#part)";
        let document = Source {
            path: "README.md".into(),
            text: text.to_owned(),
        };
        assert_eq!(
            breaches(root, &document),
            ["README.md:1: there is no gone.md"]
        );
    }
}
