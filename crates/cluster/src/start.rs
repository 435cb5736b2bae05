//! How a node starts: on this host's disk and network, or in surroundings that its caller made.

use crate::assemble::{Surroundings, assemble};
use crate::config::ClusterConfig;
use crate::node::Cluster;
use crate::peer_server::{self, PeerHandler};
use crate::start_error::StartError;
use crate::timing::{Limits, SharedLimits};
use crate::tls::{Credentials, TlsError};
use crate::transport::TcpConnector;
use raft_store::{OpenOptions, Store};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Cluster {
    /// Opens the data directory and takes part. Returns once peers can reach this node; whether
    /// it has a cluster to be part of yet, [`Cluster::begin`] tells.
    pub async fn start(config: ClusterConfig) -> Result<Self, StartError> {
        let credentials = load_credentials(&config)?;
        let store = open_store(&config).await?;
        let limits = first_limits(&config);
        let connector = Arc::new(TcpConnector::new(credentials.clone(), limits.clone()));
        let key = credentials.as_ref().and_then(Credentials::key);
        let assembled = assemble(config, limits, Surroundings { store, connector }, key).await?;
        let gate = Arc::clone(&assembled.parts.gate);
        let (stop, stopped) = oneshot::channel();
        let handles = Arc::clone(&assembled.handles);
        let serve = peer_server::bind(handles, credentials, stopped).await?;
        let server = tokio::spawn(async move {
            if let Err(error) = serve.await {
                gate.fail(format!(
                    "its peer server has stopped ({error}): restart gatewayd"
                ));
            }
        });
        Ok(assembled.begin(Some((stop, server))))
    }

    /// The same in surroundings of the caller's, who hands what peers ask of this node to the
    /// handler. Its timers and tasks are those of the calling tokio runtime.
    pub async fn start_in(
        config: ClusterConfig,
        surroundings: Surroundings,
    ) -> Result<(Self, PeerHandler), StartError> {
        let limits = first_limits(&config);
        let assembled = assemble(config, limits, surroundings, None).await?;
        let handler = peer_server::handler(Arc::clone(&assembled.handles));
        Ok((assembled.begin(None), handler))
    }
}

/// Until the store has been looked at.
fn first_limits(config: &ClusterConfig) -> SharedLimits {
    SharedLimits::new(Limits::of_newcomer(config.timings))
}

fn load_credentials(config: &ClusterConfig) -> Result<Option<Credentials>, TlsError> {
    let tls = config.tls.as_ref();
    tls.map(|tls| Credentials::load(tls, config.node))
        .transpose()
}

/// Reads the whole log and the newest snapshot, so not on a runtime thread.
async fn open_store(config: &ClusterConfig) -> Result<Store, StartError> {
    let options = OpenOptions::new(&config.data_dir, config.node.0);
    let opened = tokio::task::spawn_blocking(move || raft_store::open(&options)).await;
    Ok(opened.map_err(|error| StartError::Raft(error.to_string()))??)
}
