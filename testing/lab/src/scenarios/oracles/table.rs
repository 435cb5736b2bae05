//! All servers' answers side by side, and what is written of them.
//!
//! `docs/testing/oracles.md` has every answer of every server, and ADR 0028 a line with a reason for each packet that
//! we answer as no other server does. Both are read, not repeated: an answer that is not as noted fails, an answer of
//! ours alone without its line fails, and so does a line that is not so any more.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::report::Report;

const RECORD: &str = include_str!("../../../../../docs/testing/oracles.md");
const DECISION: &str = include_str!("../../../../../docs/adr/0028-where-we-answer-otherwise.md");
/// The columns of the record, ours first.
const SERVERS: [&str; 4] = ["gatewayd", "dnsmasq", "ISC dhcpd", "Kea"];
/// Where an answer is not known.
const UNKNOWN: &str = "?";

/// What a server that was played said, row by row.
pub(super) struct Column {
    pub(super) server: &'static str,
    pub(super) answers: Vec<String>,
}

/// One packet, and what each of [`SERVERS`] said.
struct Row {
    name: String,
    answers: [String; 4],
}

impl Row {
    /// Answers by the others, each with those who gave it.
    fn theirs(&self) -> String {
        let [_, others @ ..] = &self.answers;
        if others.iter().all(|answer| *answer == others[0]) {
            return format!("all: {}", others[0]);
        }
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (answer, server) in others.iter().zip(&SERVERS[1..]) {
            match groups.iter_mut().find(|(known, _)| known == answer) {
                Some((_, servers)) => servers.push(server),
                None => groups.push((answer, vec![server])),
            }
        }
        let group =
            |(answer, servers): &(&str, Vec<&str>)| format!("{}: {answer}", servers.join(", "));
        groups.iter().map(group).collect::<Vec<_>>().join("; ")
    }

    /// Whether nobody else says what we say.
    fn is_ours_alone(&self) -> bool {
        let [ours, others @ ..] = &self.answers;
        !others.contains(ours)
    }

    /// As the record has it.
    fn line(&self) -> String {
        format!("| {} | {} |", self.name, self.answers.join(" | "))
    }

    /// As the decision has it, up to the reason.
    fn decision(&self) -> String {
        let [ours, ..] = &self.answers;
        format!("| {} | {ours} | {} | ", self.name, self.theirs())
    }
}

/// Writes the table to `file`, and each row into the report. An error names what the record and the decision lack.
pub(super) fn judge(
    names: &[&str],
    columns: &[Column],
    file: &Path,
    report: &mut Report,
) -> Result<()> {
    let rows = rows(names, columns);
    let head = format!(
        "| packet | {} |\n|{}\n",
        SERVERS.join(" | "),
        "---|".repeat(5)
    );
    let table: String = rows.iter().map(|row| row.line() + "\n").collect();
    fs::write(file, head + &table).with_context(|| format!("writing {}", file.display()))?;
    for row in &rows {
        report.figure(
            &row.name,
            format!("we: {}; {}", row.answers[0], row.theirs()),
        );
    }
    report.figure("packets", rows.len());
    let alone = rows.iter().filter(|row| row.is_ours_alone());
    report.figure("answered by us alone so, with a reason", alone.count());
    let wrong = [unnoted(&rows), undecided(&rows, DECISION)].concat();
    if wrong.is_empty() {
        return Ok(());
    }
    bail!(
        "{}\nThe table as it was played is in {}",
        wrong.join("\n"),
        file.display()
    )
}

/// What was played, and for the servers that were not, what was noted.
fn rows(names: &[&str], columns: &[Column]) -> Vec<Row> {
    let noted = noted(RECORD);
    let answer = |row: usize, name: &str, server: usize| {
        let played = columns.iter().find(|c| c.server == SERVERS[server]);
        let played = played.and_then(|column| column.answers.get(row));
        let noted = noted.iter().find(|row| row.name == name);
        let noted = || noted.map(|row| &row.answers[server]);
        played.or_else(noted).cloned().unwrap_or(UNKNOWN.to_owned())
    };
    let row = |(index, name): (usize, &&str)| Row {
        name: (*name).to_owned(),
        answers: std::array::from_fn(|server| answer(index, name, server)),
    };
    names.iter().enumerate().map(row).collect()
}

