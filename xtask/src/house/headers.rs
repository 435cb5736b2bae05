//! A file begins with what it is. Test files beside the code they test are spared: their names say
//! it.

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let files = sources::rust(&workspace.root)?;
    let broken = files
        .iter()
        .filter(|file| lacks_header(file))
        .map(describe)
        .collect();
    Ok(Findings::broken(broken))
}

fn describe(file: &Source) -> String {
    format!(
        "{} does not begin with a //! that says what it is",
        file.path.display()
    )
}

fn lacks_header(file: &Source) -> bool {
    let is_tests = file.path.ends_with("tests.rs") || file.path.iter().any(|part| part == "tests");
    let first = file.text.lines().find(|line| !line.starts_with("#!["));
    !is_tests && !first.is_some_and(|line| line.starts_with("//!"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_need_one_and_tests_do_not() {
        let file = |path: &str, text: &str| Source {
            path: path.into(),
            text: text.to_owned(),
        };
        assert!(lacks_header(&file("crates/a/src/b.rs", "use std::fmt;\n")));
        assert!(!lacks_header(&file("crates/a/src/b.rs", "//! B.\n")));
        assert!(!lacks_header(&file(
            "crates/a/src/b.rs",
            "#![allow(x)]\n//! B.\n"
        )));
        assert!(!lacks_header(&file(
            "crates/a/src/b/tests.rs",
            "use super::*;\n"
        )));
        assert!(!lacks_header(&file(
            "crates/a/tests/kernel/b.rs",
            "use super::*;\n"
        )));
    }
}
