//! Who reaches which port of which host: source network × address × port × expected answer.
//!
//! In: a lab whose nodes serve, one machine on each host with an address, and somebody who listens on
//! ssh's port of every host. Out: every combination was tried, and answered as the table says; a line a
//! row for the report. `hostile_vm` and `readme_hosts` share it.

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use nix::net::if_::if_nametoindex;

use crate::Lab;
use crate::netns::Netns;
use crate::report::Report;
use crate::service::RunningService;
use crate::topology::Vm;
use crate::topology::address::{
    ROUTER, VM_BRIDGE, VM_INTERFACE, bridge_mac, overlay, underlay, uplink,
};

const CONNECT: Duration = Duration::from_millis(700);
const SSH: u16 = 22;
const PEERS: u16 = 7066;
const ADMIN: u16 = 7067;

/// What came of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// It is open.
    Opened,
    /// Somebody said no: the packet got there.
    Refused,
    /// Nothing came back.
    Silent,
    /// There is no way there.
    NoWay,
}

/// Where the caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// A virtual machine on each host.
    Vm,
    /// Each host.
    Host,
    /// Beyond the uplinks.
    Internet,
}

/// Which address of a host. Seen from a machine the own host is the one that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    OwnBridge,
    OtherBridge,
    OwnLinkLocal,
    OtherLinkLocal,
    Router,
    OwnPeers,
    OtherPeers,
    OwnUplink,
    OtherUplink,
    Loopback,
}

type Row = (Source, Target, &'static [u16], Answer);

/// Nothing of a host is open to its machines, nor is peers' and operators' anywhere. What a host shows to
/// the internet at its public address is its operator's business, and the machines of others see it, too.
const MATRIX: [Row; 18] = [
    (
        Source::Vm,
        Target::OwnBridge,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OtherBridge,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OwnLinkLocal,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OtherLinkLocal,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::Router,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OwnPeers,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OtherPeers,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Vm,
        Target::OwnUplink,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (Source::Vm, Target::OtherUplink, &[SSH], Answer::Opened),
    (
        Source::Vm,
        Target::OtherUplink,
        &[PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Host,
        Target::OtherBridge,
        &[SSH, PEERS, ADMIN],
        Answer::Silent,
    ),
    (
        Source::Host,
        Target::OtherPeers,
        &[SSH, PEERS],
        Answer::Opened,
    ),
    (Source::Host, Target::OtherPeers, &[ADMIN], Answer::Refused),
    (Source::Host, Target::OtherUplink, &[SSH], Answer::Opened),
    (
        Source::Host,
        Target::OtherUplink,
        &[PEERS, ADMIN],
        Answer::Refused,
    ),
    (
        Source::Host,
        Target::Loopback,
        &[SSH, ADMIN],
        Answer::Opened,
    ),
    (
        Source::Internet,
        Target::OtherUplink,
        &[SSH],
        Answer::Opened,
    ),
    (
        Source::Internet,
        Target::OtherUplink,
        &[PEERS, ADMIN],
        Answer::Refused,
    ),
];

/// Tries the whole table, and notes a line a row. Returns how many connections were tried.
pub(super) fn check(lab: &Lab, vms: &[&Vm], report: &mut Report) -> Result<usize> {
    link_local(lab, vms)?;
    let hosts: Vec<u8> = (1..=lab.host_count()).collect();
    let mut tried = 0;
    for row in &MATRIX {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        for (netns, own) in callers(lab, vms, row.0) {
            let targets = addresses(row.1, own, &hosts);
            let targets = targets.iter();
            let targets = targets.flat_map(|at| row.2.iter().map(move |port| (*at, *port)));
            let targets: Vec<_> = targets.collect();
            count += targets.len();
            seen.extend(try_all(&netns, &targets)?);
        }
        ensure!(
            seen == BTreeSet::from([row.3]),
            "{}: {} and not {}",
            name(row),
            list(seen),
            row.3
        );
        tried += count;
        report.figure(name(row), format!("{} ({count} tried)", row.3));
    }
    Ok(tried)
}

/// Somebody who listens where ssh does, on all addresses of each host.
pub(super) fn ssh_on_every_host(lab: &Lab) -> Result<Vec<RunningService>> {
    let anywhere = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), SSH);
    let hosts = lab.topology().hosts().iter();
    hosts
        .map(|host| RunningService::start(host.netns(), anywhere, lab.dir()))
        .collect()
}

/// Tries each at once. A link-local address is meant on the caller's only interface.
pub(super) fn try_all(netns: &Netns, targets: &[(IpAddr, u16)]) -> Result<Vec<Answer>> {
    netns.enter(|| {
        let scope = if_nametoindex(VM_INTERFACE).unwrap_or(0);
        thread::scope(|threads| {
            let tries: Vec<_> = targets
                .iter()
                .map(|target| threads.spawn(move || connect(socket_address(*target, scope))))
                .collect();
            let answers = tries.into_iter().map(|one| one.join());
            answers
                .map(|answer| answer.map_err(|_| anyhow!("a caller panicked")))
                .collect()
        })
    })
}

fn connect(target: SocketAddr) -> Answer {
    match TcpStream::connect_timeout(&target, CONNECT) {
        Ok(_) => Answer::Opened,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Answer::Refused,
            ErrorKind::TimedOut => Answer::Silent,
            _ => Answer::NoWay,
        },
    }
}

