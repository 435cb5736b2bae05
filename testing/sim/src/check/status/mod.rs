//! S11: what a node says of itself is true, under faults too. Its statuses are beside what really happened.
//!
//! | | |
//! |---|---|
//! | ST1 | a node says that it serves, a client near it asks three times for 8 s, and nobody answers |
//! | ST2 | it names a blocker that has no cause, a member where none of ours is, or a cluster that is not there |
//! | ST3 | it does not serve, though for 15 s it could |
//! | ST5 | its first line, and with it the exit status, and its service do not agree |
//!
//! (ST4, that "in sync" means that traffic flows, takes a kernel: the fault tests.)

mod names;
mod st1;
mod st2;
mod st3;
mod st5;

use super::pace::Pace;
use super::violation::Verdict;
use crate::client::TrueTime;
use causes::Trouble;
use ipam::NodeId;
use operator::verdict;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a node says of itself.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When.
    pub at: TrueTime,
    /// Which node.
    pub node: NodeId,
    /// Why it does not serve; none while it does.
    pub reason: Option<String>,
    /// The verdict, where it was asked for.
    pub verdict: Option<verdict::Verdict>,
    /// Every member that it shows, and where; as far as it was asked for.
    pub members: Vec<(NodeId, String)>,
    /// What it says beside, of other clusters.
    pub notices: Vec<String>,
    /// Whether every member answers, votes and serves, and every pool has a free address.
    pub all_well: bool,
    /// Whether it could serve: it, the leader and a majority have been whole for long.
    pub could: bool,
}

/// What was wrong, and when last.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles(BTreeMap<(NodeId, Trouble), TrueTime>);

impl Troubles {
    /// Whether one of these was wrong with `node`, or with anybody, within this time.
    fn was(&self, node: Option<NodeId>, of: &[Trouble], at: TrueTime, within: Duration) -> bool {
        let mut times = self.0.iter();
        times.any(|((who, trouble), last)| {
            node.is_none_or(|node| node == *who)
                && of.contains(trouble)
                && at.since(*last) <= within
        })
    }
}

/// The checkers of S11.
#[derive(Clone, Debug, Default)]
pub(super) struct Status {
    troubles: Troubles,
    pub(super) names: names::Names,
    pub(super) st1: st1::St1,
    st3: st3::St3,
}

impl Status {
    /// This is wrong with that node now.
    pub(super) fn trouble(&mut self, at: TrueTime, node: NodeId, trouble: Trouble) {
        if matches!(trouble, Trouble::Paused | Trouble::Down) {
            self.st1.says_nothing(node);
        }
        self.troubles.0.insert((node, trouble), at);
    }

    /// A node says something of itself.
    pub(super) fn shown(&mut self, shown: &Shown, pace: Pace) -> [Verdict; 4] {
        self.st1.shown(shown);
        [
            st2::shown(shown, &self.troubles, pace),
            self.names.shown(shown),
            self.st3.shown(shown),
            st5::shown(shown),
        ]
    }
}
