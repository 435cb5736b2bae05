//! The cluster's profile.

use api::proto::admin::ProfileResponse;
use serde::Serialize;

/// The profile, and what would fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProfileView {
    /// What the cluster has agreed on.
    pub agreed: String,
    /// What the node goes by.
    pub used: String,
    /// What it alone was told.
    pub local: Option<String>,
    /// What fits the round trips.
    pub fitting: Option<String>,
    /// To each other node.
    pub round_trips: Vec<RoundTripView>,
}

/// How long an answer of one node takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoundTripView {
    /// Which node.
    pub node_id: u64,
    /// How long, smoothed.
    pub micros: u64,
}

impl From<ProfileResponse> for ProfileView {
    fn from(answer: ProfileResponse) -> Self {
        let trips = answer.round_trips.into_iter();
        Self {
            agreed: answer.agreed,
            used: answer.used,
            local: answer.local,
            fitting: answer.fitting,
            round_trips: trips
                .map(|trip| RoundTripView {
                    node_id: trip.node_id,
                    micros: trip.micros,
                })
                .collect(),
        }
    }
}
