//! Packets in somebody else's name, made by hand and sent to the host's bridge: a peer's, the host's own,
//! the loopback's; tunnels; and what looks like a part of a flow between hosts.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::attempt::{Counted, attempt};
use crate::Lab;
use crate::report::Report;
use crate::service::RunningService;
use crate::topology::Vm;
use crate::topology::address::{
    RAFT_PORT, VM_INTERFACE, VXLAN_PORT, bridge_mac, overlay, underlay, uplink,
};
use crate::wire::{MacAddr, PacketSocket, UdpFrame, ethernet, tcp};

const WINDOW: Duration = Duration::from_millis(400);
/// For experiments (IEEE 802): nothing else in the lab sends it.
const ETHERTYPE_MARK: [u8; 2] = [0x88, 0xb5];
const MARK: &[u8] = b"out of the tunnel";
/// Where the hosts talk to each other in both directions, as corosync does.
const HOSTS_PORT: u16 = 5405;
const VNI: [u8; 3] = [0, 0x03, 0xe8];
/// Connections that are opened and left there.
const FLOOD: u16 = 2000;

pub(super) fn check(lab: &mut Lab, vm: &Vm, other: &Vm, report: &mut Report) -> Result<()> {
    connections(lab, vm, report)?;
    tunnels(lab, vm, other, report)?;
    into_a_flow(lab, vm, report)
}

/// First packets of connections, and resets of peers' connections, in others' names.
fn connections(lab: &mut Lab, vm: &Vm, report: &mut Report) -> Result<()> {
    let own = vm.node();
    let sources = [
        ("another host's peer address", underlay(2), Counted::ByRules),
        (
            "another host's bridge address",
            overlay(2),
            Counted::ByRules,
        ),
        ("another host's uplink address", uplink(2), Counted::ByRules),
        (
            "the host's own peer address",
            underlay(own),
            Counted::Elsewhere,
        ),
        (
            "the loopback address",
            Ipv4Addr::LOCALHOST,
            Counted::Elsewhere,
        ),
    ];
    for (whose, source, counted) in sources {
        let name = format!("{FLOOD} SYN and RST to the peer port from {whose}");
        attempt(lab, report, &name, counted, |lab| {
            let targets = [underlay(own), underlay(3), overlay(own), uplink(3)];
            vm.netns().enter(|| {
                let socket = PacketSocket::open(VM_INTERFACE)?;
                for n in 0..FLOOD {
                    let target = targets[usize::from(n) % targets.len()];
                    let flags = if n % 8 < 4 { tcp::SYN } else { tcp::RST };
                    let frame = tcp::segment(
                        (vm.mac(), bridge_mac(own)),
                        SocketAddrV4::new(source, 20_000 + n),
                        SocketAddrV4::new(target, RAFT_PORT),
                        flags,
                    );
                    socket.send(&frame.context("a segment fits")?)?;
                }
                Ok(())
            })?;
            let open = half_open(lab)?;
            ensure!(open == 0, "{open} connections are half open");
            Ok("none half open on any host".to_owned())
        })?;
    }
    Ok(())
}

/// Connections to the peer port that wait for the third packet, on all hosts.
fn half_open(lab: &Lab) -> Result<usize> {
    let port = format!(":{RAFT_PORT:04X}");
    let mut open = 0;
    for host in lab.topology().hosts() {
        open += host.netns().enter(|| {
            let table = fs::read_to_string("/proc/thread-self/net/tcp");
            let table = table.context("reading the table of connections")?;
            let lines = table
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>());
            // Local address, then the remote one, then the state: 03 is SYN_RECV.
            Ok(lines
                .filter(|words| words.len() > 3 && words[1].ends_with(&port) && words[3] == "03")
                .count())
        })?;
    }
    Ok(open)
}

