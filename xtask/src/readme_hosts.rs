//! What the drill `readme_hosts` needs before it can be played without a network: a Debian 12 with
//! systemd, unpacked below `target/`, and the release programs, built as the README says.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::run as run_program;
use crate::released;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The scenario's name.
pub const NAME: &str = "readme_hosts";
/// Tells the scenario where the sources are.
pub const WORKSPACE: &str = "LAB_WORKSPACE";
/// Below the workspace.
const DEBIAN: &str = "target/lab/debian-12";
const MIRROR: &str = "http://deb.debian.org/debian";
/// What a stock Debian has, and what the README has installed: inside there is no way to a mirror.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,iproute2,nftables,procps,libnftnl11,libmnl0";

/// Unpacks and builds, once.
pub fn prepare(workspace: &Workspace) -> Result<Outcome> {
    let debian = workspace.root.join(DEBIAN);
    if !debian.exists() {
        let outcome = unpack(&debian)?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
    }
    released::build(workspace, &["gatewayd", "gatewayctl"])?;
    Ok(Outcome::Passed)
}

/// Into a directory beside, so that a half of it is never taken for the whole.
fn unpack(debian: &Path) -> Result<Outcome> {
    let partial = debian.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("removing {}", partial.display()))?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("making {}", partial.display()))?;
    let mut debootstrap = Command::new("debootstrap");
    debootstrap
        .args([
            "--variant=minbase",
            &format!("--include={PACKAGES}"),
            "bookworm",
        ])
        .arg(&partial)
        .arg(MIRROR);
    let outcome = run_program(&mut debootstrap)?;
    if outcome == Outcome::Passed {
        fs::rename(&partial, debian).with_context(|| format!("making {}", debian.display()))?;
    }
    Ok(outcome)
}
