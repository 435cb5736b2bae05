//! Calls that some crates may not make. What nobody may call is in `clippy.toml`.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

/// A word that must not stand in the code of some crates.
struct Ban {
    word: &'static str,
    crates: &'static [&'static str],
    reason: &'static str,
}

const AN_ADAPTER: &str =
    "an adapter proposes nothing by itself: what operators may do is `operator`'s (ADR 0036)";

const BANS: &[Ban] = &[
    Ban {
        word: "SystemTime",
        crates: &[
            "ipam",
            "api",
            "raft-store",
            "cluster",
            "dhcpd",
            "natd",
            "node",
        ],
        reason: "wall clocks lie: lease time is the cluster clock's (contract T1 to T5)",
    },
    Ban {
        word: "thread::sleep",
        crates: &[
            "api",
            "raft-store",
            "cluster",
            "dhcpd",
            "natd",
            "node",
            "operator",
            "gatewayd",
            "gatewayctl",
        ],
        reason: "it stops a thread of the runtime: tokio::time::sleep",
    },
    Ban {
        word: "env::var",
        crates: &[
            "api",
            "raft-store",
            "cluster",
            "dhcpd",
            "natd",
            "node",
            "operator",
        ],
        reason: "configuration is gatewayd's and comes in as a value",
    },
    Ban {
        word: "ObjectCommand",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: "ClusterCommand",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: "LeaseCommand",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: ".cluster()",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: ".propose(",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: "cluster.add_node(",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
    Ban {
        word: "cluster.remove_node(",
        crates: &["gatewayd"],
        reason: AN_ADAPTER,
    },
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let files = sources::rust(&workspace.root)?;
    Ok(Findings::broken(files.iter().flat_map(breaches).collect()))
}

fn breaches(file: &Source) -> Vec<String> {
    let bans: Vec<&Ban> = BANS.iter().filter(|ban| ban.covers(&file.path)).collect();
    let mut broken = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for ban in bans.iter().filter(|ban| code.contains(ban.word)) {
            broken.push(format!(
                "{}:{}: {}: {}",
                file.path.display(),
                number + 1,
                ban.word,
                ban.reason
            ));
        }
    }
    broken
}

impl Ban {
    /// The crates' own sources; their tests may do more.
    fn covers(&self, path: &Path) -> bool {
        self.crates
            .iter()
            .any(|name| path.starts_with(Path::new("crates").join(name).join("src")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_that_proposes_is_found() {
        let file = |path: &str| Source {
            path: path.into(),
            text: "node.cluster().propose(request, command);\n".to_owned(),
        };
        assert_eq!(
            breaches(&file("crates/gatewayd/src/grpc/admin.rs")).len(),
            2
        );
        assert_eq!(breaches(&file("crates/operator/src/nodes.rs")).len(), 0);
    }

    #[test]
    fn a_wall_clock_is_found_in_code_and_not_in_comments() {
        let file = |path: &str, text: &str| Source {
            path: path.into(),
            text: text.to_owned(),
        };
        let call = "let now = SystemTime::now();\n";
        assert_eq!(
            breaches(&file("crates/cluster/src/clock/leader_clock.rs", call)).len(),
            1
        );
        assert_eq!(
            breaches(&file("crates/cluster/tests/latency.rs", call)).len(),
            0
        );
        assert_eq!(breaches(&file("testing/lab/src/clock.rs", call)).len(), 0);
        assert_eq!(
            breaches(&file(
                "crates/cluster/src/clock/leader_clock.rs",
                "// not SystemTime\n"
            ))
            .len(),
            0
        );
    }
}
