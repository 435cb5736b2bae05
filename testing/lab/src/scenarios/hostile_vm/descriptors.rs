//! A node with few file descriptors and many connections to its peer port: it neither spins nor goes silent,
//! its storage finds what it needs, and operators and peers get through.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket, sockopt,
};
use nix::unistd::{SysconfVar, sysconf};

use crate::Lab;
use crate::command::run;
use crate::netns::Netns;
use crate::probe::{self, MessageKind, ProbeOptions};
use crate::report::Report;
use crate::topology::Vm;
use crate::topology::address::{RAFT_PORT, overlay, underlay};
use crate::wait::wait_until_true;

const NODE: u8 = 2;
/// From so many addresses, each with so many connections: one address alone may have 64.
const ADDRESSES: u8 = 5;
const CONNECTIONS: usize = 60;
/// What the node may open beyond twice what it has.
const SPARE: usize = 16;
const WATCHED: Duration = Duration::from_secs(5);
const SOON: Duration = Duration::from_secs(20);
/// Of one core, in percent.
const MAX_LOAD: u64 = 40;

pub(super) fn check(lab: &mut Lab, netns: &Netns, vm: &Vm, report: &mut Report) -> Result<()> {
    for last in 0..ADDRESSES {
        netns.ip(&format!("addr add {}/24 dev eth0\n", address(last)))?;
    }
    let pid = lab.gateway(NODE).process()?.pid();
    let limit = fs::read_dir(format!("/proc/{pid}/fd"))?.count() * 2 + SPARE;
    let usual = soft_limit(pid)?;
    set_limit(pid, limit)?;
    let held = netns.enter(hold)?;
    let status = ["status", "--timeout", "1"];
    let operator = lab.gateway(NODE).control().attempt(&status)?;
    let load = load(pid)?;
    for _ in 0..3 {
        renewed(vm)?;
    }
    ensure!(
        load <= MAX_LOAD,
        "node {NODE} burns {load} % of a core without descriptors"
    );
    let status = lab.gateway(NODE).status()?;
    ensure!(status.in_service, "out of service: {:?}", status.verdict);
    let counted = status.peer_refusals.get("too_many_connections").copied();
    ensure!(counted > Some(0), "not counted: {:?}", status.peer_refusals);
    drop(held);
    set_limit(pid, usual)?;
    lab.gateway(NODE).wait_in_service(SOON)?;
    wait_until_true("all peers see the node", SOON, || {
        let seen = |node: u8, lab: &mut Lab| -> Result<bool> {
            let status = lab.gateway(node).status()?;
            Ok(status.member(NODE).is_some_and(|member| member.reachable))
        };
        Ok(seen(1, lab)? && seen(3, lab)?)
    })?;
    report.figure(
        format!("node {NODE} with {limit} descriptors and 300 connections"),
        format!(
            "{load} % of a core, DHCP is served, operators get exit status {:?}; refused: {:?}",
            operator.code, status.peer_refusals
        ),
    );
    Ok(())
}

fn address(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 31, 0, 101 + last)
}

/// The soft limit: what is open stays.
fn set_limit(pid: u32, files: usize) -> Result<()> {
    let (pid, files) = (pid.to_string(), format!("--nofile={files}:"));
    run(Command::new("prlimit").args(["--pid", &pid, &files]))?;
    Ok(())
}

fn soft_limit(pid: u32) -> Result<usize> {
    let pid = pid.to_string();
    let words = [
        "--pid",
        &pid,
        "--nofile",
        "--noheadings",
        "--raw",
        "--output=SOFT",
    ];
    let text = run(Command::new("prlimit").args(words))?;
    text.trim().parse().context("the soft limit")
}

/// Silent connections from each address. The kernel opens them, whether the node has room or not.
fn hold() -> Result<Vec<TcpStream>> {
    let mut held = Vec::new();
    for last in 0..ADDRESSES {
        for _ in 0..CONNECTIONS {
            let kind = (AddressFamily::Inet, SockType::Stream);
            let fd: OwnedFd = socket(kind.0, kind.1, SockFlag::SOCK_CLOEXEC, None)?;
            nix::sys::socket::setsockopt(&fd, sockopt::ReuseAddr, &true)?;
            let from = SockaddrIn::from(SocketAddrV4::new(address(last), 0));
            bind(fd.as_raw_fd(), &from)?;
            let to = SockaddrIn::from(SocketAddrV4::new(underlay(NODE), RAFT_PORT));
            connect(fd.as_raw_fd(), &to).context("opening a connection")?;
            held.push(TcpStream::from(fd));
        }
    }
    Ok(held)
}

/// Time that the process ran, in percent of one core over [`WATCHED`].
fn load(pid: u32) -> Result<u64> {
    let ticks = || -> Result<u64> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let after = text.rsplit(") ").next().unwrap_or_default();
        // utime and stime are fields 14 and 15; the name was the second (proc_pid_stat(5)).
        let words: Vec<&str> = after.split(' ').collect();
        let field = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        Ok(field(11).context("utime")? + field(12).context("stime")?)
    };
    let a_second = sysconf(SysconfVar::CLK_TCK)?.context("ticks a second")?;
    let (before, begun) = (ticks()?, Instant::now());
    wait_until_true("the time to watch", 2 * WATCHED, || {
        Ok(begun.elapsed() >= WATCHED)
    })?;
    let ran = (ticks()? - before) * 100 / u64::try_from(a_second)?;
    Ok(ran / WATCHED.as_secs())
}

/// The machine's lease, by the node itself.
fn renewed(vm: &Vm) -> Result<()> {
    let options = ProbeOptions {
        ciaddr: vm.address()?,
        server: Some(overlay(NODE)),
        window_ms: 1000,
        ..ProbeOptions::new(MessageKind::Renew, vm.mac())
    };
    let replies = vm.netns().enter(|| probe::run(&options))?;
    ensure!(
        replies.iter().any(probe::Reply::is_ack),
        "node {NODE} does not renew without descriptors: {replies:?}"
    );
    Ok(())
}
