//! Both servers' answers side by side, and what ADR 0028 says of the differences.
//!
//! The decision is read, not repeated: its table has a line for each packet that we answer otherwise, with
//! both answers. A difference without its line fails, and so does a line without its difference.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::report::Report;

const DECISION: &str = include_str!("../../../../../docs/adr/0028-where-we-answer-otherwise.md");

/// One packet and what two servers said.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) ours: String,
    pub(super) theirs: String,
}

impl Row {
    fn differs(&self) -> bool {
        self.ours != self.theirs
    }

    /// As the decision writes it, up to the reason.
    fn line(&self, them: &str) -> String {
        format!(
            "| {} | {} | {them}: {} |",
            self.name, self.ours, self.theirs
        )
    }

    fn is_explained(&self, them: &str) -> bool {
        let line = self.line(them);
        let reason = |text: &str| {
            let after = text.strip_prefix(&line);
            after.is_some_and(|reason| !reason.trim_matches([' ', '|']).is_empty())
        };
        DECISION.lines().any(reason)
    }
}

/// Writes the table to `file`, and each row into the report. An error names what the decision lacks, and what it
/// has too much.
pub(super) fn judge(rows: &[Row], them: &str, file: &Path, report: &mut Report) -> Result<usize> {
    let mut table = format!("| packet | gatewayd | {them} | |\n|---|---|---|---|\n");
    for row in rows {
        let verdict = match (row.differs(), row.is_explained(them)) {
            (false, _) => "same",
            (true, true) => "explained in ADR 0028",
            (true, false) => "NOT EXPLAINED",
        };
        let (name, ours, theirs) = (row.name, &row.ours, &row.theirs);
        table += &format!("| {name} | {ours} | {theirs} | {verdict} |\n");
        let both = format!("we: {ours}; {them}: {theirs}; {verdict}");
        report.figure(name, both);
    }
    fs::write(file, table).with_context(|| format!("writing {}", file.display()))?;
    let differs = || rows.iter().filter(|row| row.differs());
    let missing: Vec<_> = differs()
        .filter(|row| !row.is_explained(them))
        .map(|row| row.line(them))
        .collect();
    let stale: Vec<_> = lines_about(them)
        .filter(|line| !differs().any(|row| line.starts_with(&row.line(them))))
        .collect();
    if missing.is_empty() && stale.is_empty() {
        return Ok(differs().count());
    }
    bail!(
        "docs/adr/0028 lacks a line with a reason for:\n{}\nand has one that is not so for:\n{}",
        missing.join("\n"),
        stale.join("\n")
    )
}

fn lines_about(them: &str) -> impl Iterator<Item = &'static str> {
    let mark = format!(" | {them}: ");
    DECISION.lines().filter(move |line| line.contains(&mark))
}
