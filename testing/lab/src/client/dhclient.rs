//! ISC dhclient with Debian's `dhclient-script`.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::DhcpClient;
use super::session::{Marks, Session};
use crate::command::run;
use crate::topology::Vm;

/// Its log.
const MARKS: Marks = Marks {
    ack: "bound to ",
    server: "DHCPACK of ",
    ready: "bound to ",
};

/// As ifupdown starts it, but in the foreground (`-d`).
const START: [&str; 8] = [
    "-4",
    "-d",
    "-v",
    "-pf",
    "/run/dhclient.eth0.pid",
    "-lf",
    "/var/lib/dhcp/dhclient.eth0.leases",
    "eth0",
];
/// As ifupdown stops it.
const RELEASE: [&str; 8] = [
    "-4",
    "-r",
    "-v",
    "-pf",
    "/run/dhclient.eth0.pid",
    "-lf",
    "/var/lib/dhcp/dhclient.eth0.leases",
    "eth0",
];

/// ISC dhclient. After a reboot it asks for the address in its lease file (INIT-REBOOT).
#[derive(Debug)]
pub struct Dhclient {
    session: Session,
}

impl Dhclient {
    /// dhclient in `vm`, not started; its log goes to `log_dir`.
    pub fn new(vm: Vm, log_dir: PathBuf) -> Self {
        Self {
            session: Session::new(vm, log_dir, "dhclient", MARKS),
        }
    }
}

impl DhcpClient for Dhclient {
    fn name(&self) -> &'static str {
        self.session.program()
    }

    fn vm(&self) -> &Vm {
        self.session.vm()
    }

    fn server(&self) -> Result<Ipv4Addr> {
        self.session.server()
    }

    fn obtain(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.session.start(&START, within)
    }

    /// dhclient cannot be told to renew; this waits for its own T1, so the lease must be short.
    fn renew(&mut self, within: Duration) -> Result<()> {
        let acks = self.session.ack_count()?;
        self.session.wait_for_ack_after(acks, within)
    }

    fn release(&mut self, within: Duration) -> Result<()> {
        run(self.session.command().args(RELEASE))?;
        self.session.wait_for_no_address(within)?;
        self.session.end();
        Ok(())
    }

    fn reboot(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.session.power_cut()?;
        self.session.start(&START, within)
    }
}
