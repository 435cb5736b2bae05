//! Whether IPv4 forwarding is on for our interfaces (`net.ipv4.conf.*.forwarding`): each has its own switch.
//!
//! Blocking, for as long as a file in `/proc` takes.

use crate::context::NodeContext;
use std::fs;
use std::path::Path;

const BRIDGED: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const CONFIGURATION: &str = "/proc/sys/net/ipv4/conf";

/// The interfaces at which forwarding is off though it should be on. A missing interface is reported by `host`.
pub(super) fn closed(node: &NodeContext) -> Vec<String> {
    let Some(uplink) = &node.uplink_interface else {
        return Vec::new();
    };
    let off = |name: &str| {
        let path = Path::new(CONFIGURATION).join(name).join("forwarding");
        fs::read_to_string(path).is_ok_and(|text| text.trim() == "0")
    };
    // If the switch of the whole host is off, the reconciler switches it on, and that sets all the others.
    if off("all") {
        return Vec::new();
    }
    [&node.lan_interface, uplink]
        .into_iter()
        .filter(|interface| off(interface.as_str()))
        .map(|interface| {
            format!(
                "what comes in by {interface} is not forwarded: \
                 `sysctl -w net.ipv4.conf.{interface}.forwarding=1`, and look in /etc/sysctl.d for what \
                 switched it off"
            )
        })
        .collect()
}

/// Whether IP's chains see what is only bridged between the clients (`br_netfilter`).
pub(super) fn filters_bridged(node: &NodeContext) -> bool {
    let is_on = fs::read_to_string(BRIDGED).is_ok_and(|text| text.trim() == "1");
    let bridge = Path::new("/sys/class/net").join(node.lan_interface.as_str());
    is_on && bridge.join("bridge").exists()
}
