//! What a node uses: memory, disk, log lines, log entries; and what it and its kernel have dropped.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::gateway::Gateway;
use crate::netns::Netns;
use crate::wire::dhcp;

/// A block of `st_blocks`, in bytes (stat(2)).
const BLOCK: u64 = 512;
/// Ticks of `/proc/PID/stat` in a second: the same on every Linux of ours (`USER_HZ`).
const TICKS: u64 = 100;
/// Where they are in it, counted after the name, which ends with a parenthesis.
const USER_TICKS: usize = 11;
/// How its lines begin, after the time and the level.
const DHCP_SERVER: &str = "dhcpd::";

/// A node at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Memory that is there now, in KiB.
    pub resident_kib: u64,
    /// The most there ever was, in KiB.
    pub peak_kib: u64,
    /// What its data directory takes on disk, in KiB.
    pub data_kib: u64,
    /// Lines of its own log.
    pub log_lines: u64,
    /// Those of them that the DHCP server wrote.
    pub dhcp_lines: u64,
    /// Entries of the Raft log, applied.
    pub entries: u64,
    /// Packets that it heard and did not answer.
    pub unanswered: u64,
    /// Processor time that it has used, in ms: its own and the kernel's for it.
    pub processor_ms: u64,
    /// Datagrams that the kernel dropped because the daemon did not fetch them in time.
    pub overflowed: u64,
}

impl Footprint {
    /// Measures a node that runs.
    pub fn of(gateway: &mut Gateway, netns: &Netns, data: &Path) -> Result<Self> {
        let status = gateway.status()?;
        let process = gateway.process()?;
        let memory = fs::read_to_string(format!("/proc/{}/status", process.pid()))
            .context("reading a daemon's memory")?;
        let times = fs::read_to_string(format!("/proc/{}/stat", process.pid()))
            .context("reading a daemon's processor time")?;
        Ok(Self {
            resident_kib: kib(&memory, "VmRSS:")?,
            peak_kib: kib(&memory, "VmHWM:")?,
            data_kib: bytes_below(data)? / 1024,
            log_lines: process.count_log_lines("")? as u64,
            dhcp_lines: process.count_log_lines(DHCP_SERVER)? as u64,
            entries: status.last_applied,
            unanswered: status.dropped_total(),
            processor_ms: processor_ms(&times)?,
            overflowed: overflowed(netns)?,
        })
    }
}

/// Of a line of /proc/PID/stat: `utime` and `stime`.
fn processor_ms(stat: &str) -> Result<u64> {
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields);
    let fields = fields.with_context(|| format!("a process's times: {stat:?}"))?;
    let ticks = fields.split_whitespace().skip(USER_TICKS).take(2);
    let ticks = ticks.map(str::parse::<u64>).sum::<Result<u64, _>>();
    let ticks = ticks.with_context(|| format!("a process's times: {stat:?}"))?;
    Ok(ticks * 1000 / TICKS)
}

/// A figure of /proc/PID/status.
fn kib(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    let number = number.with_context(|| format!("no {name} in a process's status"))?;
    number
        .parse()
        .with_context(|| format!("{name} is {number:?}"))
}

/// What the files below a directory take on disk. One that is removed meanwhile takes nothing.
fn bytes_below(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    let entries = fs::read_dir(directory);
    for entry in entries.with_context(|| format!("listing {}", directory.display()))? {
        let path = entry
            .with_context(|| format!("listing {}", directory.display()))?
            .path();
        let Ok(found) = fs::symlink_metadata(&path) else {
            continue;
        };
        bytes += if found.is_dir() {
            bytes_below(&path)?
        } else {
            found.blocks() * BLOCK
        };
    }
    Ok(bytes)
}

/// The drops of all sockets on the server's port (proc_net_udp: the last column).
fn overflowed(netns: &Netns) -> Result<u64> {
    netns.enter(|| {
        let table = fs::read_to_string("/proc/thread-self/net/udp").context("reading sockets")?;
        let port = format!(":{:04X}", dhcp::SERVER_PORT);
        let ours = table.lines().skip(1).filter(|line| {
            let local = line.split_whitespace().nth(1);
            local.is_some_and(|local| local.ends_with(&port))
        });
        let drops = ours.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok());
        Ok(drops.sum())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_of_a_process() {
        let status = "Name:\tgatewayd\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(kib(status, "VmRSS:").ok(), Some(10_240));
        assert_eq!(kib(status, "VmHWM:").ok(), Some(20_480));
        assert!(kib(status, "VmSwap:").is_err());
    }

    #[test]
    fn processor_time_of_a_process_with_an_odd_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 4 0 123";
        assert_eq!(processor_ms(stat).ok(), Some(3000));
        assert!(processor_ms("7 nonsense").is_err());
    }
}
