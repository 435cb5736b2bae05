//! How this node becomes part of a cluster: as it was told to start, or by an operator's command while it waits.
//!
//! In: a [`StartConfig`], and operators' requests to bootstrap. Out: a member of a cluster.
//! A request that fails changes nothing, and the node waits on as before. Dropping the future abandons the
//! wait; what is committed stays.

use crate::config::StartConfig;
use cluster::{Cluster, Start, StartError};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long an operator waits for an answer: nodes that do not answer yet may be starting.
const BOOTSTRAP_WITHIN: Duration = Duration::from_secs(20);
/// Operators who may wait for a bootstrap at a time.
const MAX_REQUESTS: usize = 4;

/// Operators' requests that a node bootstraps a cluster, in the order in which they came.
pub struct BootstrapRequests(mpsc::Receiver<Request>);

/// An operator's request.
struct Request {
    /// Not to ask the other members first.
    alone: bool,
    /// Who waits for the outcome: why not, if it did not come to be.
    outcome: oneshot::Sender<Result<(), String>>,
}

/// The other end of [`BootstrapRequests`].
pub(crate) struct BootstrapRequester(mpsc::Sender<Request>);

impl BootstrapRequests {
    /// A queue, and its other end.
    pub(crate) fn new() -> (BootstrapRequester, Self) {
        let (sender, receiver) = mpsc::channel(MAX_REQUESTS);
        (BootstrapRequester(sender), Self(receiver))
    }
}

impl BootstrapRequester {
    /// Asks, and waits for the outcome. An error says why the node did not bootstrap.
    pub(crate) async fn ask(&self, alone: bool) -> Result<(), String> {
        let (outcome, answer) = oneshot::channel();
        let gone = || "this node is part of a cluster already".to_owned();
        let request = Request { alone, outcome };
        self.0.send(request).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// Returns once this node is part of a cluster that knows it. From then on `requests` is closed.
pub async fn become_member(
    config: &StartConfig,
    cluster: &Cluster,
    mut requests: BootstrapRequests,
) -> Result<(), StartError> {
    loop {
        let request = tokio::select! {
            begun = cluster.begin(&config.start) => return begun,
            Some(request) = requests.0.recv() => request,
        };
        let outcome = bootstrap(config, cluster, request.alone).await;
        if let Err(reason) = &outcome {
            tracing::warn!(%reason, "the cluster was not bootstrapped");
        }
        let is_member = outcome.is_ok();
        // An operator who went away looks at the status.
        drop(request.outcome.send(outcome));
        if is_member {
            return Ok(());
        }
    }
}

async fn bootstrap(config: &StartConfig, cluster: &Cluster, alone: bool) -> Result<(), String> {
    let others = if alone {
        Vec::new()
    } else {
        config.others.clone()
    };
    let start = Start::Bootstrap(Box::new(config.own_bootstrap.clone()), others);
    let had_begun = cluster.has_begun();
    let mut beginning = pin!(cluster.begin(&start));
    let mut begun = timeout(BOOTSTRAP_WITHIN, &mut beginning).await;
    if begun.is_err() && !had_begun && cluster.has_begun() {
        // It no longer waits for others, but for this node's own disk.
        begun = Ok(beginning.await);
    }
    match begun {
        Ok(begun) => begun.map_err(|error| format!("{:#}", anyhow::Error::from(error))),
        Err(_) => {
            let reason = cluster.service().not_serving_reason;
            Err(reason.unwrap_or_else(|| "it is not known why; see the log".to_owned()))
        }
    }
}
