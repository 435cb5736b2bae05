//! Which of `cluster`'s top-level modules may use which (ADR 0033). Tests are spared: they may look anywhere.
//!
//! The table is in order: a module may use only modules that stand before it. So there is no circle, and a new module
//! has to be put somewhere.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;

/// Where the modules are.
const CRATE: &str = "crates/cluster/src";
/// The crate's root, which names all of them.
const ROOT: &str = "lib";

/// Each module, and what it may use.
const ARROWS: &[(&str, &[&str])] = &[
    // Words that others are made of.
    ("lock", &[]),
    ("limits", &[]),
    ("config", &[]),
    ("peer_refusals", &[]),
    ("bounds", &[]),
    ("timing", &["config", "limits"]),
    ("tls", &["config", "limits"]),
    ("start_error", &["tls"]),
    ("shape", &["limits"]),
    ("identity", &["config"]),
    ("registration", &["identity", "lock"]),
    ("admission", &["lock"]),
    // Raft: what is seen of it, the way to peers, and the thing itself.
    ("raft_view", &["lock"]),
    (
        "transport",
        &[
            "bounds",
            "limits",
            "peer_refusals",
            "raft_view",
            "shape",
            "timing",
            "tls",
        ],
    ),
    (
        "listener",
        &["limits", "peer_refusals", "shape", "transport"],
    ),
    (
        "raft",
        &[
            "bounds",
            "config",
            "lock",
            "raft_view",
            "start_error",
            "timing",
            "transport",
        ],
    ),
    // Whether this node takes part, and what it writes.
    ("elections", &["identity", "raft", "raft_view"]),
    (
        "notes",
        &[
            "admission",
            "elections",
            "identity",
            "limits",
            "raft",
            "raft_view",
            "timing",
        ],
    ),
    ("clock", &["raft_view"]),
    (
        "propose",
        &[
            "clock",
            "identity",
            "notes",
            "raft",
            "raft_view",
            "transport",
        ],
    ),
    (
        "round_trips",
        &["config", "identity", "raft_view", "timing", "transport"],
    ),
    (
        "explain",
        &["identity", "limits", "lock", "raft_view", "transport"],
    ),
    // What it decides, and who the members are.
    (
        "serving",
        &[
            "elections",
            "identity",
            "lock",
            "notes",
            "propose",
            "raft",
            "raft_view",
            "registration",
            "round_trips",
            "timing",
            "transport",
        ],
    ),
    (
        "membership",
        &[
            "elections",
            "identity",
            "lock",
            "notes",
            "propose",
            "raft",
            "raft_view",
            "serving",
            "timing",
            "transport",
        ],
    ),
    (
        "profile",
        &[
            "config",
            "identity",
            "lock",
            "membership",
            "raft",
            "raft_view",
            "round_trips",
            "serving",
            "timing",
            "transport",
        ],
    ),
    (
        "join",
        &[
            "admission",
            "config",
            "elections",
            "identity",
            "membership",
            "propose",
            "raft",
            "raft_view",
            "registration",
            "serving",
            "start_error",
            "transport",
        ],
    ),
    (
        "peer_server",
        &[
            "admission",
            "bounds",
            "explain",
            "identity",
            "limits",
            "listener",
            "membership",
            "notes",
            "peer_refusals",
            "propose",
            "raft",
            "raft_view",
            "serving",
            "start_error",
            "timing",
            "tls",
            "transport",
        ],
    ),
    (
        "status",
        &[
            "identity",
            "peer_refusals",
            "raft_view",
            "serving",
            "timing",
        ],
    ),
    // The node as a whole.
    ("tasks", &["identity", "raft", "serving"]),
    (
        "shutdown",
        &["lock", "peer_server", "profile", "raft", "serving"],
    ),
    (
        "node",
        &[
            "admission",
            "clock",
            "config",
            "explain",
            "join",
            "membership",
            "profile",
            "propose",
            "raft",
            "raft_view",
            "registration",
            "serving",
            "shutdown",
            "start_error",
            "status",
        ],
    ),
    ("broken", &["node"]),
    (
        "assemble",
        &[
            "admission",
            "bounds",
            "clock",
            "config",
            "elections",
            "explain",
            "identity",
            "join",
            "membership",
            "node",
            "notes",
            "peer_server",
            "profile",
            "propose",
            "raft",
            "raft_view",
            "registration",
            "round_trips",
            "serving",
            "shutdown",
            "start_error",
            "status",
            "tasks",
            "timing",
            "transport",
        ],
    ),
    (
        "start",
        &[
            "assemble",
            "config",
            "node",
            "peer_server",
            "start_error",
            "timing",
            "tls",
            "transport",
        ],
    ),
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let mut broken = disorder(ARROWS);
    let files = sources::rust(&workspace.root)?;
    let used: Vec<Use> = files.iter().flat_map(uses).collect();
    broken.extend(breaches(&used));
    broken.extend(unused(&used));
    Ok(Findings::broken(broken))
}

/// One module uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    from: String,
    to: String,
    file: String,
}

/// Arrows of a table that do not point to modules before it.
fn disorder(table: &[(&str, &[&str])]) -> Vec<String> {
    let place: BTreeMap<&str, usize> = (0..).zip(table).map(|(at, row)| (row.0, at)).collect();
    let row = |(at, (from, allowed)): (usize, &(&str, &[&str]))| {
        let later = |to: &&&str| place.get(**to).is_none_or(|to| *to >= at);
        let later: Vec<String> = allowed
            .iter()
            .filter(later)
            .map(|to| {
                format!("xtask/src/house/cluster_arrows.rs: {from} uses {to}, which must stand before it")
            })
            .collect();
        later
    };
    (0..).zip(table).flat_map(row).collect()
}

