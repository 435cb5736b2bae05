//! What is not forwarded does not come in, even from somebody who knows the way.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::Lab;
use crate::service::{RunningService, fetch_tcp};
use crate::topology::Vm;
use crate::topology::address::{overlay, uplink};

const CONNECT: Duration = Duration::from_millis(500);
/// Served by the machine (see `inward`).
const MACHINE_PORT: u16 = 80;
/// Served by the host, to show that the way is there.
const HOST_PORT: u16 = 8181;

/// Gives the internet a route to the machines, and shows that `vm` stays out of reach.
pub(super) fn check(lab: &Lab, vm: &Vm) -> Result<()> {
    let node = vm.node();
    let internet = lab.topology().internet().netns();
    internet.ip(&format!("route add 10.15.3.0/24 via {}\n", uplink(node)))?;
    let host = SocketAddr::from((overlay(node), HOST_PORT));
    let _service = RunningService::start(
        lab.topology().host(node).netns(),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, HOST_PORT)),
        lab.dir(),
    )?;
    internet
        .enter(|| fetch_tcp(host, CONNECT))
        .context("the route must lead to the host, or the test says nothing")?;
    let address = vm.address()?.context("the machine has no address")?;
    let machine = SocketAddr::from((address, MACHINE_PORT));
    let reached = internet.enter(|| fetch_tcp(machine, CONNECT));
    ensure!(
        reached.is_err(),
        "{machine} is reached from the internet without a forward"
    );
    Ok(())
}
