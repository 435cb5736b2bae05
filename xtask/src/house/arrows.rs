//! Which of our crates may depend on which (the layout in the architecture document). Dependencies
//! of every kind count: a test that needs more belongs to a crate further up.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Findings;
use crate::workspace::{Package, Workspace};

/// Each crate, and what it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("ipam", &[]),
    ("api", &["ipam"]),
    ("raft-store", &["ipam", "api"]),
    ("cluster", &["raft-store", "api", "ipam"]),
    ("dhcpd", &["ipam"]),
    ("natd", &["ipam"]),
    // One node, assembled.
    ("node", &["cluster", "dhcpd", "ipam", "natd"]),
    // Free of transport: it knows no protobuf.
    ("operator", &["cluster", "dhcpd", "ipam", "natd", "node"]),
    (
        "gatewayd",
        &[
            "api", "cluster", "dhcpd", "ipam", "natd", "node", "operator",
        ],
    ),
    // The core says how objects, keys and clients are written: what operators type and read.
    ("gatewayctl", &["api", "ipam"]),
    // The simulation runs the node and its operators, and hands the store its disk.
    (
        "sim",
        &[
            "api",
            "causes",
            "cluster",
            "dhcpd",
            "ipam",
            "mutants",
            "natd",
            "node",
            "operator",
            "raft-store",
        ],
    ),
    // The list of the deliberate bugs: what has them depends on it in the mutations' tree alone.
    ("mutants", &[]),
    // What both judge a node's reasons by: no witness of its own may be the product's.
    ("causes", &[]),
    // The lab runs the product's programs; what it knows of them, operators know too.
    ("lab", &[]),
    // The fault tests run the product's programs in the lab, as its scenarios do.
    ("jepsen-tests", &["causes", "lab"]),
    // A disk for any program.
    ("faultfs", &[]),
    // Uses the store and the cluster as the daemon does, on that disk.
    (
        "powerloss",
        &["api", "cluster", "faultfs", "ipam", "raft-store"],
    ),
    ("xtask", &["mutants"]),
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let ours = workspace.names();
    let broken = workspace
        .packages
        .iter()
        .flat_map(|package| breaches(package, &ours))
        .collect();
    Ok(Findings::broken(broken))
}

fn breaches(package: &Package, ours: &BTreeSet<&str>) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
        return vec![format!(
            "{name} has no row in xtask/src/house/arrows.rs: say there what it may depend on"
        )];
    };
    let used: BTreeSet<&str> = package
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .collect();
    let breach = |to: &&str| ours.contains(to) && *to != name && !allowed.contains(to);
    used.into_iter()
        .filter(breach)
        .map(|to| format!("{name} must not depend on {to}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependency = |name: &&str| Dependency {
            name: (*name).to_owned(),
        };
        Package {
            name: name.to_owned(),
            id: name.to_owned(),
            manifest_path: "Cargo.toml".into(),
            dependencies: dependencies.iter().map(dependency).collect(),
            targets: Vec::new(),
        }
    }

    #[test]
    fn an_arrow_the_wrong_way_is_found() {
        let ours = BTreeSet::from(["ipam", "api", "dhcpd", "cluster", "extra"]);
        assert_eq!(
            breaches(&package("api", &["ipam", "prost"]), &ours),
            Vec::<String>::new()
        );
        assert_eq!(
            breaches(&package("ipam", &["api"]), &ours),
            ["ipam must not depend on api"]
        );
        assert_eq!(
            breaches(&package("dhcpd", &["cluster", "ipam"]), &ours),
            ["dhcpd must not depend on cluster"]
        );
        assert_eq!(breaches(&package("extra", &[]), &ours).len(), 1);
    }
}
