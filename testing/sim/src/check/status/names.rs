//! ST2 for whom a node names: its members are where our nodes are or were, and a cluster that it says it hears is there.

use super::Shown;
use crate::check::s12::{ClusterName, short};
use crate::check::violation::{Verdict, Violation};
use std::collections::BTreeSet;

/// What there is to be named.
#[derive(Clone, Debug, Default)]
pub(in crate::check) struct Names {
    /// Where our nodes are, or were; nothing where it is not judged.
    pub(in crate::check) addresses: BTreeSet<String>,
    pub(in crate::check) clusters: BTreeSet<ClusterName>,
}

impl Names {
    pub(super) fn shown(&self, shown: &Shown) -> Verdict {
        let untrue = |fact: String, truth: String| {
            let about = format!("node {} names what is not so", shown.node);
            Err(Violation::new("ST2", shown.at, about, [fact, truth]))
        };
        let strange = |address: &&(ipam::NodeId, String)| !self.addresses.contains(&address.1);
        if !self.addresses.is_empty()
            && let Some((node, address)) = shown.members.iter().find(strange)
        {
            return untrue(
                format!("it shows the member {node} at {address}"),
                format!(
                    "our nodes have never been elsewhere than at {:?}",
                    self.addresses
                ),
            );
        }
        let is_there = |notice: &&String| {
            let mut clusters = self.clusters.iter();
            clusters.any(|cluster| notice.contains(&short(*cluster)))
        };
        match shown.notices.iter().find(|notice| !is_there(notice)) {
            None => Ok(()),
            Some(notice) => untrue(
                format!("it says: {notice}"),
                "there is no such cluster".to_owned(),
            ),
        }
    }
}
