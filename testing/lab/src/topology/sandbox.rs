//! Mounts and a host name for one virtual machine.
//!
//! The DHCP clients keep their state under fixed names (`/run/dhcpcd/eth0.pid`) and rewrite
//! `/etc/resolv.conf` through a temporary file beside it, so two of them with the same mounts would meet.
//!
//! The namespaces live as long as a process holds them. Binding them to files, as is done for network
//! namespaces, is refused at random by Linux 6.18: it numbers namespaces per CPU and then takes some
//! for older than the one they are bound in.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::command::describe;

/// `/etc` becomes an overlay whose top layer is ours, because an ordinary user's root may not create
/// files in the real one. The last line holds the namespaces until our end of the pipe closes.
const SETUP: &str = r#"
set -e
hostname "$1"
mount -t tmpfs tmpfs /run
mkdir -p /run/etc/upper /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
rm -f /etc/resolv.conf
: > /etc/resolv.conf
for dir in /var/lib/dhcp /var/lib/dhcpcd; do
    if [ -d "$dir" ]; then mount -t tmpfs tmpfs "$dir"; fi
done
echo ready
exec cat > /dev/null
"#;

/// The namespaces and the process that holds them; they end when dropped.
#[derive(Debug)]
pub(super) struct Sandbox {
    holder: Child,
}

impl Sandbox {
    /// Makes them, with the host name `name`.
    pub(super) fn new(name: &str) -> Result<Self> {
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "--uts", "--", "sh", "-c", SETUP, "sh", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut holder = unshare
            .spawn()
            .with_context(|| format!("starting {}", describe(&unshare)))?;
        let stdout = holder.stdout.take().context("a pipe that was asked for")?;
        let sandbox = Self { holder };
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .context("waiting for the mounts")?;
        ensure!(
            line.trim() == "ready",
            "the mounts of {name} could not be made; the reason is above"
        );
        Ok(sandbox)
    }

    /// The arguments that take `nsenter` inside.
    pub(super) fn nsenter_args(&self) -> [String; 3] {
        [
            format!("--target={}", self.holder.id()),
            "--mount".to_owned(),
            "--uts".to_owned(),
        ]
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It can only have ended already, and the PID namespace ends the rest anyway.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
