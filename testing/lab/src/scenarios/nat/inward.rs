//! Port forwards: by TCP and UDP, from the internet and from machines, to a client wherever it is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{CONNECT, OBTAIN, SERVICE_PORT};
use crate::Lab;
use crate::client::{DhcpClient, Udhcpc};
use crate::netns::Netns;
use crate::report::Report;
use crate::service::{RunningService, fetch_tcp, fetch_udp};
use crate::topology::Vm;
use crate::topology::address::uplink;
use crate::wait::wait_until;

/// From the operator's command, or the lease, to a working rule in every kernel.
const PROGRAMMED: Duration = Duration::from_secs(5);
const TCP_PORT: u16 = 8080;
const UDP_PORT: u16 = 5353;
/// Where the client moves to.
const ELSEWHERE: &str = "10.15.3.99";

type Fetch = fn(SocketAddr, Duration) -> Result<IpAddr>;

/// Forwards to the first of `clients`; the second is its neighbour on the same host.
pub(super) fn check(lab: &mut Lab, clients: &mut [Udhcpc], report: &mut Report) -> Result<()> {
    let [target, neighbour, elsewhere, ..] = clients else {
        anyhow::bail!("three machines are needed");
    };
    let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, SERVICE_PORT));
    let _service = RunningService::start(target.vm().netns(), anywhere, lab.dir())?;
    let mac = target.vm().mac().to_string();
    add(lab, "tcp", TCP_PORT, &mac)?;
    add(lab, "udp", UDP_PORT, &mac)?;

    let host = uplink(target.vm().node());
    let internet = lab.topology().internet().netns().clone();
    let (tcp, udp) = (
        SocketAddr::from((host, TCP_PORT)),
        SocketAddr::from((host, UDP_PORT)),
    );
    reached(report, "TCP forward", &internet, fetch_tcp, tcp)?;
    reached(report, "UDP forward", &internet, fetch_udp, udp)?;
    hairpin(report, "hairpin, neighbour", neighbour.vm(), tcp)?;
    hairpin(report, "hairpin, other host", elsewhere.vm(), tcp)?;
    let own = SocketAddr::from((uplink(elsewhere.vm().node()), TCP_PORT));
    hairpin(report, "hairpin, own host's address", elsewhere.vm(), own)?;

    move_away(lab, target)?;
    reached(report, "after the client moved", &internet, fetch_tcp, tcp)
}

fn add(lab: &mut Lab, protocol: &str, port: u16, mac: &str) -> Result<()> {
    let (port, target) = (port.to_string(), SERVICE_PORT.to_string());
    lab.gateway(1).ctl(&[
        "forward",
        "add",
        protocol,
        &port,
        "--to-client",
        mac,
        "--target-port",
        &target,
    ])?;
    Ok(())
}

/// A machine reaches its neighbour by the public address.
fn hairpin(report: &mut Report, what: &str, from: &Vm, public: SocketAddr) -> Result<()> {
    reached(report, what, from.netns(), fetch_tcp, public)
}

/// Waits until `public` answers, and notes how long that took.
fn reached(
    report: &mut Report,
    what: &str,
    from: &Netns,
    fetch: Fetch,
    public: SocketAddr,
) -> Result<()> {
    let started = Instant::now();
    let mut last = String::new();
    let outcome = wait_until(what, PROGRAMMED, || {
        match from.enter(|| fetch(public, CONNECT)) {
            Ok(seen) => Ok(Some(seen)),
            Err(error) => {
                last = format!("{error:#}");
                Ok(None)
            }
        }
    });
    let seen = outcome.with_context(|| format!("from {}: {last}", from.name()))?;
    let took = started.elapsed().as_millis();
    report.figure(
        format!("{what}: works after (ms), seen from"),
        format!("{took}, {seen}"),
    );
    Ok(())
}

/// The client gives its address back and comes again, to another that is reserved for it.
fn move_away(lab: &mut Lab, client: &mut Udhcpc) -> Result<()> {
    client.release(OBTAIN)?;
    let mac = client.vm().mac().to_string();
    lab.gateway(1)
        .ctl(&["reservation", "add", &mac, ELSEWHERE])?;
    let address = client.obtain(OBTAIN)?;
    anyhow::ensure!(
        address.to_string() == ELSEWHERE,
        "{ELSEWHERE} is reserved for {mac}, which got {address}"
    );
    Ok(())
}