/// What a file uses of its crate, if it is one of `cluster`'s modules.
fn uses(file: &Source) -> Vec<Use> {
    let from = file.path.strip_prefix(CRATE).ok().and_then(module);
    let Some(from) = from.filter(|from| from != ROOT) else {
        return Vec::new();
    };
    let code = product(&file.text).filter(|line| !line.trim_start().starts_with("//"));
    let named = code.flat_map(|line| line.split("crate::").skip(1));
    let named = named.map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    named
        .filter(|to| *to != from)
        .map(|to| Use {
            from: from.clone(),
            to: to.to_owned(),
            file: file.path.display().to_string(),
        })
        .collect()
}

/// The top-level module that a file is of; nothing of a file of tests.
fn module(inside: &Path) -> Option<String> {
    let name = inside.file_stem()?.to_str()?;
    let is_tests = name == "tests" || name.ends_with("_tests");
    let top = inside.iter().next()?.to_str()?;
    (!is_tests).then(|| top.trim_end_matches(".rs").to_owned())
}

/// The lines before a file's own module of tests.
fn product(text: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |at: usize| {
        let mut after = lines.iter().skip(at + 1);
        let item = after.find(|line| !line.starts_with('#') && !line.starts_with(' '));
        lines.get(at) == Some(&"#[cfg(test)]")
            && item.is_some_and(|item| item.contains("mod ") && item.ends_with('{'))
    };
    let end = (0..lines.len()).find(|at| begins_tests(*at));
    let end = end.unwrap_or(lines.len());
    lines.into_iter().take(end)
}

/// Uses that the table does not have.
fn breaches(used: &[Use]) -> Vec<String> {
    let mut broken: Vec<String> = used.iter().filter_map(breach).collect();
    broken.sort();
    broken.dedup();
    broken
}

fn breach(one: &Use) -> Option<String> {
    let Use { from, to, file } = one;
    if !to.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some(format!(
            "{file}: write `use crate::module::…`, so that it can be seen which module is meant"
        ));
    }
    match ARROWS.iter().find(|(module, _)| module == from) {
        None => Some(format!(
            "cluster::{from} has no row in xtask/src/house/cluster_arrows.rs: say there what it may use"
        )),
        Some((_, allowed)) if allowed.contains(&to.as_str()) => None,
        Some(_) => Some(format!(
            "{file}: cluster::{from} must not use cluster::{to} (xtask/src/house/cluster_arrows.rs)"
        )),
    }
}

/// Arrows that nobody needs any more.
fn unused(used: &[Use]) -> Vec<String> {
    let is_used = |from: &str, to: &str| used.iter().any(|one| one.from == from && one.to == to);
    let arrows = ARROWS
        .iter()
        .flat_map(|(from, allowed)| allowed.iter().map(move |to| (*from, *to)));
    arrows
        .filter(|(from, to)| !is_used(from, to))
        .map(|(from, to)| {
            format!(
                "xtask/src/house/cluster_arrows.rs: {from} does not use {to} any more: take it out"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source {
            path: Path::new(CRATE).join(path),
            text: text.to_owned(),
        }
    }

    fn used(path: &str, text: &str) -> Vec<String> {
        uses(&file(path, text))
            .into_iter()
            .map(|one| format!("{} -> {}", one.from, one.to))
            .collect()
    }

    #[test]
    fn an_arrow_the_wrong_way_is_found() {
        let up = uses(&file("raft_view/mod.rs", "use crate::node::Cluster;\n"));
        assert_eq!(breaches(&up).len(), 1);
        let down = uses(&file("node.rs", "use crate::raft_view::RaftView;\n"));
        assert_eq!(breaches(&down), Vec::<String>::new());
        let new = uses(&file("extra/mod.rs", "use crate::lock::lock;\n"));
        assert_eq!(breaches(&new).len(), 1, "a module without a row");
    }

    #[test]
    fn a_use_is_seen_wherever_it_stands_and_tests_are_spared() {
        let text = "\
use crate::lock::lock;
//! [`crate::raft`]
#[cfg(test)]
pub(crate) use reach::AHEAD;
fn read() -> crate::timing::Limits {
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::node::Cluster;
";
        let expected = ["serving -> lock", "serving -> timing"];
        assert_eq!(used("serving/peers.rs", text), expected);
        assert_eq!(used("serving/gate_tests.rs", text), Vec::<String>::new());
        assert_eq!(used("lib.rs", text), Vec::<String>::new());
        let itself = "use crate::serving::Standing;\n";
        assert_eq!(used("serving/poll.rs", itself), Vec::<String>::new());
    }

    #[test]
    fn a_use_past_the_modules_is_found() {
        for text in ["use crate::Timings;\n", "use crate::{node, lock};\n"] {
            assert_eq!(breaches(&uses(&file("serving/poll.rs", text))).len(), 1);
        }
    }

    #[test]
    fn a_circle_in_a_table_is_found() {
        assert_eq!(disorder(ARROWS), Vec::<String>::new());
        let circle: &[(&str, &[&str])] = &[("one", &["two"]), ("two", &["one"])];
        assert_eq!(disorder(circle).len(), 1);
    }
}
