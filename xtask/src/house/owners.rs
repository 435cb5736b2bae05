//! Libraries that a crate of ours hides from the others, so that one crate changes when they do.

use anyhow::Result;

use super::Findings;
use crate::workspace::Workspace;

/// The library (or, with `*`, all whose names begin so), and who may use it.
const OWNERS: &[(&str, &[&str])] = &[
    ("sled", &["raft-store"]),
    ("openraft*", &["raft-store", "cluster", "powerloss", "sim"]),
    ("dhcproto", &["dhcpd", "lab", "sim"]),
    ("nftnl*", &["natd"]),
    ("mnl*", &["natd"]),
    ("rtnetlink", &["natd"]),
    (
        "tonic*",
        &["api", "cluster", "gatewayd", "gatewayctl", "sim"],
    ),
    (
        "clap",
        &[
            "faultfs",
            "gatewayd",
            "gatewayctl",
            "jepsen-tests",
            "lab",
            "powerloss",
            "sim",
            "xtask",
        ],
    ),
    ("fuser", &["faultfs"]),
    ("clojure-reader", &["jepsen-tests"]),
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let mut broken = Vec::new();
    for package in &workspace.packages {
        for dependency in &package.dependencies {
            if let Some(breach) = breach(&package.name, &dependency.name) {
                broken.push(breach);
            }
        }
    }
    Ok(Findings::broken(broken))
}

fn breach(package: &str, dependency: &str) -> Option<String> {
    let (_, owners) = OWNERS
        .iter()
        .find(|(library, _)| matches(library, dependency))?;
    if owners.contains(&package) {
        return None;
    }
    Some(format!(
        "{package} must not use {dependency}: it is for {} only",
        owners.join(", ")
    ))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_library_stays_hidden() {
        assert_eq!(breach("raft-store", "sled"), None);
        assert!(breach("cluster", "sled").is_some());
        assert!(breach("dhcpd", "openraft-rt-tokio").is_some());
        assert_eq!(breach("dhcpd", "tokio"), None);
    }
}
