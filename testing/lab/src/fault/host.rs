//! What an operator's slip does to a host.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::netns::Netns;
use crate::topology::address::{VM_BRIDGE, VXLAN, overlay};
use crate::topology::{Host, anycast};

/// `nft flush ruleset` on `host`: the product's rules are gone.
///
/// The lab's own table comes back in the same transaction: on a real host the router's isolation is not
/// made of nftables, so losing it is no part of this fault.
pub fn flush_ruleset(host: &Host) -> Result<()> {
    host.netns()
        .nft(&format!("flush ruleset\n{}", anycast::ruleset()))
}

/// Takes the host in `netns` off the overlay: it has no way to any client.
pub fn cut_off_overlay(netns: &Netns) -> Result<()> {
    netns.ip(&format!("link set {VXLAN} down\n"))
}

/// Takes the listen IP of `host` off its bridge.
pub fn remove_listen_ip(host: &Host) -> Result<()> {
    let address = overlay(host.node());
    host.netns()
        .ip(&format!("addr del {address}/24 dev {VM_BRIDGE}\n"))
}

/// Puts it back, if it is not there.
pub fn restore_listen_ip(host: &Host) -> Result<()> {
    let address = overlay(host.node());
    host.netns()
        .ip(&format!("addr replace {address}/24 dev {VM_BRIDGE}\n"))
}

/// Deletes the first rule on `host` that has the statement `statement`, as `nft -j` calls it.
pub fn delete_rule(host: &Host, statement: &str) -> Result<()> {
    let listing = host.netns().run("nft", &["-j", "list", "ruleset"])?;
    let listing: Value = serde_json::from_str(&listing).context("reading the ruleset")?;
    let objects = listing["nftables"].as_array().context("a ruleset's list")?;
    let rule = objects
        .iter()
        .filter_map(|object| object.get("rule"))
        .find(|rule| has_statement(rule, statement))
        .with_context(|| format!("no rule with {statement} on host {}", host.node()))?;
    host.netns().nft(&format!(
        "delete rule {} {} {} handle {}\n",
        text(&rule["family"])?,
        text(&rule["table"])?,
        text(&rule["chain"])?,
        rule["handle"]
    ))
}

fn has_statement(rule: &Value, statement: &str) -> bool {
    let expressions = rule["expr"].as_array();
    expressions.is_some_and(|list| list.iter().any(|one| one.get(statement).is_some()))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("a name in the ruleset")
}
