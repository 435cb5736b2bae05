//! A server's own network: a namespace for it, one for its clients, a cable between them.

use std::process::Command;

use anyhow::Result;

use crate::command::run;
use crate::netns::Netns;
use crate::topology::address::{OVERLAY_MTU, VM_INTERFACE, overlay};

/// Both ends of the cable.
pub(super) struct Cable {
    /// Where the server runs, with the address of our first node.
    pub(super) host: Netns,
    /// Where its clients are.
    pub(super) clients: Netns,
}

impl Cable {
    /// Lays it for the server called `name`.
    pub(super) fn lay(name: &str) -> Result<Self> {
        let (host, clients) = (Netns::named(name), Netns::named(format!("{name}-vm")));
        for netns in [&host, &clients] {
            run(Command::new("ip").args(["netns", "add", netns.name()]))?;
        }
        let mut link = Command::new("ip");
        link.args(["link", "add", VM_INTERFACE, "netns", host.name()])
            .args(["mtu", &OVERLAY_MTU.to_string(), "type", "veth"])
            .args(["peer", "name", VM_INTERFACE, "netns", clients.name()])
            .args(["mtu", &OVERLAY_MTU.to_string()]);
        run(&mut link)?;
        let server = overlay(1);
        host.ip(&format!(
            "link set lo up\naddr add {server}/24 dev {VM_INTERFACE}\nlink set {VM_INTERFACE} up\n"
        ))?;
        clients.ip(&format!("link set {VM_INTERFACE} up\n"))?;
        Ok(Self { host, clients })
    }
}