pub(super) fn socket_address((address, port): (IpAddr, u16), scope: u32) -> SocketAddr {
    match address {
        IpAddr::V6(address) => SocketAddrV6::new(address, port, 0, scope).into(),
        address => SocketAddr::new(address, port),
    }
}

/// Each caller, and on which host it is; 0 for none.
fn callers(lab: &Lab, vms: &[&Vm], source: Source) -> Vec<(Netns, u8)> {
    let topology = lab.topology();
    match source {
        Source::Vm => vms
            .iter()
            .map(|vm| (vm.netns().clone(), vm.node()))
            .collect(),
        Source::Host => {
            let hosts = topology.hosts().iter();
            hosts
                .map(|host| (host.netns().clone(), host.node()))
                .collect()
        }
        Source::Internet => vec![(topology.internet().netns().clone(), 0)],
    }
}

fn addresses(target: Target, own: u8, hosts: &[u8]) -> Vec<IpAddr> {
    let others = |of: fn(u8) -> Ipv4Addr| -> Vec<IpAddr> {
        let others = hosts.iter().filter(|host| **host != own);
        others.map(|host| of(*host).into()).collect()
    };
    match target {
        Target::OwnBridge => vec![overlay(own).into()],
        Target::OtherBridge => others(overlay),
        Target::OwnLinkLocal => vec![link_local_of(own).into()],
        Target::OtherLinkLocal => {
            let others = hosts.iter().filter(|host| **host != own);
            others.map(|host| link_local_of(*host).into()).collect()
        }
        Target::Router => vec![ROUTER.into()],
        Target::OwnPeers => vec![underlay(own).into()],
        Target::OtherPeers => others(underlay),
        Target::OwnUplink => vec![uplink(own).into()],
        Target::OtherUplink => others(uplink),
        Target::Loopback => vec![Ipv4Addr::LOCALHOST.into()],
    }
}

/// Every address by which a machine on host `own` may try to reach a host.
pub(super) fn every_address(own: u8, hosts: &[u8]) -> Vec<IpAddr> {
    let all = [
        Target::OwnBridge,
        Target::OtherBridge,
        Target::OwnLinkLocal,
        Target::OtherLinkLocal,
        Target::Router,
        Target::OwnPeers,
        Target::OtherPeers,
        Target::OwnUplink,
        Target::OtherUplink,
    ];
    all.iter()
        .flat_map(|target| addresses(*target, own, hosts))
        .collect()
}

/// Gives the bridges and the machines their link-local addresses, which the lab leaves out.
fn link_local(lab: &Lab, vms: &[&Vm]) -> Result<()> {
    let on = |netns: &Netns, interface: &str| {
        let key = |name: &str| format!("ipv6/conf/{interface}/{name}");
        let keys = [(key("accept_dad"), "0"), (key("disable_ipv6"), "0")];
        let keys = keys.each_ref().map(|(key, value)| (key.as_str(), *value));
        netns.sysctl(&keys)
    };
    for host in lab.topology().hosts() {
        on(host.netns(), VM_BRIDGE).context("IPv6 on a bridge")?;
    }
    for vm in vms {
        on(vm.netns(), VM_INTERFACE).context("IPv6 in a machine")?;
    }
    Ok(())
}

/// Made of the bridge's hardware address (RFC 4291, appendix A).
fn link_local_of(host: u8) -> Ipv6Addr {
    let mac = bridge_mac(host).0.map(u16::from);
    Ipv6Addr::new(
        0xfe80,
        0,
        0,
        0,
        (mac[0] ^ 2) << 8 | mac[1],
        mac[2] << 8 | 0xff,
        0xfe00 | mac[3],
        mac[4] << 8 | mac[5],
    )
}

fn name((source, target, ports, _): &Row) -> String {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    format!("{source} → {target}, tcp {}", ports.join(" "))
}

fn list(seen: BTreeSet<Answer>) -> String {
    let seen: Vec<String> = seen.iter().map(Answer::to_string).collect();
    seen.join(" and ")
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opened => "open",
            Self::Refused => "refused",
            Self::Silent => "no answer",
            Self::NoWay => "no way there",
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vm => "a VM",
            Self::Host => "a host",
            Self::Internet => "the internet",
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnBridge => "own host's bridge",
            Self::OtherBridge => "other hosts' bridges",
            Self::OwnLinkLocal => "own host's link-local address",
            Self::OtherLinkLocal => "other hosts' link-local addresses",
            Self::Router => "the router address",
            Self::OwnPeers => "own host's peer address",
            Self::OtherPeers => "other hosts' peer addresses",
            Self::OwnUplink => "own host's uplink",
            Self::OtherUplink => "hosts' uplinks",
            Self::Loopback => "its loopback",
        })
    }
}
