//! Whether peers are too far away for the profile in use, and which profile would fit.

use super::RoundTrips;
use crate::config::Timings;
use crate::raft_view::RaftView;
use crate::timing::{Limits, SharedLimits, fitting};
use ipam::{NodeId, Profile};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What latency is judged from.
pub(crate) struct Latency {
    /// What was measured.
    pub(crate) round_trips: Arc<RoundTrips>,
    /// Who votes.
    pub(crate) view: RaftView,
    /// The profile in use.
    pub(crate) limits: SharedLimits,
    /// Raft's timers on a LAN.
    pub(crate) lan: Timings,
}

impl Latency {
    /// Each peer's round trip, as far as it is known lately.
    pub(crate) fn known(&self) -> BTreeMap<NodeId, Duration> {
        self.round_trips.known(Instant::now())
    }

    /// The profile that fits the slowest of the voters; `None` while none answers.
    pub(crate) fn fitting(&self) -> Option<Profile> {
        let voters = self.view.voters();
        let known = self.known();
        let slowest = known.iter().filter(|(node, _)| voters.contains(node));
        let slowest = slowest.map(|(_, trip)| *trip).max()?;
        Some(fitting(slowest, self.lan))
    }

    /// Which peers are further away than the profile in use allows, and what to do; `None` if none is.
    pub(crate) fn too_far(&self) -> Option<String> {
        let limits = self.limits.now();
        let trips = self.known();
        let voters = self.view.voters();
        let answer = trips.keys().filter(|node| voters.contains(node)).count();
        // Where too few answer at all, latency is not what is missing.
        if (answer + 1) * 2 <= voters.len() {
            return None;
        }
        let far: BTreeMap<NodeId, Duration> = trips
            .into_iter()
            .filter(|(_, trip)| *trip > limits.round_trip)
            .collect();
        let longest = *far.values().max()?;
        Some(too_far(&far, &limits, fitting(longest, self.lan)))
    }
}

fn too_far(far: &BTreeMap<NodeId, Duration>, limits: &Limits, fitting: Profile) -> String {
    let far: Vec<String> = far
        .iter()
        .map(|(node, trip)| format!("{} ms to node {node}", trip.as_millis()))
        .collect();
    let (used, allowed) = (limits.profile, limits.round_trip.as_millis());
    let remedy = if fitting == used {
        "no profile is made for such a network: mend it".to_owned()
    } else {
        format!(
            "run `gatewayctl profile set {fitting} --local` on each node, then once without --local"
        )
    };
    format!(
        "round trips are too long for profile {used}, {}, where it allows {allowed} ms: {remedy}",
        far.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trips(trips: &[(u64, u64)]) -> BTreeMap<NodeId, Duration> {
        let trip = |(node, millis): &(u64, u64)| (NodeId(*node), Duration::from_millis(*millis));
        trips.iter().map(trip).collect()
    }

    #[test]
    fn latency_names_the_peers_and_the_command() {
        let lan = Limits::of(Profile::Lan, Timings::default());
        let text = too_far(&trips(&[(2, 180), (3, 181)]), &lan, Profile::Wan);
        assert!(
            text.contains("180 ms to node 2, 181 ms to node 3"),
            "{text}"
        );
        assert!(
            text.contains("allows 66 ms: run `gatewayctl profile set wan --local`"),
            "{text}"
        );
        let wan = Limits::of(Profile::Wan, Timings::default());
        let text = too_far(&trips(&[(2, 900)]), &wan, Profile::Wan);
        assert!(text.ends_with("mend it"), "{text}");
    }
}
