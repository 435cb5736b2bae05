//! dhcpcd with Debian's configuration and hooks.
//!
//! It probes its address by ARP before using it, so it takes some seconds longer than the others. In a
//! user namespace it logs that it cannot drop privileges, and works.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::DhcpClient;
use super::session::{Marks, Session};
use crate::command::run;
use crate::topology::Vm;

/// The listener is the last thing it starts: a signal that comes while it still runs its hooks is lost.
const MARKS: Marks = Marks {
    ack: "eth0: acknowledged ",
    server: "eth0: acknowledged ",
    ready: "spawned listener ",
};

const START: [&str; 3] = ["-B", "-d", "eth0"];

/// dhcpcd. After a reboot it asks for the address in its lease file (INIT-REBOOT).
#[derive(Debug)]
pub struct Dhcpcd {
    session: Session,
}

impl Dhcpcd {
    /// dhcpcd in `vm`, not started; its log goes to `log_dir`.
    pub fn new(vm: Vm, log_dir: PathBuf) -> Self {
        Self {
            session: Session::new(vm, log_dir, "dhcpcd", MARKS),
        }
    }
}

impl DhcpClient for Dhcpcd {
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

    fn renew(&mut self, within: Duration) -> Result<()> {
        let acks = self.session.ack_count()?;
        run(self.session.command().args(["--renew", "eth0"]))?;
        self.session.wait_for_ack_after(acks, within)
    }

    fn release(&mut self, within: Duration) -> Result<()> {
        run(self.session.command().args(["--release", "eth0"]))?;
        self.session.wait_for_no_address(within)?;
        self.session.end();
        Ok(())
    }

    fn reboot(&mut self, within: Duration) -> Result<Ipv4Addr> {
        self.session.power_cut()?;
        self.session.start(&START, within)
    }
}
