//! Gathers every key from the flags, the environment and the file, and says where each came from.

use super::defaults;
use super::options::{FileError, Options, RunArgs};
use super::settings::{ConfigError, Settings};
use super::unknown::{self, Unknown};
use std::collections::BTreeSet;
use std::fmt;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

/// One key as it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub key: &'static str,
    /// What it says; `None` where it says nothing and has no default.
    pub value: Option<String>,
    /// Who says so.
    pub source: Source,
}

/// A configuration that was gathered and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the node works with.
    pub settings: Settings,
    /// Every key.
    pub entries: Vec<Entry>,
    /// What was named and is not used, a sentence each.
    pub warnings: Vec<String>,
}

/// What was said outside of the file.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// The options that stand on the command line, by their field's name.
    pub flags: BTreeSet<String>,
    /// The names of all environment variables.
    pub variables: Vec<String>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "env",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

impl Loaded {
    /// Gathers, parses and checks.
    pub fn load(arguments: RunArgs, outside: &Outside) -> Result<Self, ConfigError> {
        let mut warnings = foreign_variables(&outside.variables)?;
        let path = arguments.config.as_deref();
        let file = match path {
            Some(path) => {
                let (options, foreign) = from_file(path)?;
                warnings.extend(foreign);
                options
            }
            None => Options::default(),
        };
        let entries = entries(&arguments.options, &file, &outside.flags);
        let options = arguments.options.or(file);
        let mut settings = Settings::from_options(options, arguments.bootstrap)?;
        settings.alone = arguments.alone;
        Ok(Self {
            settings,
            entries,
            warnings,
        })
    }
}

fn foreign_variables(names: &[String]) -> Result<Vec<String>, ConfigError> {
    let mut foreign = Vec::new();
    for name in names {
        match unknown::variable(name) {
            None => {}
            Some(Unknown::Foreign(text)) => foreign.push(text),
            Some(Unknown::Slip(meant)) => {
                return Err(ConfigError::Slip {
                    place: "the environment".to_owned(),
                    name: name.clone(),
                    meant,
                });
            }
        }
    }
    foreign.sort();
    Ok(foreign)
}

/// The file's options, and what it names that is not used.
fn from_file(path: &std::path::Path) -> Result<(Options, Vec<String>), ConfigError> {
    let content = Options::read(path)?;
    let parse = |source| FileError::Parse {
        path: path.to_owned(),
        source,
    };
    // What is no TOML, or names keys that are nobody's, gets TOML's own error with its line.
    let Ok(mut table) = content.parse::<toml::Table>() else {
        return Ok((Options::from_toml(&content).map_err(parse)?, Vec::new()));
    };
    let mut foreign = Vec::new();
    for name in table.keys() {
        match unknown::file_key(name) {
            None => {}
            Some(Unknown::Foreign(text)) => foreign.push((name.clone(), text)),
            Some(Unknown::Slip(meant)) => {
                return Err(ConfigError::Slip {
                    place: path.display().to_string(),
                    name: name.clone(),
                    meant,
                });
            }
        }
    }
    if foreign.is_empty() {
        return Ok((Options::from_toml(&content).map_err(parse)?, Vec::new()));
    }
    for (name, _) in &foreign {
        table.remove(name);
    }
    let options = Options::from_toml(&table.to_string()).map_err(parse)?;
    Ok((options, foreign.into_iter().map(|(_, text)| text).collect()))
}

fn entries(outside: &Options, file: &Options, flags: &BTreeSet<String>) -> Vec<Entry> {
    let given = outside.entries();
    let written = file.entries();
    given
        .into_iter()
        .zip(written)
        .map(|((key, field, given), (_, _, written))| {
            let source = match (given, written) {
                (Some(_), _) if flags.contains(field) => Source::Flag,
                (Some(_), _) => Source::Environment,
                (None, Some(_)) => Source::File,
                (None, None) => Source::Default,
            };
            let value = given.or(written).or_else(|| defaults::of(key));
            Entry {
                key,
                value: value.map(str::to_owned),
                source,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(config: Option<std::path::PathBuf>) -> RunArgs {
        RunArgs {
            config,
            bootstrap: false,
            alone: false,
            options: Options {
                node_id: Some("1".to_owned()),
                peer_listen: Some("127.0.0.1:7066".to_owned()),
                ..Options::default()
            },
        }
    }

    fn variables(names: &[&str]) -> Outside {
        Outside {
            flags: BTreeSet::from(["node_id".to_owned()]),
            variables: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_slip_in_the_environment_is_an_error_that_names_the_key() {
        let loaded = Loaded::load(arguments(None), &variables(&["GATEWAY_DHCP_POOL_STRT"]));
        let text = loaded.map_err(|error| error.to_string()).err();
        let text = text.expect("an error");
        assert!(
            text.contains("GATEWAY_DHCP_POOL_STRT") && text.contains("GATEWAY_DHCP_POOL_START"),
            "{text}"
        );
    }

    #[test]
    fn what_is_others_is_a_warning_without_its_value() {
        let names = ["GATEWAY_API_SECRET", "GATEWAY_SERVICE_HOST", "PATH"];
        let loaded = Loaded::load(arguments(None), &variables(&names)).expect("it starts");
        assert_eq!(loaded.warnings.len(), 2, "{:?}", loaded.warnings);
        assert!(loaded.warnings[0].contains("GATEWAY_API_SECRET"));
    }

    #[test]
    fn each_entry_says_where_it_is_from() {
        let directory = std::env::temp_dir().join(format!("gatewayd-load-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("gatewayd.toml");
        let content = "GATEWAY_NODE_ID = 7\nGATEWAY_DHCP_MTU = 1400\nGATEWAY_GRPC_PORT = 1537\n";
        std::fs::write(&file, content).expect("a file");
        let loaded = Loaded::load(arguments(Some(file.clone())), &variables(&[]));
        let loaded = loaded.expect("it is right");
        let find = |key| {
            loaded
                .entries
                .iter()
                .find(|entry| entry.key == key)
                .cloned()
        };
        let entry = |key, value: &str, source| {
            let value = Some(value.to_owned());
            Some(Entry { key, value, source })
        };
        assert_eq!(
            find("GATEWAY_NODE_ID"),
            entry("GATEWAY_NODE_ID", "1", Source::Flag)
        );
        let peer = entry("GATEWAY_PEER_LISTEN", "127.0.0.1:7066", Source::Environment);
        assert_eq!(find("GATEWAY_PEER_LISTEN"), peer);
        assert_eq!(
            find("GATEWAY_DHCP_MTU"),
            entry("GATEWAY_DHCP_MTU", "1400", Source::File)
        );
        let nat = entry("GATEWAY_NAT", "masquerade", Source::Default);
        assert_eq!(find("GATEWAY_NAT"), nat);
        assert!(loaded.warnings[0].contains("GATEWAY_GRPC_PORT"));

        std::fs::write(&file, "GATEWAY_DHCP_POOL_STRT = \"10.15.3.30\"\n").expect("a file");
        let slip = Loaded::load(arguments(Some(file)), &variables(&[]));
        let text = slip
            .map_err(|error| error.to_string())
            .err()
            .unwrap_or_default();
        assert!(
            text.contains("did you mean GATEWAY_DHCP_POOL_START?"),
            "{text}"
        );
        std::fs::remove_dir_all(directory).expect("it can be removed");
    }
}
