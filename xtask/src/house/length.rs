//! One main type a file: a file that grows past 400 lines gets a nudge, past 800 it is split.

use anyhow::Result;

use super::Findings;
use super::sources;
use crate::workspace::Workspace;

const NUDGE: usize = 400;
const LIMIT: usize = 800;

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
