//! The router address that every host has at once, as Proxmox's EVPN zones give it.
//!
//! A virtual machine must reach the router of its own host only. So ARP that asks for the router, or
//! speaks in its name, does not cross the VXLAN; everything else does. This is a bridge table of our own
//! in the host's namespace, so it takes no part in what the product programs.
//!
//! Proxmox gives the bridge one hardware address on all hosts. Here each host keeps its own: the node
//! address (10.15.3.10, …) sits on the same bridge, and with a shared hardware address a unicast renewal
//! to another host's node address would be swallowed by the local host.

use super::address::{ROUTER, VXLAN};

/// The script that (re)creates the table.
pub fn ruleset() -> String {
    format!(
        r#"table bridge lab_anycast
delete table bridge lab_anycast
table bridge lab_anycast {{
    chain from_overlay {{
        type filter hook prerouting priority 0; policy accept;
        iifname "{VXLAN}" arp daddr ip {ROUTER} drop
        iifname "{VXLAN}" arp saddr ip {ROUTER} drop
    }}
    chain to_overlay {{
        type filter hook postrouting priority 0; policy accept;
        oifname "{VXLAN}" arp daddr ip {ROUTER} drop
        oifname "{VXLAN}" arp saddr ip {ROUTER} drop
    }}
}}
"#
    )
}
