//! What the clients have in common: a foreground process, and a log that tells of each ACK.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::process::Process;
use crate::topology::Vm;
use crate::wait::{wait_until, wait_until_true};

/// What a client logs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks {
    /// Once per ACK.
    pub(super) ack: &'static str,
    /// Once per ACK, in the line that says `… from SERVER`.
    pub(super) server: &'static str,
    /// Once per start, when it has its address and listens to signals.
    pub(super) ready: &'static str,
}

/// A client's process in its machine.
#[derive(Debug)]
pub(super) struct Session {
    vm: Vm,
    log_dir: PathBuf,
    program: &'static str,
    marks: Marks,
    process: Option<Process>,
}

impl Session {
    pub(super) fn new(vm: Vm, log_dir: PathBuf, program: &'static str, marks: Marks) -> Self {
        Self {
            vm,
            log_dir,
            program,
            marks,
            process: None,
        }
    }

    pub(super) fn program(&self) -> &'static str {
        self.program
    }

    pub(super) fn vm(&self) -> &Vm {
        &self.vm
    }

    /// Starts the client and waits until it is ready.
    pub(super) fn start(&mut self, args: &[&str], within: Duration) -> Result<Ipv4Addr> {
        let mut command = self.command();
        self.start_command(command.args(args), within)
    }

    /// The same by a command that becomes the client.
    pub(super) fn start_command(
        &mut self,
        command: &mut Command,
        within: Duration,
    ) -> Result<Ipv4Addr> {
        let name = format!("{}-{}", self.vm.name(), self.program);
        let process = Process::spawn(&name, command, &self.log_dir)?;
        let earlier = process.count_log_lines(self.marks.ready)?;
        self.process = Some(process);
        self.wait_for_another(self.marks.ready, earlier, within)?;
        self.vm.wait_until_configured(within)
    }

    /// The client's program, in the machine.
    pub(super) fn command(&self) -> Command {
        self.vm.command(self.program)
    }

    pub(super) fn process(&mut self) -> Result<&mut Process> {
        let program = self.program;
        self.process
            .as_mut()
            .ok_or_else(|| anyhow!("{program} is not running"))
    }

    /// How many ACKs it has logged so far, earlier runs included.
    pub(super) fn ack_count(&mut self) -> Result<usize> {
        let mark = self.marks.ack;
        self.process()?.count_log_lines(mark)
    }

    /// The server whose ACK was the last.
    pub(super) fn server(&self) -> Result<Ipv4Addr> {
        let process = self.process.as_ref();
        let process = process.with_context(|| format!("{} is not running", self.program))?;
        let log = process.log_text()?;
        let line = log.lines().rfind(|line| line.contains(self.marks.server));
        line.and_then(server_in)
            .with_context(|| format!("{} names no server: {line:?}", self.program))
    }

    /// Waits for an ACK beyond the first `earlier`.
    pub(super) fn wait_for_ack_after(&mut self, earlier: usize, within: Duration) -> Result<()> {
        self.wait_for_another(self.marks.ack, earlier, within)
    }

    fn wait_for_another(&mut self, mark: &str, earlier: usize, within: Duration) -> Result<()> {
        let what = format!("{mark:?} from {} on {}", self.program, self.vm.name());
        wait_until_true(&what, within, || {
            let process = self.process()?;
            if process.count_log_lines(mark)? > earlier {
                return Ok(true);
            }
            process.ensure_running()?;
            Ok(false)
        })
    }

    /// Kills the client and takes the machine's address away, as a power cut does.
    pub(super) fn power_cut(&mut self) -> Result<()> {
        self.process()?.kill()?;
        self.process = None;
        self.vm.flush_addresses()
    }

    /// Waits until the interface has no address; the process may have ended or not.
    pub(super) fn wait_for_no_address(&mut self, within: Duration) -> Result<()> {
        let what = format!("{} without an address", self.vm.name());
        wait_until(&what, within, || {
            Ok(self.vm.address()?.is_none().then_some(()))
        })
    }

    /// Ends the process, if it has not ended by itself.
    pub(super) fn end(&mut self) {
        self.process = None;
    }
}

/// The address after the word "from".
fn server_in(line: &str) -> Option<Ipv4Addr> {
    let (_, after) = line.split_once(" from ")?;
    let address = after
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?;
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_names_its_server() {
        for line in [
            "DHCPACK of 10.15.3.20 from 10.15.3.11",
            "udhcpc: lease of 10.15.3.21 obtained from 10.15.3.11, lease time 3600",
            "eth0: acknowledged 10.15.3.22 from 10.15.3.11",
        ] {
            assert_eq!(
                server_in(line),
                Some(Ipv4Addr::new(10, 15, 3, 11)),
                "{line}"
            );
        }
        assert_eq!(server_in("udhcpc: sending discover"), None);
    }
}
