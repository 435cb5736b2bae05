//! Cut, lossy and slow links on the switch between the hosts.
//!
//! A table of our own on the switch holds sets of (from port, to port), one way each: frames between
//! ports in `cut` are dropped; of those in `raft` only the Raft connections; of those in `overlay` only
//! the VXLAN, and so the virtual machines' traffic; of those in `lossy` every frame by lot.
//!
//! A slow link is a token bucket on the port (this works without netem): what does not fit its rate
//! waits in a queue, so that frames come late, and are lost when the queue is full.

use std::process::Command;

use anyhow::Result;

use crate::command::run;
use crate::topology::Underlay;
use crate::topology::address::{RAFT_PORT, VXLAN_PORT};
use crate::topology::underlay::port;

/// Out of a hundred frames on a lossy link, so many are lost.
const LOSS_PERCENT: u8 = 20;
/// Less than what a busy cluster says to a node; at most so long in the queue.
const SLOW_LINK: [&str; 6] = ["rate", "256kbit", "burst", "3000", "latency", "400ms"];

/// A set of the table.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Everything,
    Raft,
    Overlay,
    ByLot,
}

impl Cut {
    fn set(self) -> &'static str {
        match self {
            Self::Everything => "cut",
            Self::Raft => "raft",
            Self::Overlay => "overlay",
            Self::ByLot => "lossy",
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
    set overlay {{ type ifname . ifname; }}
    set lossy {{ type ifname . ifname; }}
    chain between_hosts {{
        type filter hook forward priority 0; policy accept;
        iifname . oifname @cut drop
        iifname . oifname @raft tcp dport {RAFT_PORT} drop
        iifname . oifname @raft tcp sport {RAFT_PORT} drop
        iifname . oifname @overlay udp dport {VXLAN_PORT} drop
        iifname . oifname @lossy numgen random mod 100 < {LOSS_PERCENT} drop
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

    /// Cuts host `node` off the overlay: its virtual machines hear their own gateway only. Raft goes on.
    pub fn cut_overlay(&self, node: u8) -> Result<()> {
        self.add(Cut::Overlay, self.both_ways(node))
    }

    /// Loses frames from and to host `node`, by lot.
    pub fn lose(&self, node: u8) -> Result<()> {
        self.add(Cut::ByLot, self.both_ways(node))
    }

    /// Makes the link to host `node` slow.
    pub fn slow(&self, node: u8) -> Result<()> {
        let port = port(node);
        let mut tc = Command::new("tc");
        tc.args(["qdisc", "replace", "dev", &port, "root", "tbf"]);
        run(tc.args(SLOW_LINK))?;
        Ok(())
    }

    /// Mends everything.
    pub fn heal(&self) -> Result<()> {
        for cut in [Cut::Everything, Cut::Raft, Cut::Overlay, Cut::ByLot] {
            self.mend(cut)?;
        }
        (1..=self.hosts).try_for_each(|node| self.mend_slow(node))
    }

    /// Mends the links that are cut for everything.
    pub fn mend_cut(&self) -> Result<()> {
        self.mend(Cut::Everything)
    }

    /// Mends the links that are cut for Raft.
    pub fn mend_raft(&self) -> Result<()> {
        self.mend(Cut::Raft)
    }

    /// Mends the links that are cut for the overlay.
    pub fn mend_overlay(&self) -> Result<()> {
        self.mend(Cut::Overlay)
    }

    /// No more loss.
    pub fn mend_lossy(&self) -> Result<()> {
        self.mend(Cut::ByLot)
    }

    /// Gives the link to host `node` its speed back.
    pub fn mend_slow(&self, node: u8) -> Result<()> {
        // Replacing works also where there is nothing to take away.
        let port = port(node);
        let mut tc = Command::new("tc");
        run(tc.args(["qdisc", "replace", "dev", &port, "root", "pfifo"]))?;
        Ok(())
    }

    fn mend(&self, cut: Cut) -> Result<()> {
        let set = cut.set();
        self.underlay
            .nft(&format!("flush set bridge chaos {set}\n"))
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
