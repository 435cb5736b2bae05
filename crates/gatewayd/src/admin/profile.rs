//! The cluster's profile, as operators see and set it.

use super::audit::Change;
use api::proto::admin as wire;
use cluster::{Cluster, ProfileStatus};
use ipam::Profile;
use std::net::SocketAddr;
use tonic::Status;

/// What this node knows of the profile.
pub fn show(status: &ProfileStatus) -> wire::ProfileResponse {
    let micros = |trip: std::time::Duration| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
    let round_trips = status.round_trips.iter();
    wire::ProfileResponse {
        agreed: status.agreed.to_string(),
        used: status.used.to_string(),
        local: status.local.map(|profile| profile.to_string()),
        fitting: status.fitting.map(|profile| profile.to_string()),
        round_trips: round_trips
            .map(|(node, trip)| wire::RoundTrip {
                node_id: node.0,
                micros: micros(*trip),
            })
            .collect(),
    }
}

/// A profile by its name.
pub fn parse(name: &str) -> Result<Profile, Status> {
    name.parse().map_err(|error: ipam::UnknownProfile| {
        Status::invalid_argument(format!("{name:?}: {error}"))
    })
}

/// What an operator asks for, for the log.
pub fn change(
    now: &ProfileStatus,
    wanted: Profile,
    local: bool,
    from: Option<SocketAddr>,
) -> Change {
    let (object, before) = if local {
        ("this node alone", now.used)
    } else {
        ("the cluster", now.agreed)
    };
    Change {
        verb: "profile set".to_owned(),
        object: object.to_owned(),
        before: before.to_string(),
        after: wanted.to_string(),
        from,
    }
}

/// Has this node alone go by it.
pub async fn set_local(cluster: &Cluster, profile: Profile) -> Result<(), Status> {
    let set = cluster.set_local_profile(profile).await;
    set.map_err(|reason| Status::unavailable(format!("the profile was not set: {reason}")))
}
