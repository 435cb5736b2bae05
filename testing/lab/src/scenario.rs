//! What a scenario is, and the list of all.

use anyhow::{Context, Result};

use crate::lab::Lab;
use crate::report::Report;
use crate::scenarios;

/// The one that root alone can play: it boots systemd in containers.
pub const AS_ROOT: &str = scenarios::AS_ROOT;

/// One story with a checked ending.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Its name on the command line and in the tests.
    pub name: &'static str,
    /// What it shows, in a line.
    pub about: &'static str,
    /// How many hosts it wants.
    pub hosts: u8,
    /// What it does.
    pub run: fn(&mut Lab) -> Result<Report>,
}

/// All scenarios.
pub fn all() -> &'static [Scenario] {
    scenarios::ALL
}

/// The scenario called `name`.
pub fn find(name: &str) -> Result<&'static Scenario> {
    all()
        .iter()
        .find(|scenario| scenario.name == name)
        .with_context(|| format!("there is no scenario {name:?}; see `lab list`"))
}
