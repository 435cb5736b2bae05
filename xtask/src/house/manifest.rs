//! Every member takes its lints, licence and publish from the workspace: forgetting a line would
//! switch the lints off without a word.

use std::fs;

use anyhow::{Context, Result};

use super::Findings;
use crate::workspace::Workspace;

const REQUIRED: &[&str] = &[
    "[lints]\nworkspace = true",
    "license.workspace = true",
    "publish.workspace = true",
    "edition.workspace = true",
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        let path = &package.manifest_path;
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        for missing in missing(&text) {
            broken.push(format!(
                "{} lacks {missing:?}",
                workspace.relative(path).display()
            ));
        }
    }
    Ok(Findings::broken(broken))
}

fn missing(manifest: &str) -> Vec<&'static str> {
    REQUIRED
        .iter()
        .copied()
        .filter(|required| !manifest.contains(required))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_lints_are_found() {
        let manifest =
            "license.workspace = true\npublish.workspace = true\nedition.workspace = true\n";
        assert_eq!(missing(manifest), ["[lints]\nworkspace = true"]);
    }
}
