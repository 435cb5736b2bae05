//! Cut links on the switch between the hosts.
//!
//! A table of our own on the switch holds two sets of (from port, to port), one way each: frames
//! between ports in `cut` are dropped, and of those in `raft` only the Raft connections, while the
//! VXLAN, and so the virtual machines' traffic, goes on.

use anyhow::Result;

use crate::topology::Underlay;
use crate::topology::address::RAFT_PORT;
use crate::topology::underlay::port;

/// A set of the table.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Everything,
    Raft,
}

impl Cut {
    fn set(self) -> &'static str {
        match self {
            Self::Everything => "cut",
            Self::Raft => "raft",
        }
    }
}

/// The faults of an underlay switch. Hosts are named by their numbers.
#[derive(Debug)]
pub struct UnderlayFaults<'a> {
    underlay: &'a Underlay,
    hosts: u8,
}

impl<'a> UnderlayFaults<'a> {
    /// The faults of `underlay` with `hosts` hosts; nothing is cut at first.
    pub(crate) fn new(underlay: &'a Underlay, hosts: u8) -> Self {
        Self { underlay, hosts }
    }

    /// Creates the table, empty. Once per lab, before any fault.
    pub(crate) fn install(&self) -> Result<()> {
        self.underlay.nft(&format!(
            r#"table bridge chaos {{
    set cut {{ type ifname . ifname; }}
    set raft {{ type ifname . ifname; }}
    chain between_hosts {{
        type filter hook forward priority 0; policy accept;
        iifname . oifname @cut drop
        iifname . oifname @raft tcp dport {RAFT_PORT} drop
        iifname . oifname @raft tcp sport {RAFT_PORT} drop
    }}
}}
"#
        ))
    }

    /// Cuts host `node` off entirely: Raft and VXLAN.
    pub fn cut_host(&self, node: u8) -> Result<()> {
        self.add(Cut::Everything, self.both_ways(node))
    }

    /// Cuts the Raft connections of host `node`; the VXLAN goes on.
    pub fn cut_raft(&self, node: u8) -> Result<()> {
        self.add(Cut::Raft, self.both_ways(node))
    }

    /// Drops everything that `from` sends to `to`.
    pub fn cut_one_way(&self, from: u8, to: u8) -> Result<()> {
        self.add(Cut::Everything, vec![(from, to)])
    }

    /// Drops the Raft traffic that `from` sends to `to`.
    pub fn cut_raft_one_way(&self, from: u8, to: u8) -> Result<()> {
        self.add(Cut::Raft, vec![(from, to)])
    }

    /// Mends everything.
    pub fn heal(&self) -> Result<()> {
        self.underlay
            .nft("flush set bridge chaos cut\nflush set bridge chaos raft\n")
    }

    fn both_ways(&self, node: u8) -> Vec<(u8, u8)> {
        (1..=self.hosts)
            .filter(|peer| *peer != node)
            .flat_map(|peer| [(node, peer), (peer, node)])
            .collect()
    }

    fn add(&self, cut: Cut, ways: Vec<(u8, u8)>) -> Result<()> {
        let elements: Vec<_> = ways
            .into_iter()
            .map(|(from, to)| format!("\"{}\" . \"{}\"", port(from), port(to)))
            .collect();
        self.underlay.nft(&format!(
            "add element bridge chaos {} {{ {} }}\n",
            cut.set(),
            elements.join(", ")
        ))
    }
}
