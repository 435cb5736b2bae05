//! What to try in a lab that stays up.

use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::KeptLab;
use crate::topology::address::{INTERNET_SERVICE, uplink};

/// Each: what to run after `lab enter`, and what it shows.
fn suggestions() -> Vec<(String, &'static str)> {
    let service = INTERNET_SERVICE;
    let public = uplink(1);
    vec![
        ("gw1 -- gatewayctl status".to_owned(), "members, pool, NAT"),
        (
            "gw1 -- gatewayctl lease list".to_owned(),
            "who has which address",
        ),
        (
            "gw2 -- gatewayctl watch".to_owned(),
            "changes as they are committed",
        ),
        ("gw1 -- ss -lunp".to_owned(), "the DHCP server's sockets"),
        (
            "gw1 -- nft list ruleset".to_owned(),
            "what is in the kernel",
        ),
        (
            "gw1 -- nft flush table inet gatewayd".to_owned(),
            "damage; look again: it is repaired",
        ),
        (
            "vm1 -- ip address show eth0".to_owned(),
            "a machine's address",
        ),
        (format!("vm1 -- ping -c 3 {service}"), "out to the internet"),
        (
            format!("internet -- ping -c 1 {public}"),
            "the internet sees gw1",
        ),
        ("vm2".to_owned(), "a shell in a machine"),
    ]
}

/// The text for whoever keeps the lab.
pub fn instructions(kept: &KeptLab) -> Result<String> {
    let program = program()?;
    let mut text = format!(
        "\nThe lab stays up. From another terminal, as the same user or as root:\n\n  \
         {program} enter NAME [-- COMMAND …]      NAME: {}\n\n",
        kept.names().join(", ")
    );
    let lines = suggestions();
    let width = lines
        .iter()
        .map(|(words, _)| words.len())
        .max()
        .unwrap_or(0);
    for (words, what) in lines {
        writeln!(text, "  {program} enter {words:<width$}  # {what}")?;
    }
    text += "\nENTER or Ctrl-C takes it down.";
    Ok(text)
}

/// This program, as it is called from the directory it was started in.
fn program() -> Result<String> {
    let this = env::current_exe().context("finding this executable")?;
    let here = env::current_dir().context("finding this directory")?;
    let relative = this
        .strip_prefix(&here)
        .map(|path| Path::new(".").join(path));
    let path: PathBuf = relative.unwrap_or(this);
    Ok(path.display().to_string())
}
