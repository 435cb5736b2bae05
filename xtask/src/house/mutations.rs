//! A deliberate bug is a comment in the product: no line, parameter or build of it exists for one. Each comment can
//! be made code, and the list has each.

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::mutated_tree;
use crate::workspace::Workspace;

/// Where none of [`WORDS`] may stand.
const PRODUCT: &str = "crates";
/// What would be product code for a mutation: the macro and the cfg that there were, and the crate of the list.
const WORDS: [&str; 3] = ["mutated!", "gatewayd_mutations", "mutants::"];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let mut broken = mutated_tree::places(workspace)?.wrong;
    let files = sources::with_extensions(&workspace.root.join(PRODUCT), &["rs", "toml"])?;
    broken.extend(files.iter().flat_map(breaches));
    Ok(Findings::broken(broken))
}

fn breaches(file: &Source) -> Vec<String> {
    let lines = file.text.lines().zip(1..);
    let broken = lines.filter_map(|(line, number)| {
        let is_comment = line.trim_start().starts_with("//~");
        let word = WORDS.iter().find(|word| line.contains(**word))?;
        (!is_comment).then(|| {
            let path = file.path.display();
            format!("{PRODUCT}/{path}:{number}: {word}: a mutation is a comment, `//~ mutant NAME: STATEMENT`")
        })
    });
    broken.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_for_a_mutation_is_found_and_a_comment_is_none() {
        let file = |text: &str| Source {
            path: "a/src/b.rs".into(),
            text: text.to_owned(),
        };
        let comment = "    //~ mutant s1_x: let a = mutants::every_fourth_time();\n";
        assert_eq!(breaches(&file(comment)), Vec::<String>::new());
        let breach = breaches(&file("\nif ipam::mutated!(\"s1_x\") {\n"));
        assert!(breach[0].starts_with("crates/a/src/b.rs:2: mutated!"));
        assert_eq!(breaches(&file("#[cfg(gatewayd_mutations)]\n")).len(), 1);
    }
}
