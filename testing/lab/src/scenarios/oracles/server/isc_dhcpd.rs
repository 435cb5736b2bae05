//! ISC dhcpd, not authoritative, as it is by default.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::cable::Cable;
use super::{DhcpServer, START};
use crate::netns::Netns;
use crate::process::Process;
use crate::topology::address::VM_INTERFACE;
use crate::unpacked::Unpacked;

/// The pool and the lease times of ours. Its own conflict probe (an ICMP echo of a second) is off.
const CONFIGURATION: &str = r#"
default-lease-time 3600;
min-lease-time 60;
max-lease-time 86400;
ping-check false;
subnet 10.15.3.0 netmask 255.255.255.0 {
  range 10.15.3.20 10.15.3.254;
  option routers 10.15.3.1;
  option domain-name-servers 198.51.100.1;
  option domain-name "vps.example";
}
"#;

/// One that runs.
pub(in crate::scenarios::oracles) struct IscDhcpd {
    cable: Cable,
    leases: PathBuf,
    _process: Process,
}

impl IscDhcpd {
    /// Starts it; its files are in `dir`.
    pub(in crate::scenarios::oracles) fn start(unpacked: &Unpacked, dir: &Path) -> Result<Self> {
        let cable = Cable::lay("dhcpd")?;
        let (configuration, leases) = (dir.join("dhcpd.conf"), dir.join("dhcpd.leases"));
        fs::write(&configuration, CONFIGURATION).context("writing dhcpd.conf")?;
        fs::write(&leases, "").context("making dhcpd.leases")?;
        let mut command = cable.host.command(unpacked.program("usr/sbin/dhcpd"));
        command
            .args(["-4", "-f", "-d", "--no-pid", "-cf"])
            .arg(&configuration)
            .arg("-lf")
            .arg(&leases)
            .arg(VM_INTERFACE);
        let mut process = Process::spawn("dhcpd", &mut command, dir)?;
        process.wait_for_log_line("Server starting service", START)?;
        Ok(Self {
            cable,
            leases,
            _process: process,
        })
    }
}

impl DhcpServer for IscDhcpd {
    fn name(&self) -> &'static str {
        "ISC dhcpd"
    }

    fn clients(&self) -> &Netns {
        &self.cable.clients
    }

    fn at_once(&self) -> usize {
        4
    }

    /// Its file is a log: what it says last of an address holds.
    fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let text = fs::read_to_string(&self.leases).context("reading dhcpd.leases")?;
        Ok(is_active(&text, address))
    }
}

fn is_active(leases: &str, address: Ipv4Addr) -> bool {
    let begin = format!("lease {address} {{");
    let last = leases.rsplit_once(&begin);
    let block = last.and_then(|(_, after)| after.split_once('}'));
    block.is_some_and(|(block, _)| {
        let mut lines = block.lines().map(str::trim);
        lines.any(|line| line == "binding state active;")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_on_an_address_holds() {
        let address = Ipv4Addr::new(10, 15, 3, 20);
        let active = "lease 10.15.3.20 {\n  binding state active;\n  next binding state free;\n}\n";
        let free = "lease 10.15.3.20 {\n  binding state free;\n}\n";
        let other = "lease 10.15.3.200 {\n  binding state active;\n}\n";
        assert!(is_active(&format!("{active}{other}"), address));
        assert!(!is_active(&format!("{active}{free}{other}"), address));
        assert!(!is_active(other, address));
    }
}
