//! One main type a file: a file that grows past 400 lines gets a nudge, past 500 it is split, tests
//! included. How long a function may be is clippy's to check (`too_many_lines`, `clippy.toml`).

use anyhow::Result;

use super::Findings;
use super::sources;
use crate::workspace::Workspace;

const NUDGE: usize = 400;
const LIMIT: usize = 500;

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let mut findings = Findings::default();
    for file in sources::rust(&workspace.root)? {
        let lines = file.text.lines().count();
        let said = format!("{} has {lines} lines", file.path.display());
        if lines > LIMIT {
            findings
                .broken
                .push(format!("{said}, more than {LIMIT}: split it by verb"));
        } else if lines > NUDGE {
            findings.nudges.push(said);
        }
    }
    Ok(findings)
}