/// The rows of the record's table.
fn noted(record: &str) -> Vec<Row> {
    let row = |line: &str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let mut cells = line.split(" | ").map(str::to_owned);
        let name = cells.next()?;
        let answers = cells.collect::<Vec<_>>().try_into().ok()?;
        Some(Row { name, answers })
    };
    let all = record.lines().filter_map(row);
    all.filter(|row| row.name != "packet").collect()
}

/// Rows that are not as the record has them, and what it has of packets that are not played any more.
fn unnoted(rows: &[Row]) -> Vec<String> {
    let noted = noted(RECORD);
    let known = |line: &String| noted.iter().any(|row| row.line() == *line);
    let played = |line: &String| rows.iter().any(|row| row.line() == *line);
    let missing = rows.iter().map(Row::line).filter(|line| !known(line));
    let stale = noted.iter().map(Row::line).filter(|line| !played(line));
    missing
        .map(|line| format!("docs/testing/oracles.md lacks {line}"))
        .chain(stale.map(|line| format!("docs/testing/oracles.md has {line}")))
        .collect()
}

/// Answers of ours alone without a reason, and reasons for what is not so.
fn undecided(rows: &[Row], decision: &str) -> Vec<String> {
    let alone: Vec<_> = rows.iter().filter(|row| row.is_ours_alone()).collect();
    let is_decided = |row: &&&Row| {
        let begin = row.decision();
        decision.lines().any(|line| {
            let reason = line.strip_prefix(&begin);
            reason.is_some_and(|reason| !reason.trim_matches([' ', '|']).is_empty())
        })
    };
    let missing = alone.iter().filter(|row| !is_decided(row));
    let lines = decision.lines().filter(|line| line.starts_with("| "));
    let lines = lines.filter(|line| !line.starts_with("| packet |"));
    let stale = lines.filter(|line| !alone.iter().any(|row| line.starts_with(&row.decision())));
    missing
        .map(|row| format!("docs/adr/0028 lacks, with a reason, {}", row.decision()))
        .chain(stale.map(|line| format!("docs/adr/0028 has, and it is not so, {line}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(answers: [&str; 4]) -> Row {
        Row {
            name: "DISCOVER".to_owned(),
            answers: answers.map(str::to_owned),
        }
    }

    #[test]
    fn every_answer_of_ours_alone_is_decided() {
        let rows = noted(RECORD);
        assert!(rows.len() > 100, "the record has {} rows", rows.len());
        assert_eq!(undecided(&rows, DECISION), Vec::<String>::new());
    }

    #[test]
    fn an_answer_of_ours_alone_needs_a_reason() {
        let alone = [row(["silent", "OFFER", "OFFER", "OFFER"])];
        let line = "| DISCOVER | silent | all: OFFER | ";
        assert_eq!(undecided(&alone, "").len(), 1);
        assert_eq!(undecided(&alone, &format!("{line} |")).len(), 1);
        assert!(undecided(&alone, &format!("{line}It is malformed |")).is_empty());
        let other = "| DISCOVER | NAK | all: OFFER | It is malformed |";
        assert_eq!(undecided(&alone, other).len(), 2, "a stale line as well");
    }

    #[test]
    fn who_is_in_company_needs_none() {
        let divided = [row(["silent", "OFFER", "silent", "OFFER"])];
        assert!(undecided(&divided, "").is_empty());
        assert_eq!(
            divided[0].theirs(),
            "dnsmasq, Kea: OFFER; ISC dhcpd: silent"
        );
    }

    #[test]
    fn a_line_of_the_record_is_read_as_it_is_written() {
        let written = row(["a", "b, c", "d; e", "?"]).line();
        let read = noted(&format!(
            "# Title\n| packet | a | b | c | d |\n|---|---|---|---|---|\n{written}\n"
        ));
        assert_eq!(read.iter().map(Row::line).collect::<Vec<_>>(), [written]);
    }
}
