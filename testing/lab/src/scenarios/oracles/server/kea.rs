//! Kea's DHCPv4 server, not authoritative, as it is by default.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::cable::Cable;
use super::{DhcpServer, START};
use crate::netns::Netns;
use crate::process::Process;
use crate::topology::address::VM_INTERFACE;
use crate::unpacked::Unpacked;

/// A line of its lease file: address, hardware address, client id, valid lifetime, …, state at the tenth place.
const VALID_LIFETIME: usize = 3;
const STATE: usize = 9;
/// A released lease is one that lasts no time; a declined one is in another state than this.
const IN_USE: &str = "0";

/// One that runs.
pub(in crate::scenarios::oracles) struct Kea {
    cable: Cable,
    leases: PathBuf,
    _process: Process,
}

impl Kea {
    /// Starts it; its files are in `dir`.
    pub(in crate::scenarios::oracles) fn start(unpacked: &Unpacked, dir: &Path) -> Result<Self> {
        let cable = Cable::lay("kea")?;
        let (file, leases) = (dir.join("kea.json"), dir.join("kea.leases"));
        fs::write(&file, configuration(&leases).to_string()).context("writing kea.json")?;
        let mut command = cable.host.command(unpacked.program("usr/sbin/kea-dhcp4"));
        command
            .env("LD_LIBRARY_PATH", unpacked.libraries())
            .env("KEA_LOCKFILE_DIR", "none")
            .env("KEA_PIDFILE_DIR", dir)
            .arg("-c")
            .arg(&file);
        let mut process = Process::spawn("kea", &mut command, dir)?;
        process.wait_for_log_line("DHCP4_STARTED", START)?;
        Ok(Self {
            cable,
            leases,
            _process: process,
        })
    }
}

/// The pool and the lease times of ours. The lease file is never cleaned up: it is a log.
fn configuration(leases: &Path) -> serde_json::Value {
    json!({"Dhcp4": {
        "interfaces-config": {"interfaces": [VM_INTERFACE], "dhcp-socket-type": "raw"},
        "lease-database": {"type": "memfile", "persist": true, "name": leases, "lfc-interval": 0},
        "valid-lifetime": 3600,
        "min-valid-lifetime": 60,
        "max-valid-lifetime": 86400,
        "option-data": [
            {"name": "routers", "data": "10.15.3.1"},
            {"name": "domain-name-servers", "data": "198.51.100.1"},
            {"name": "domain-name", "data": "vps.example"},
        ],
        "subnet4": [{
            "subnet": "10.15.3.0/24",
            "pools": [{"pool": "10.15.3.20 - 10.15.3.254"}],
        }],
        "loggers": [{
            "name": "kea-dhcp4",
            "severity": "INFO",
            "output_options": [{"output": "stderr"}],
        }],
    }})
}

impl DhcpServer for Kea {
    fn name(&self) -> &'static str {
        "Kea"
    }

    fn clients(&self) -> &Netns {
        &self.cable.clients
    }

    /// Like dnsmasq, it keeps no address for whom it offered it to.
    fn at_once(&self) -> usize {
        1
    }

    /// The last line about an address holds.
    fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let text = fs::read_to_string(&self.leases).context("reading Kea's leases")?;
        Ok(is_in_use(&text, address))
    }
}

fn is_in_use(leases: &str, address: Ipv4Addr) -> bool {
    let begin = format!("{address},");
    let last = leases.lines().rfind(|line| line.starts_with(&begin));
    last.is_some_and(|line| {
        let fields: Vec<_> = line.split(',').collect();
        fields.get(VALID_LIFETIME) != Some(&"0") && fields.get(STATE) == Some(&IN_USE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_an_address_holds() {
        let address = Ipv4Addr::new(10, 15, 3, 20);
        let leased = "10.15.3.20,02:dd,01:02,3600,1795969673,1,0,0,,0,\n";
        let declined = "10.15.3.20,,,86400,1795969673,1,0,0,,1,\n";
        let released = "10.15.3.20,02:dd,01:02,0,1795969673,1,0,0,,0,\n";
        let other = "10.15.3.200,02:dd,01:02,3600,1795969673,1,0,0,,0,\n";
        assert!(is_in_use(&format!("{leased}{other}"), address));
        for last in [declined, released] {
            assert!(!is_in_use(&format!("{leased}{last}{other}"), address));
        }
        assert!(!is_in_use(other, address));
    }
}
