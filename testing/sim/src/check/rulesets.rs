//! After everything is healed, every node's kernel has the rules that the common state plans for it.

use super::facts::End;
use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use natd::ReplicaStatus;
use natd::reconcile::DesiredState;

/// Judges every node at the end.
pub(super) fn finish(at: TrueTime, ends: &[End<'_>]) -> Verdict {
    for end in ends {
        let view = end.state.nat_view();
        let broken = |fact: String| {
            let facts = [format!("it has applied entry {}", end.position.index), fact];
            Violation::new(
                "NAT",
                at,
                format!("node {}'s rules are not the plan's", end.node),
                facts,
            )
        };
        let plan = natd::plan(&view, end.context)
            .map_err(|error| broken(format!("its state cannot be planned: {error}")))?;
        let desired = DesiredState::new(&plan, ReplicaStatus::CaughtUp, 0);
        if let Some(difference) = desired.table.compare(end.ruleset) {
            return Err(broken(format!("{difference:?}")));
        }
    }
    Ok(())
}
