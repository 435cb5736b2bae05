//! What an operator's slip does to a host.

use anyhow::Result;

use crate::topology::{Host, anycast};

/// `nft flush ruleset` on `host`: the product's rules are gone.
///
/// The lab's own table comes back in the same transaction: on a real host the router's isolation is not
/// made of nftables, so losing it is no part of this fault.
pub fn flush_ruleset(host: &Host) -> Result<()> {
    host.netns()
        .nft(&format!("flush ruleset\n{}", anycast::ruleset()))
}
