//! Asks patiently whoever is not measured otherwise.

use super::{PATIENT_EVERY, RoundTrips};
use crate::identity::Identity;
use crate::raft_view::RaftView;
use crate::transport::Peers;
use futures::future::join_all;
use ipam::NodeId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long a peer may take then.
const PATIENT: Duration = Duration::from_secs(3);

/// What it takes to ask.
pub(crate) struct Measure {
    /// Who asks.
    pub(crate) identity: Arc<Identity>,
    /// Who the peers are.
    pub(crate) view: RaftView,
    /// The way to them.
    pub(crate) peers: Peers,
    /// Where it is noted.
    pub(crate) round_trips: Arc<RoundTrips>,
}

/// Measures until the node stops.
pub(crate) async fn run(measure: Measure) {
    loop {
        sleep(PATIENT_EVERY).await;
        let others = measure.view.other_members().into_iter();
        let quiet = others.filter(|(node, _)| !measure.round_trips.is_fresh(*node));
        join_all(quiet.map(|(node, address)| measure.ask(node, address))).await;
    }
}

impl Measure {
    async fn ask(&self, node: NodeId, address: String) {
        let Ok(mut client) = self.peers.connect(node, &address) else {
            return;
        };
        let asked = Instant::now();
        let answer = timeout(PATIENT, client.health(self.identity.health_request())).await;
        if let Ok(Ok(answer)) = answer
            && answer.get_ref().node_id == node.0
        {
            self.round_trips.note(node, asked.elapsed(), Instant::now());
        }
    }
}
