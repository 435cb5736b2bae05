//! `gatewayd check`: what would be used, where it comes from, and whether this host has what it
//! needs. Starts nothing, changes nothing, and prints no secret: keys of certificates are files.

mod host;
mod networks;
mod port;

pub use host::uplink_problem;
pub use networks::peers_conflict as peers_problem;

use crate::config::{Entry, Loaded};
use anyhow::{Context, Result};
use std::io;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    what: &'static str,
    verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Fine(String),
    /// Not to be told from here.
    Unknown(String),
    /// The node would not start, or not do what it is there for.
    Problem(String),
}

/// Prints it all. An error if the host lacks something.
pub fn run(loaded: &Loaded) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let findings = runtime.block_on(host::look(&loaded.settings));
    let text = report(loaded, &findings);
    match io::Write::write_all(&mut io::stdout(), text.as_bytes()) {
        // `gatewayd check | head` is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(error).context("printing the settings");
        }
        _ => {}
    }
    let problems = findings.iter().filter(|finding| finding.is_problem());
    match problems.count() {
        0 => Ok(()),
        1 => anyhow::bail!("this host lacks something: see PROBLEM above"),
        n => anyhow::bail!("this host lacks {n} things: see PROBLEM above"),
    }
}

impl Finding {
    const fn is_problem(&self) -> bool {
        matches!(self.verdict, Verdict::Problem(_))
    }
}

fn report(loaded: &Loaded, findings: &[Finding]) -> String {
    let mut text = entries(&loaded.entries);
    text.push_str("\nThis host:\n");
    for Finding { what, verdict } in findings {
        let (word, said) = match verdict {
            Verdict::Fine(said) => ("ok", said),
            Verdict::Unknown(said) => ("unknown", said),
            Verdict::Problem(said) => ("PROBLEM", said),
        };
        line(&mut text, format_args!("{word:<8} {what}: {said}"));
    }
    if !loaded.warnings.is_empty() {
        text.push_str("\nWarnings:\n");
        for warning in &loaded.warnings {
            line(&mut text, format_args!("- {warning}"));
        }
    }
    text
}

/// A table: key, value, source.
fn entries(entries: &[Entry]) -> String {
    let value = |entry: &Entry| entry.value.clone().unwrap_or_else(|| "-".to_owned());
    let widest = |width: fn(&Entry) -> usize, least: usize| {
        entries.iter().map(width).fold(least, usize::max)
    };
    let keys = widest(|entry| entry.key.len(), "KEY".len());
    let values = widest(
        |entry| {
            entry
                .value
                .as_deref()
                .map_or(1, |value| value.chars().count())
        },
        "VALUE".len(),
    );
    let mut text = String::new();
    line(
        &mut text,
        format_args!("{:<keys$}  {:<values$}  SOURCE", "KEY", "VALUE"),
    );
    for entry in entries {
        let (key, source) = (entry.key, entry.source);
        line(
            &mut text,
            format_args!("{key:<keys$}  {:<values$}  {source}", value(entry)),
        );
    }
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.push_str(&line.to_string());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Options, Outside, RunArgs};

    #[test]
    fn key_value_and_source_are_printed_and_no_structure_of_ours() {
        let arguments = RunArgs {
            config: None,
            bootstrap: false,
            alone: false,
            options: Options {
                node_id: Some("1".to_owned()),
                peer_listen: Some("127.0.0.1:7066".to_owned()),
                ..Options::default()
            },
        };
        let outside = Outside {
            variables: vec!["GATEWAY_API_SECRET".to_owned()],
            ..Outside::default()
        };
        let loaded = Loaded::load(arguments, &outside).expect("it is right");
        let problem = Finding {
            what: "uplink",
            verdict: Verdict::Problem("vmbr9 is absent".to_owned()),
        };
        let text = report(&loaded, &[problem]);
        let has = |words: &[&str]| {
            let mut lines = text.lines();
            lines.any(|line| line.split_whitespace().collect::<Vec<_>>() == words)
        };
        assert!(has(&["KEY", "VALUE", "SOURCE"]), "{text}");
        assert!(has(&["GATEWAY_NODE_ID", "1", "env"]), "{text}");
        assert!(
            has(&["GATEWAY_DHCP_POOL_START", "10.15.3.20", "default"]),
            "{text}"
        );
        assert!(has(&["GATEWAY_DHCP_DNS", "-", "default"]), "{text}");
        assert!(
            has(&["PROBLEM", "uplink:", "vmbr9", "is", "absent"]),
            "{text}"
        );
        assert!(text.contains("- GATEWAY_API_SECRET"), "{text}");
        assert!(!text.contains("Some(") && !text.contains('{'), "{text}");
    }
}
