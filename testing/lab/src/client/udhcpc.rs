//! busybox udhcpc with Debian's `/etc/udhcpc/default.script`.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use super::DhcpClient;
use super::session::{Marks, Session};
use crate::topology::Vm;

/// Its log.
const MARKS: Marks = Marks {
    ack: "udhcpc: lease of ",
    server: "udhcpc: lease of ",
    ready: "udhcpc: lease of ",
};

const START: [&str; 5] = ["-f", "-i", "eth0", "-p", "/run/udhcpc.eth0.pid"];

/// busybox udhcpc. It keeps no lease file.
#[derive(Debug)]
pub struct Udhcpc {
    session: Session,
    last: Option<Ipv4Addr>,
}

impl Udhcpc {
    /// udhcpc in `vm`, not started; its log goes to `log_dir`.
    pub fn new(vm: Vm, log_dir: PathBuf) -> Self {
        Self {
            session: Session::new(vm, log_dir, "udhcpc", MARKS),
            last: None,
        }
    }
}

impl DhcpClient for Udhcpc {
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
        let address = self.session.start(&START, within)?;
        self.last = Some(address);
        Ok(address)
    }

    fn renew(&mut self, within: Duration) -> Result<()> {
        let acks = self.session.ack_count()?;
        self.session.process()?.signal(Signal::SIGUSR1)?;
        self.session.wait_for_ack_after(acks, within)
    }

    fn release(&mut self, within: Duration) -> Result<()> {
        self.session.process()?.signal(Signal::SIGUSR2)?;
        self.session.wait_for_no_address(within)?;
        self.session.end();
        Ok(())
    }

    /// udhcpc has no INIT-REBOOT: told the old address (`-r`), it names it in its DISCOVER.
    fn reboot(&mut self, within: Duration) -> Result<Ipv4Addr> {
        let last = self.last.context("udhcpc never had an address")?;
        self.session.power_cut()?;
        let request = ["-r", &last.to_string()];
        self.session.start(&[&START[..], &request].concat(), within)
    }
}
