//! The table of a matrix: on the way, as markdown, as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result};
use serde::Serialize;

use super::cells::Cell;
use crate::runner::Summary;

/// The table for people.
pub const MARKDOWN: &str = "matrix.md";
const JSON: &str = "matrix.json";

/// A cell and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    workload: String,
    nemesis: String,
    verdict: String,
    #[serde(flatten)]
    summary: Option<Summary>,
    /// Of an earlier matrix.
    #[serde(skip)]
    reused: bool,
    /// Where to look, if there is no verdict.
    log: Option<PathBuf>,
}

/// All rows so far, by the places of their cells.
#[derive(Debug)]
pub struct Table {
    rows: BTreeMap<usize, Row>,
    total: usize,
}

impl Row {
    /// A cell with a verdict.
    pub fn of(cell: &Cell, summary: Summary, reused: bool) -> Self {
        let verdict = match summary.valid {
            true => "valid".to_owned(),
            false => format!("INVALID: {}", summary.broken.join(", ")),
        };
        Self {
            workload: cell.workload.name(),
            nemesis: cell.nemesis_names(", "),
            verdict,
            summary: Some(summary),
            reused,
            log: None,
        }
    }

    /// A cell whose run came to no verdict.
    pub fn failed(cell: &Cell, command: String, status: &ExitStatus, log: PathBuf) -> Self {
        Self {
            workload: cell.workload.name(),
            nemesis: cell.nemesis_names(", "),
            verdict: format!("NO VERDICT ({status}): `{command}`"),
            summary: None,
            reused: false,
            log: Some(log),
        }
    }
}

impl Table {
    /// Of `total` rows in the end.
    pub fn new(total: usize) -> Self {
        Self {
            rows: BTreeMap::new(),
            total,
        }
    }

    /// Adds the row of the cell at `place`, and gives a line about it.
    pub fn add(&mut self, place: usize, row: Row) -> String {
        let earlier = if row.reused { " (earlier)" } else { "" };
        let line = format!(
            "{:>3}/{}  {:<12} {:<34} {}{earlier}",
            self.rows.len() + 1,
            self.total,
            row.workload,
            row.nemesis,
            row.verdict
        );
        self.rows.insert(place, row);
        line
    }

    /// Whether all promises were kept in all cells.
    pub fn all_valid(&self) -> bool {
        let valid = |row: &Row| row.summary.as_ref().is_some_and(|summary| summary.valid);
        self.rows.values().all(valid)
    }

    /// The promises that no cell put to the test. With none that came to a verdict, nothing is known of any.
    pub fn unjudged(&self) -> Vec<String> {
        let summaries = self.rows.values().filter_map(|row| row.summary.as_ref());
        let mut all = summaries.map(|summary| &summary.unjudged);
        let mut unjudged = all.next().cloned().unwrap_or_default();
        for of_cell in all {
            unjudged.retain(|name| of_cell.contains(name));
        }
        unjudged
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| Workload | Nemesis | Strikes | ok | fail | info | Back after (s) | Verdict |\n\
             |---|---|---:|---:|---:|---:|---:|---|\n",
        );
        for row in self.rows.values() {
            let figures = row.summary.as_ref().map(|summary| {
                let back = summary.recovered_after;
                format!(
                    "{} | {} | {} | {} | {}",
                    summary.strikes,
                    summary.ok,
                    summary.fail,
                    summary.info,
                    back.map_or("never".to_owned(), |seconds| format!("{seconds:.1}"))
                )
            });
            let figures = figures.unwrap_or_else(|| "- | - | - | - | -".to_owned());
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {figures} | {} |",
                row.workload, row.nemesis, row.verdict
            );
        }
        text
    }

    /// Writes both tables into `directory`.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(&self.rows.values().collect::<Vec<_>>())
            .context("writing the table")?;
        for (name, text) in [(MARKDOWN, self.markdown()), (JSON, json + "\n")] {
            let path = directory.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::cells;

    fn row(unjudged: &[&str]) -> Row {
        let summary = Summary {
            command: String::new(),
            valid: true,
            broken: Vec::new(),
            unjudged: unjudged.iter().map(|name| (*name).to_owned()).collect(),
            ok: 1,
            fail: 0,
            info: 0,
            strikes: 1,
            recovered_after: Some(1.0),
        };
        Row::of(&cells::core()[0], summary, false)
    }

    #[test]
    fn what_one_cell_has_judged_is_judged() {
        let mut table = Table::new(3);
        table.add(0, row(&["L2", "L3", "S9"]));
        table.add(1, row(&["L3", "S9"]));
        assert_eq!(table.unjudged(), ["L3", "S9"]);
        table.add(2, row(&["L2", "S9"]));
        assert_eq!(table.unjudged(), ["S9"]);
        assert!(table.all_valid());
    }
}
