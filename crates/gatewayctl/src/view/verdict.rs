//! Whether everything is as it should be, as the node says.

use api::proto::admin::verdict::Level;
use api::proto::admin::{Blocker, StatusResponse, Verdict};
use serde::Serialize;

/// What a status comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictView {
    /// How bad it is.
    pub level: LevelView,
    /// One line for people; it begins with the level.
    pub summary: String,
    /// Everything that is not as it should be, the worst first.
    pub blockers: Vec<BlockerView>,
}

/// How bad it is; the exit status follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelView {
    /// Nothing is amiss.
    Healthy,
    /// The node serves, and something is amiss.
    Degraded,
    /// The node does not serve DHCP clients.
    NotServing,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockerView {
    /// Its name for programs.
    pub kind: String,
    /// What is amiss.
    pub cause: String,
    /// What to do about it; empty where the cause says so.
    pub remedy: String,
    /// The member that it is about.
    pub node_id: Option<u64>,
    /// For how long, as far as the node saw it.
    pub since_seconds: Option<u64>,
}

impl VerdictView {
    /// The verdict of the node, or of its answer where it gives none (a node of an older release).
    pub(super) fn of(status: &StatusResponse) -> Self {
        let given = status.verdict.clone().unwrap_or_default();
        let level = level(&given, status.has_quorum && status.in_service);
        let Verdict {
            summary, blockers, ..
        } = given;
        let summary = if summary.is_empty() {
            level.word().to_owned()
        } else {
            summary
        };
        Self {
            level,
            summary,
            blockers: blockers.into_iter().map(Into::into).collect(),
        }
    }
}

fn level(verdict: &Verdict, serves: bool) -> LevelView {
    match verdict.level() {
        Level::Healthy => LevelView::Healthy,
        Level::Degraded => LevelView::Degraded,
        Level::NotServing => LevelView::NotServing,
        Level::Unspecified if serves => LevelView::Healthy,
        Level::Unspecified => LevelView::NotServing,
    }
}

impl LevelView {
    const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Degraded => "DEGRADED",
            Self::NotServing => "NOT SERVING",
        }
    }
}

impl From<Blocker> for BlockerView {
    fn from(blocker: Blocker) -> Self {
        let Blocker {
            kind,
            cause,
            remedy,
            node_id,
            since_seconds,
        } = blocker;
        Self {
            kind,
            cause,
            remedy,
            node_id,
            since_seconds,
        }
    }
}