/// A frame in a tunnel's packet to the host: it must not come out on the bridge.
fn tunnels(lab: &mut Lab, vm: &Vm, other: &Vm, report: &mut Report) -> Result<()> {
    let own = vm.node();
    let address = vm.address()?.context("the machine has no address")?;
    let live = live_tunnel(lab, own, other)?;
    let sources = [
        ("its own name", address, 40_000),
        ("a peer's name", underlay(2), 40_000),
        (
            "a peer's name, from the port of its live tunnel",
            underlay(other.node()),
            live,
        ),
    ];
    for (whose, source, port) in sources {
        for target in [underlay(own), overlay(own), underlay(3)] {
            let name = format!("VXLAN to {target} in {whose}");
            attempt(lab, report, &name, Counted::ByRules, |_| {
                let from = SocketAddrV4::new(source, port);
                let to = SocketAddrV4::new(target, VXLAN_PORT);
                ensure!(
                    !comes_out(vm, from, to)?,
                    "{name}: it comes out of the tunnel"
                );
                Ok("does not come out".to_owned())
            })?;
        }
    }
    Ok(())
}

fn comes_out(vm: &Vm, from: SocketAddrV4, to: SocketAddrV4) -> Result<bool> {
    let inner = ethernet(
        vm.mac(),
        MacAddr([2, 0xcc, 0, 0, 0, 1]),
        ETHERTYPE_MARK,
        MARK,
    );
    let header = [&[0x08, 0, 0, 0][..], &VNI, &[0]].concat();
    let payload = [header, inner].concat();
    vm.netns().enter(|| {
        let socket = PacketSocket::open(VM_INTERFACE)?;
        socket.send(&datagram(vm, from, to, &payload)?)?;
        let deadline = Instant::now() + WINDOW;
        while let Some(frame) = socket.receive(deadline)? {
            if frame.get(12..14) == Some(&ETHERTYPE_MARK) {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// The source port by which `other`'s host sends broadcasts of its machines to host `own` now.
fn live_tunnel(lab: &Lab, own: u8, other: &Vm) -> Result<u16> {
    lab.topology().host(own).netns().enter(|| {
        let socket = PacketSocket::open(crate::topology::address::UNDERLAY_PORT)?;
        let frame = ethernet(MacAddr::BROADCAST, other.mac(), ETHERTYPE_MARK, MARK);
        other
            .netns()
            .enter(|| PacketSocket::open(VM_INTERFACE)?.send(&frame))?;
        let deadline = Instant::now() + 5 * WINDOW;
        while let Some(frame) = socket.receive(deadline)? {
            if let Some(seen) = UdpFrame::decode(&frame)
                && seen.dst_port == VXLAN_PORT
                && seen.src_ip == underlay(other.node())
                && seen.payload.ends_with(MARK)
            {
                return Ok(seen.src_port);
            }
        }
        bail!("the tunnel between the hosts carries nothing")
    })
}

/// Hosts 1 and 2 exchange datagrams. One in host 2's name from a machine must not reach host 1's program.
fn into_a_flow(lab: &mut Lab, vm: &Vm, report: &mut Report) -> Result<()> {
    let own = vm.node();
    let (here, there) = (
        SocketAddrV4::new(underlay(own), HOSTS_PORT),
        SocketAddrV4::new(underlay(2), HOSTS_PORT),
    );
    let netns = lab.topology().host(own).netns();
    let _service = RunningService::start(netns, here.into(), lab.dir())?;
    let name = "a datagram into a flow between hosts, in the other's name";
    attempt(lab, report, name, Counted::ByRules, |lab| {
        let netns = lab.topology().host(2).netns();
        let socket = netns.enter(|| UdpSocket::bind(there).context("binding"))?;
        socket
            .set_read_timeout(Some(WINDOW))
            .context("a time limit")?;
        let mut answer = [0; 64];
        for _ in 0..3 {
            socket.send_to(b"?", here).context("sending")?;
            socket
                .recv_from(&mut answer)
                .context("the hosts' own flow")?;
        }
        let forged = datagram(vm, there, here, b"?")?;
        vm.netns()
            .enter(|| PacketSocket::open(VM_INTERFACE)?.send(&forged))?;
        let heard = socket.recv_from(&mut answer);
        ensure!(heard.is_err(), "the host's program took it for its peer's");
        Ok("not delivered".to_owned())
    })
}

fn datagram(vm: &Vm, from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Result<Vec<u8>> {
    let frame = UdpFrame {
        src_mac: vm.mac(),
        dst_mac: bridge_mac(vm.node()),
        src_ip: *from.ip(),
        dst_ip: *to.ip(),
        src_port: from.port(),
        dst_port: to.port(),
        payload,
    };
    frame.encode().context("a datagram fits")
}
