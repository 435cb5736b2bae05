//! dnsmasq, not authoritative, as it is by default.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cable::Cable;
use super::{DhcpServer, START};
use crate::netns::Netns;
use crate::process::Process;

/// One that runs.
pub(in crate::scenarios) struct Dnsmasq {
    cable: Cable,
    leases: PathBuf,
    _process: Process,
}

/// dnsmasq on the host's one interface, for DHCP alone, with our router.
pub(in crate::scenarios) fn dhcp_only(host: &Netns) -> Command {
    let mut command = host.command("dnsmasq");
    command
        .args([
            "--no-daemon",
            "--conf-file=/dev/null",
            "--user=root",
            "--pid-file=",
        ])
        .args(["--port=0", "--interface=eth0", "--bind-interfaces"])
        // Its own probe is an ICMP echo of up to 3 s before an offer; with it no row would end in time.
        .args(["--no-ping", "--log-dhcp", "--dhcp-option=3,10.15.3.1"]);
    command
}

impl Dnsmasq {
    /// Starts it, with the pool and the lease time of ours.
    pub(in crate::scenarios) fn start(dir: &Path) -> Result<Self> {
        let cable = Cable::lay("dnsmasq")?;
        let leases = dir.join("dnsmasq.leases");
        let mut command = dhcp_only(&cable.host);
        command
            .arg("--dhcp-sequential-ip")
            .arg("--dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,3600")
            .arg("--dhcp-option=6,198.51.100.1")
            .arg("--domain=vps.example")
            .arg(format!("--dhcp-leasefile={}", leases.display()));
        let mut process = Process::spawn("dnsmasq", &mut command, dir)?;
        process.wait_for_log_line("DHCP, IP range", START)?;
        Ok(Self {
            cable,
            leases,
            _process: process,
        })
    }
}

impl DhcpServer for Dnsmasq {
    fn name(&self) -> &'static str {
        "dnsmasq"
    }

    fn clients(&self) -> &Netns {
        &self.cable.clients
    }

    /// It offers one address to whoever asks before the first has taken it, and refuses the slower.
    fn at_once(&self) -> usize {
        1
    }

    fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let text = fs::read_to_string(&self.leases).context("reading dnsmasq's leases")?;
        let address = address.to_string();
        Ok(text
            .lines()
            .any(|line| line.split(' ').any(|word| word == address)))
    }
}
