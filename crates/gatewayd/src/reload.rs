//! SIGHUP: what can be taken over without a restart is, and the rest is named.
//!
//! Taken over: what is logged (LOG_LEVEL in the TOML file; an environment variable of a running
//! process does not change). Everything else was built into the node when it started. A configuration
//! that cannot be used changes nothing, and SIGHUP never ends the process.

use crate::config::{Loaded, Outside, RunArgs, Settings};
use crate::logging::Logging;
use std::path::PathBuf;
use tokio::signal::unix::Signal;

/// What a reload compares with, and changes.
pub struct Reload {
    arguments: RunArgs,
    outside: Outside,
    settings: Settings,
    logging: Logging,
    /// The TLS files as they were read at the start.
    tls_files: Vec<Option<Vec<u8>>>,
}

impl Reload {
    pub fn new(arguments: RunArgs, outside: Outside, settings: Settings, logging: Logging) -> Self {
        let tls_files = read_tls_files(&settings);
        Self {
            arguments,
            outside,
            settings,
            logging,
            tls_files,
        }
    }

    /// Reloads at each SIGHUP, for as long as the process lives.
    pub async fn at_each(mut self, mut hangups: Signal) {
        while hangups.recv().await.is_some() {
            self.reload();
        }
    }

    fn reload(&mut self) {
        let new = match Loaded::load(self.arguments.clone(), &self.outside) {
            Ok(loaded) => loaded.settings,
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!("SIGHUP: nothing is taken over: {error:#}");
                return;
            }
        };
        if new.log_level != self.settings.log_level {
            match self.logging.set_level(&new.log_level) {
                Ok(()) => self.settings.log_level.clone_from(&new.log_level),
                Err(error) => tracing::error!("SIGHUP: {error:#}"),
            }
        }
        let mut waiting = changed(&self.settings, &new);
        if read_tls_files(&new) != self.tls_files {
            waiting.push("the content of the TLS files".to_owned());
        }
        if waiting.is_empty() {
            tracing::info!(log_level = self.settings.log_level, "SIGHUP: reloaded");
        } else {
            tracing::warn!(
                log_level = self.settings.log_level,
                "SIGHUP: reloaded, except for what takes a restart of this node: {}",
                waiting.join(", ")
            );
        }
    }
}

/// The files are small. One that cannot be read is not there: the next start will say why.
fn read_tls_files(settings: &Settings) -> Vec<Option<Vec<u8>>> {
    let files = settings.peer_tls.iter();
    let files = files.flat_map(|tls| [&tls.ca, &tls.certificate, &tls.key]);
    files
        .map(|file: &PathBuf| std::fs::read(file).ok())
        .collect()
}

/// The names of the settings that differ.
fn changed(old: &Settings, new: &Settings) -> Vec<String> {
    let (old, new) = (format!("{old:#?}"), format!("{new:#?}"));
    let (old, new) = (fields(&old), fields(&new));
    let differs = |(name, text): &(&str, String)| {
        let before = old.iter().find(|(other, _)| other == name);
        before.is_none_or(|(_, before)| before != text)
    };
    let changed = new.iter().filter(|field| differs(field));
    changed.map(|(name, _)| (*name).to_owned()).collect()
}

/// The fields of a structure as `{:#?}` shows it: each begins a line, four spaces in.
fn fields(shown: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in shown.lines() {
        let field = line.strip_prefix("    ").and_then(|rest| {
            let (name, _) = rest.split_once(':')?;
            (!name.starts_with([' ', '}', ']', ')'])).then_some(name)
        });
        match field {
            Some(name) => fields.push((name, line.to_owned())),
            None => {
                if let Some((_, text)) = fields.last_mut() {
                    text.push_str(line);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code, reason = "shown by Debug")]
    struct Sample {
        one: u8,
        list: Vec<(u8, u8)>,
        last: Option<&'static str>,
    }

    #[test]
    fn each_field_of_a_structure_is_told_apart() {
        let sample = Sample {
            one: 1,
            list: vec![(1, 2), (3, 4)],
            last: Some("a: b"),
        };
        let shown = format!("{sample:#?}");
        let names: Vec<_> = fields(&shown).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["one", "list", "last"]);
    }
}
