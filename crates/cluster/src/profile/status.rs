//! The profile, for operators.

use ipam::{NodeId, Profile};
use std::collections::BTreeMap;
use std::time::Duration;

/// The profile, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileStatus {
    /// What the cluster has agreed on.
    pub agreed: Profile,
    /// What this node goes by.
    pub used: Profile,
    /// What it alone was told, while that holds.
    pub local: Option<Profile>,
    /// What fits the slowest of its voters; `None` while no peer answers.
    pub fitting: Option<Profile>,
    /// How long the answers of each peer take.
    pub round_trips: BTreeMap<NodeId, Duration>,
}

impl ProfileStatus {
    /// What operators should know of it; `advice` is how to set the cluster's profile.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if let Some(local) = self.local {
            notices.push(format!(
                "this node goes by profile {local}, which it alone was told; the cluster's is {}: with a \
                 quorum, `gatewayctl profile set {}` sets it for all nodes and ends that",
                self.agreed,
                self.fitting.unwrap_or(local)
            ));
        }
        let slowest = self.round_trips.iter().max_by_key(|(_, trip)| **trip);
        match (self.fitting, slowest) {
            (Some(fitting), Some((node, trip))) if fitting > self.used => notices.push(format!(
                "round trips to node {node} take {} ms, too long for profile {}: run `gatewayctl \
                 profile set {fitting}`",
                trip.as_millis(),
                self.used
            )),
            _ => {}
        }
        notices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(trips: &[(u64, u64)]) -> BTreeMap<NodeId, Duration> {
        let trip = |(node, millis): &(u64, u64)| (NodeId(*node), Duration::from_millis(*millis));
        trips.iter().map(trip).collect()
    }

    #[test]
    fn status_recommends_what_fits() {
        let mut status = ProfileStatus {
            agreed: Profile::Lan,
            used: Profile::Lan,
            local: None,
            fitting: Some(Profile::Lan),
            round_trips: trips(&[(2, 5), (3, 90)]),
        };
        assert!(status.notices().is_empty());
        status.fitting = Some(Profile::Metro);
        let said = status.notices().concat();
        assert!(
            said.contains("node 3 take 90 ms") && said.contains("set metro`"),
            "{said}"
        );
        status.local = Some(Profile::Wan);
        status.used = Profile::Wan;
        let said = status.notices().concat();
        assert!(
            said.contains("alone was told")
                && said.contains("set metro`")
                && !said.contains("round trips"),
            "{said}"
        );
    }
}
