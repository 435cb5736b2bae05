//! A named network namespace: running programs and closures inside it, and its sysctls.
//!
//! Programs go in through `nsenter` and not `ip netns exec`, which would hide `/sys`. Closures run on
//! a thread of their own that enters the namespace and ends afterwards: a network namespace belongs to
//! a thread, so the rest of the process is not moved.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use nix::ifaddrs::getifaddrs;
use nix::sched::{CloneFlags, setns};

use crate::command::{run, run_with_input};

/// Where iproute2 keeps the handles of named network namespaces.
const DIRECTORY: &str = "/run/netns";

/// A network namespace made by `ip netns add`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Netns {
    name: String,
}

impl Netns {
    /// The namespace called `name`; it need not exist yet.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that keeps it alive.
    pub fn path(&self) -> PathBuf {
        Path::new(DIRECTORY).join(&self.name)
    }

    /// A command that will run `program` inside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.path().display()))
            .arg("--")
            .arg(program);
        command
    }

    /// Feeds `ip -batch` inside the namespace.
    pub fn ip(&self, batch: &str) -> Result<()> {
        run_with_input(
            Command::new("ip").args(["-n", &self.name, "-batch", "-"]),
            batch,
        )?;
        Ok(())
    }

    /// Feeds `bridge -batch` inside the namespace.
    pub fn bridge(&self, batch: &str) -> Result<()> {
        run_with_input(
            Command::new("bridge").args(["-n", &self.name, "-batch", "-"]),
            batch,
        )?;
        Ok(())
    }

    /// Applies an nftables script as one transaction inside the namespace.
    pub fn nft(&self, script: &str) -> Result<()> {
        run_with_input(self.command("nft").args(["-f", "-"]), script)?;
        Ok(())
    }

    /// Runs a short command inside and returns what it printed.
    pub fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        run(self.command(program).args(args))
    }

    /// Runs `work` on a thread inside the namespace. Sockets made there stay there.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let handle = File::open(self.path())
            .with_context(|| format!("opening network namespace {}", self.name))?;
        std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    setns(&handle, CloneFlags::CLONE_NEWNET)
                        .with_context(|| format!("entering network namespace {}", self.name))?;
                    work()
                })
                .join()
                .unwrap_or_else(|_| Err(anyhow!("the thread in {} panicked", self.name)))
        })
    }

    /// Sets `net.*` sysctls given as (`ipv4/ip_forward`, `0`). One that the kernel lacks is an error.
    pub fn sysctl(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.enter(|| {
            for (key, value) in settings {
                let path = Path::new("/proc/sys/net").join(key);
                fs::write(&path, value)
                    .with_context(|| format!("writing {value} to {}", path.display()))?;
            }
            Ok(())
        })
    }

    /// Whether the sysctl `net.<key>` exists here: some belong to optional parts of the kernel.
    pub fn has_sysctl(&self, key: &str) -> Result<bool> {
        self.enter(|| Ok(Path::new("/proc/sys/net").join(key).exists()))
    }

    /// The IPv4 addresses of `interface`, in the kernel's order.
    pub fn addresses(&self, interface: &str) -> Result<Vec<Ipv4Addr>> {
        self.enter(|| {
            let all = getifaddrs().context("listing interface addresses")?;
            Ok(all
                .filter(|entry| entry.interface_name == interface)
                .filter_map(|entry| Some(entry.address?.as_sockaddr_in()?.ip()))
                .collect())
        })
    }
}
