//! The nodes' certificates, made as operators make them: `gatewayctl pki`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::binaries::Binaries;
use crate::command::run;

/// Beside the nodes' own directories.
const DIRECTORY: &str = "pki";

/// Makes a CA and a certificate for each of `count` nodes below the lab's directory, once.
pub(crate) fn make(binaries: &Binaries, lab: &Path, count: u8) -> Result<()> {
    let dir = lab.join(DIRECTORY);
    if dir.exists() {
        return Ok(());
    }
    let pki = |arguments: &[&str]| {
        let mut command = Command::new(&binaries.control);
        run(command.arg("pki").args(arguments).arg("--dir").arg(&dir))
    };
    pki(&["init"])?;
    for node in 1..=count {
        pki(&["node", &node.to_string()])?;
    }
    Ok(())
}

/// A new key and certificate for `node`, whose own directory is `node_dir`: a removed member's key never comes
/// back.
pub(super) fn renew(binaries: &Binaries, node_dir: &Path, node: u8) -> Result<()> {
    let old = of_node(node_dir, node);
    if !old.exists() {
        return Ok(());
    }
    fs::remove_dir_all(&old).with_context(|| format!("removing {}", old.display()))?;
    let mut command = Command::new(&binaries.control);
    command.args(["pki", "node", &node.to_string(), "--dir"]);
    run(command.arg(old.parent().unwrap_or(&old)))?;
    Ok(())
}

/// Where the files of `node` are, whose own directory in the lab is `node_dir`.
pub(super) fn of_node(node_dir: &Path, node: u8) -> PathBuf {
    let lab = node_dir.parent().unwrap_or(node_dir);
    lab.join(DIRECTORY).join(format!("node-{node}"))
}
