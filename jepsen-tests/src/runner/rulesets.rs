//! The rules in every host's kernel, beside what they should be.
//!
//! Three views must agree: what the node says of itself (`nat.in_sync`), what `nft` lists of its port
//! forwards beside what `gatewayctl forward list` says, and the rest of what `nft` lists on this host
//! beside the other hosts. Only the node's own address may differ between them.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use jepsen_tests::history::{Entry, Function, RulesetSeen, Value};
use lab::Lab;
use lab::gateway::{Control, Gateway};
use lab::topology::address::overlay;
use lab::wait::wait_until_true;
use serde::Deserialize;

use super::watcher;
use crate::names;

const TABLE: [&str; 5] = ["--stateless", "list", "table", "inet", "gatewayd"];
/// A repair may be held back for some seconds after a fight.
const REPAIRED: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct ForwardRow {
    protocol: String,
    port: u16,
    resolved: Option<String>,
}

/// One host's table in parts.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// "tcp 80 10.15.3.20:8080"
    forwards: BTreeSet<String>,
    /// Everything else, with the node's own address taken out.
    rest: String,
}

/// What is in every kernel, judged.
pub fn seen(lab: &mut Lab) -> Result<Vec<Entry>> {
    let mut first: Option<Listed> = None;
    let mut entries = Vec::new();
    for gateway in lab.gateways() {
        let node = gateway.node();
        let seen = match look(gateway) {
            Ok(listed) => {
                let detail = listed.1.or_else(|| differs(first.as_ref(), &listed.0));
                first.get_or_insert(listed.0);
                detail
            }
            Err(error) => Some(format!("{error:#}")),
        };
        let seen = RulesetSeen {
            equal: seen.is_none(),
            detail: seen,
        };
        let name = names::node(node);
        entries.push(Entry::seen(
            Function::Ruleset,
            Some(&name),
            Value::Ruleset(seen),
        ));
    }
    Ok(entries)
}

/// What a host lists, and what is wrong with it by itself.
fn look(gateway: &Gateway) -> Result<(Listed, Option<String>)> {
    let control = gateway.control();
    let in_sync = wait_until_true("NAT in sync", REPAIRED, || {
        let status = watcher::status(&control);
        Ok(status.is_ok_and(|status| status.nat.is_some_and(|nat| nat.in_sync)))
    });
    let text = gateway.netns().run("nft", &TABLE)?;
    let listed = parse(&text, &overlay(gateway.node()).to_string());
    let wanted = wanted(&control)?;
    let wrong = match in_sync {
        Err(error) => Some(format!("{error:#}")),
        Ok(()) if wanted != listed.forwards => Some(format!(
            "the kernel forwards {:?}, the state says {wanted:?}",
            listed.forwards
        )),
        Ok(()) => None,
    };
    Ok((listed, wrong))
}

fn wanted(control: &Control) -> Result<BTreeSet<String>> {
    let rows: Vec<ForwardRow> = control.json(&["forward", "list"])?;
    let resolved = rows.into_iter().filter_map(|row| {
        let to = row.resolved?;
        Some(format!("{} {} {to}", row.protocol, row.port))
    });
    Ok(resolved.collect())
}

fn differs(first: Option<&Listed>, this: &Listed) -> Option<String> {
    let other = first.filter(|first| first.rest != this.rest)?;
    let mut lines = other.rest.lines().zip(this.rest.lines());
    let (theirs, ours) = lines.find(|(a, b)| a != b).unwrap_or(("", "its end"));
    Some(format!(
        "unlike the first node's: {:?} where that has {:?}",
        ours.trim(),
        theirs.trim()
    ))
}

/// Takes the elements of the forward maps out of what `nft` lists.
fn parse(text: &str, own_address: &str) -> Listed {
    let mut forwards = BTreeSet::new();
    let mut rest = String::new();
    let mut protocol = "";
    let mut elements = false;
    for line in text.lines() {
        let words = line.trim();
        if words.starts_with("map ") {
            protocol = if words.contains("udp") { "udp" } else { "tcp" };
        }
        elements = elements || words.starts_with("elements = {");
        if elements {
            let list = words.trim_start_matches("elements = {");
            let pairs = list.trim_end_matches('}').split(',');
            forwards.extend(pairs.filter_map(|pair| element(protocol, pair)));
            elements = !words.ends_with('}');
            continue;
        }
        rest.push_str(&line.replace(own_address, "NODE"));
        rest.push('\n');
    }
    Listed { forwards, rest }
}

/// `80 : 10.15.3.20 . 8080`
fn element(protocol: &str, pair: &str) -> Option<String> {
    let (port, target) = pair.split_once(" : ")?;
    let (address, target_port) = target.split_once(" . ")?;
    Some(format!(
        "{protocol} {} {}:{}",
        port.trim(),
        address.trim(),
        target_port.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
table inet gatewayd {
	map tcp_forwards {
		type inet_service : ipv4_addr . inet_service
		elements = { 80 : 10.15.3.20 . 8080,
			     2222 : 10.15.3.21 . 22 }
	}
	map udp_forwards {
		elements = { 53 : 10.15.3.22 . 53 }
	}
	chain postrouting {
		oifname \"OCvpsnet\" ct status dnat snat to 10.15.3.10
	}
}
";

    #[test]
    fn forwards_are_told_from_the_rest() {
        let listed = parse(LISTED, "10.15.3.10");
        let forwards: Vec<_> = listed.forwards.iter().map(String::as_str).collect();
        assert_eq!(
            forwards,
            [
                "tcp 2222 10.15.3.21:22",
                "tcp 80 10.15.3.20:8080",
                "udp 53 10.15.3.22:53"
            ]
        );
        assert!(listed.rest.contains("snat to NODE"));
        assert!(!listed.rest.contains("8080"));
    }

    #[test]
    fn a_missing_rule_is_a_difference() {
        let whole = parse(LISTED, "10.15.3.10");
        let cut = parse(&LISTED.replace("\t\toifname", "\t\tiifname"), "10.15.3.10");
        assert_eq!(differs(Some(&whole), &whole), None);
        assert!(differs(Some(&whole), &cut).is_some());
    }
}
