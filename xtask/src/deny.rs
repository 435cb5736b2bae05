//! Licences, sources, bans and advisories of what we depend on: cargo-deny by `deny.toml`.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// Another version may check something else.
pub const TOOL: Tool = Tool {
    name: "deny",
    version: "0.20.2",
};

/// What needs nothing but the lock file and the crates' manifests.
pub fn dependencies(workspace: &Workspace) -> Result<Outcome> {
    let check = [
        "deny",
        "--log-level",
        "error",
        "--locked",
        "check",
        "bans",
        "licenses",
        "sources",
    ];
    run_program(&mut cargo(workspace, &check))
}

/// Known vulnerabilities, if the list of them can be fetched from here.
pub fn advisories(workspace: &Workspace) -> Result<Outcome> {
    if !fetched(&mut cargo(workspace, &["deny", "fetch", "db"]))? {
        return Ok(Outcome::Skipped(
            "the advisory database cannot be fetched from here".to_owned(),
        ));
    }
    run_program(&mut cargo(
        workspace,
        &["deny", "--locked", "check", "--disable-fetch", "advisories"],
    ))
}

/// git's prompts and slow networks must not hold up the gate.
fn fetched(fetch: &mut Command) -> Result<bool> {
    let status = fetch
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "30")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("running cargo deny fetch db")?;
    Ok(status.success())
}
