//! The servers that get the same packets: our cluster, and dnsmasq in a network of its own with the
//! same addresses.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::run;
use crate::gateway::Control;
use crate::netns::Netns;
use crate::process::Process;
use crate::topology::address::{OVERLAY_MTU, VM_INTERFACE, overlay};

const START: Duration = Duration::from_secs(5);

/// What a row needs to know of a server.
pub(super) trait DhcpServer: Sync {
    /// For messages.
    fn name(&self) -> &'static str;
    /// An address that answers.
    fn address(&self) -> Ipv4Addr;
    /// After this long it is silent, and its table has changed if it ever does.
    fn answers_within(&self) -> Duration;
    /// How many clients may speak at once.
    fn at_once(&self) -> usize;
    /// Whether its table says that the address is leased.
    fn is_leased(&self, address: Ipv4Addr) -> Result<bool>;
}

/// Our cluster, asked by `gatewayctl`.
pub(super) struct Ours(pub(super) Control);

impl DhcpServer for Ours {
    fn name(&self) -> &'static str {
        "gatewayd"
    }

    fn address(&self) -> Ipv4Addr {
        overlay(1)
    }

    /// A conflict probe (300 ms), a commit, and what other rows cost meanwhile.
    fn answers_within(&self) -> Duration {
        Duration::from_millis(1200)
    }

    fn at_once(&self) -> usize {
        8
    }

    fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let leases = self.0.leases()?;
        let is_bound = |lease: &crate::gateway::Lease| lease.state == "bound";
        Ok(leases.iter().any(|l| l.address == address && is_bound(l)))
    }
}

/// dnsmasq on a cable to a namespace of clients.
pub(super) struct Dnsmasq {
    clients: Netns,
    leases: PathBuf,
    _process: Process,
}

/// dnsmasq on the host's one interface, for DHCP alone, with our router.
pub(super) fn dhcp_only(host: &Netns) -> Command {
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
    pub(super) fn start(dir: &Path) -> Result<Self> {
        let (host, clients) = (Netns::named("dnsmasq"), Netns::named("dnsmasq-vm"));
        cable(&host, &clients, overlay(1))?;
        let leases = dir.join("dnsmasq.leases");
        let mut command = dhcp_only(&host);
        command
            .arg("--dhcp-sequential-ip")
            .arg("--dhcp-range=10.15.3.20,10.15.3.254,255.255.255.0,3600")
            .arg("--dhcp-option=6,198.51.100.1")
            .arg("--domain=vps.example")
            .arg(format!("--dhcp-leasefile={}", leases.display()));
        let mut process = Process::spawn("dnsmasq", &mut command, dir)?;
        process.wait_for_log_line("DHCP, IP range", START)?;
        Ok(Self {
            clients,
            leases,
            _process: process,
        })
    }

    /// Where its clients are.
    pub(super) fn clients(&self) -> &Netns {
        &self.clients
    }
}

impl DhcpServer for Dnsmasq {
    fn name(&self) -> &'static str {
        "dnsmasq"
    }

    fn address(&self) -> Ipv4Addr {
        overlay(1)
    }

    /// It decides alone and at once.
    fn answers_within(&self) -> Duration {
        Duration::from_millis(400)
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

/// Two namespaces with one cable between them; `server` is the first one's address.
fn cable(host: &Netns, clients: &Netns, server: Ipv4Addr) -> Result<()> {
    for netns in [host, clients] {
        run(Command::new("ip").args(["netns", "add", netns.name()]))?;
    }
    let mut link = Command::new("ip");
    link.args(["link", "add", VM_INTERFACE, "netns", host.name()])
        .args(["mtu", &OVERLAY_MTU.to_string(), "type", "veth"])
        .args(["peer", "name", VM_INTERFACE, "netns", clients.name()])
        .args(["mtu", &OVERLAY_MTU.to_string()]);
    run(&mut link)?;
    host.ip(&format!(
        "link set lo up\naddr add {server}/24 dev {VM_INTERFACE}\nlink set {VM_INTERFACE} up\n"
    ))?;
    clients.ip(&format!("link set {VM_INTERFACE} up\n"))
}
