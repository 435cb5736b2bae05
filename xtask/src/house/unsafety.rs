//! The compiler denies unsafe code in every crate (`unsafe_code = "deny"`); a module may allow it
//! for itself. Here is the list of those that may, each with a reason.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

/// The module that carries the attribute, and why it needs it.
const ALLOWED: &[(&str, &str)] = &[(
    "crates/natd/src/kernel/nft_sys.rs",
    "calls libnftnl, which is C",
)];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let files = sources::rust(&workspace.root)?;
    Ok(Findings::broken(files.iter().filter_map(breach).collect()))
}

fn breach(file: &Source) -> Option<String> {
    let is_listed = ALLOWED.iter().any(|(path, _)| Path::new(path) == file.path);
    if is_listed || !file.text.lines().any(allows_unsafe) {
        return None;
    }
    Some(format!(
        "{} allows unsafe code: do without, or list it with its reason in xtask/src/house/unsafety.rs",
        file.path.display()
    ))
}

/// Whether a line is an attribute that lifts the ban.
fn allows_unsafe(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#')
        && line.contains("unsafe_code")
        && !line.contains("forbid")
        && !line.contains("deny")
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
    fn unlisted_modules_may_not() {
        assert!(breach(&file("crates/dhcpd/src/lib.rs", "#![allow(unsafe_code)]\n")).is_some());
        assert!(
            breach(&file(
                "crates/dhcpd/src/a.rs",
                "    #[expect(unsafe_code, reason = \"…\")]\n"
            ))
            .is_some()
        );
        assert!(breach(&file("crates/dhcpd/src/b.rs", "#![forbid(unsafe_code)]\n")).is_none());
        assert!(breach(&file(ALLOWED[0].0, "#![allow(unsafe_code)]\n")).is_none());
    }
}
