//! The mounts every lab process sees: nothing propagates back, and `/run` is fresh.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use nix::mount::{MsFlags, mount};

/// Where iproute2 keeps the handles of network namespaces.
const NETNS_DIRECTORY: &str = "/run/netns";

/// Directories that DHCP clients keep leases in.
const LEASE_DIRECTORIES: [&str; 2] = ["/var/lib/dhcp", "/var/lib/dhcpcd"];

/// Makes the mounts. Must run once, in a mount namespace of our own.
pub fn prepare() -> Result<()> {
    make_private()?;
    tmpfs("/run")?;
    fs::create_dir_all(NETNS_DIRECTORY).with_context(|| format!("making {NETNS_DIRECTORY}"))?;
    for directory in LEASE_DIRECTORIES {
        if Path::new(directory).is_dir() {
            tmpfs(directory)?;
        }
    }
    private_resolv_conf()
}

fn make_private() -> Result<()> {
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )
    .context("making the mounts private")
}

fn tmpfs(target: &str) -> Result<()> {
    mount(
        Some("tmpfs"),
        target,
        Some("tmpfs"),
        MsFlags::empty(),
        None::<&str>,
    )
    .with_context(|| format!("mounting a tmpfs on {target}"))
}

/// Puts a file of our own over `/etc/resolv.conf`. Where that is a link into `/run`, its target is
/// gone with the old `/run`, so the file is made there instead.
fn private_resolv_conf() -> Result<()> {
    let path = Path::new("/etc/resolv.conf");
    let target = match fs::read_link(path) {
        Ok(target) => path.parent().unwrap_or(path).join(target),
        Err(_) => path.to_owned(),
    };
    if target.is_file() {
        return bind_over(&target);
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
    }
    File::create(&target).with_context(|| format!("making {}", target.display()))?;
    Ok(())
}

fn bind_over(target: &Path) -> Result<()> {
    let ours = Path::new("/run/resolv.conf");
    File::create(ours).with_context(|| format!("making {}", ours.display()))?;
    mount(
        Some(ours),
        target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .with_context(|| format!("binding a private {}", target.display()))
}
