//! Calls that some crates may not make. What nobody may call is in `clippy.toml`.

use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

/// Words that must not stand in the code of some crates.
struct Ban {
    words: &'static [&'static str],
    crates: &'static [&'static str],
    reason: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: &["SystemTime"],
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
        words: &["thread::sleep"],
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
        words: &["env::var"],
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
        words: &[
            "ObjectCommand",
            "ClusterCommand",
            "LeaseCommand",
            ".cluster()",
            ".propose(",
            "cluster.add_node(",
            "cluster.remove_node(",
        ],
        crates: &["gatewayd"],
        reason: "an adapter proposes nothing by itself: what operators may do is `operator`'s (ADR 0036)",
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
        for (word, reason) in bans.iter().flat_map(|ban| ban.found_in(code)) {
            let place = file.path.display();
            broken.push(format!("{place}:{}: {word}: {reason}", number + 1));
        }
    }
    broken
}

impl Ban {
    /// Those of its words that stand in this line, with the reason.
    fn found_in(&self, code: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
        let found = self.words.iter().filter(move |word| code.contains(**word));
        found.map(|word| (*word, self.reason))
    }

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
