//! Captures a virtual machine's DHCP traffic and has it judged by an independent dissector.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::run;
use crate::process::Process;
use crate::topology::Vm;
use crate::topology::address::VM_INTERFACE;

const START_DEADLINE: Duration = Duration::from_secs(5);
const STOP_DEADLINE: Duration = Duration::from_secs(5);
/// Wireshark's number for "warning"; errors are above it.
const WARNING: &str = "0x600000";

/// A running capture.
#[derive(Debug)]
pub struct Capture {
    process: Process,
    file: PathBuf,
}

impl Capture {
    /// Starts to capture on `vm` and returns once packets are seen.
    pub fn start(vm: &Vm, dir: &Path) -> Result<Self> {
        let file = dir.join(format!("{}.pcap", vm.name()));
        // Not tcpdump: run as root it insists on becoming another user, which a user namespace lacks.
        let mut command = vm.command("dumpcap");
        command
            .args(["-q", "-P", "-i", VM_INTERFACE])
            .args(["-f", "udp port 67 or udp port 68"])
            .arg("-w")
            .arg(&file);
        let mut process = Process::spawn(&format!("{}-dumpcap", vm.name()), &mut command, dir)?;
        process.wait_for_log_line("File: ", START_DEADLINE)?;
        Ok(Self { process, file })
    }

    /// Ends the capture.
    pub fn finish(mut self) -> Result<CaptureFile> {
        self.process.terminate(STOP_DEADLINE)?;
        Ok(CaptureFile { file: self.file })
    }
}

/// A finished capture.
#[derive(Debug)]
pub struct CaptureFile {
    file: PathBuf,
}

impl CaptureFile {
    /// How many replies of servers it holds.
    pub fn reply_count(&self) -> Result<usize> {
        Ok(self.tshark("dhcp.type == 2")?.len())
    }

    /// The replies that the dissector finds malformed or warns about, one line each.
    pub fn complaints(&self) -> Result<Vec<String>> {
        self.tshark(&format!(
            "dhcp.type == 2 && (_ws.malformed || _ws.expert.severity >= {WARNING})"
        ))
    }

    /// How many DISCOVERs name an address of the client's own.
    pub fn discovers_with_ciaddr(&self) -> Result<usize> {
        let filter = "dhcp.option.dhcp == 1 && dhcp.ip.client != 0.0.0.0";
        Ok(self.tshark(filter)?.len())
    }

    /// UDP checksums are not judged: a virtual link leaves them to hardware that does not exist.
    fn tshark(&self, filter: &str) -> Result<Vec<String>> {
        let mut command = Command::new("tshark");
        command
            .arg("-n")
            .args(["-o", "udp.check_checksum:FALSE"])
            .arg("-r")
            .arg(&self.file)
            .args(["-Y", filter]);
        Ok(run(&mut command)?.lines().map(str::to_owned).collect())
    }
}
