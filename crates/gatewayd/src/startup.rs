//! How this node becomes part of a cluster: by its configuration, or by an operator's command while it waits.
//!
//! In: the settings, and requests to bootstrap from the admin service. Out: a member of a cluster.
//! A request that fails changes nothing, and the node waits on as before. Dropping the future abandons the
//! wait; what is committed stays.

use crate::config::Settings;
use anyhow::{Context, Result};
use cluster::{Cluster, Start, StartError};
use ipam::Bootstrap;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long an operator waits for an answer: nodes that do not answer yet may be starting.
const BOOTSTRAP_WITHIN: Duration = Duration::from_secs(20);

/// An operator's wish that this node bootstraps a cluster.
pub struct BootstrapRequest {
    /// Not to ask the nodes in `GATEWAY_JOIN` first.
    pub alone: bool,
    /// Who waits for the outcome: why not, if it did not come to be.
    pub outcome: oneshot::Sender<Result<(), String>>,
}

/// Returns once this node is part of a cluster that knows it. From then on `requests` is closed.
pub async fn bootstrap_or_join(
    settings: &Settings,
    cluster: &Cluster,
    mut requests: mpsc::Receiver<BootstrapRequest>,
) -> Result<()> {
    let start = start_mode(settings)?;
    loop {
        let request = tokio::select! {
            begun = cluster.begin(&start) => return begun.context("becoming part of the cluster"),
            Some(request) = requests.recv() => request,
        };
        let outcome = bootstrap(settings, cluster, request.alone).await;
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

async fn bootstrap(settings: &Settings, cluster: &Cluster, alone: bool) -> Result<(), String> {
    let start = bootstrap_start(settings, alone).map_err(|error| format!("{error:#}"))?;
    let had_begun = cluster.has_begun();
    let mut beginning = pin!(cluster.begin(&start));
    let mut begun = timeout(BOOTSTRAP_WITHIN, &mut beginning).await;
    if begun.is_err() && !had_begun && cluster.has_begun() {
        // It no longer waits for others, but for this node's own disk.
        begun = Ok(beginning.await);
    }
    match begun {
        Ok(begun) => begun.map_err(|error| explain(&error)),
        Err(_) => {
            let reason = cluster.service().not_serving_reason;
            Err(reason.unwrap_or_else(|| "it is not known why; see the log".to_owned()))
        }
    }
}

/// The whole chain of causes: an operator sees one line.
fn explain(error: &StartError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn start_mode(settings: &Settings) -> Result<Start> {
    if settings.bootstrap {
        return bootstrap_start(settings, settings.alone);
    }
    let others = other_members(settings);
    Ok(if others.is_empty() || settings.alone {
        Start::Wait
    } else {
        Start::Join(others)
    })
}

fn bootstrap_start(settings: &Settings, alone: bool) -> Result<Start> {
    let mut cluster_id = [0; 16];
    getrandom::fill(&mut cluster_id)
        .map_err(|error| anyhow::anyhow!("making a cluster id: {error}"))?;
    let bootstrap = Bootstrap {
        cluster_id,
        subnet: settings.subnet.clone(),
        source_nat: settings.source_nat,
        forward_policy: settings.forward_policy,
    };
    let others = if alone {
        Vec::new()
    } else {
        other_members(settings)
    };
    Ok(Start::Bootstrap(Box::new(bootstrap), others))
}

/// Those of `GATEWAY_JOIN` that this node is not: all hosts have the same list.
fn other_members(settings: &Settings) -> Vec<String> {
    let others = settings.join.iter();
    let others = others.filter(|other| **other != settings.peer_address);
    others.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Options;

    #[test]
    fn node_does_not_ask_itself_to_join() -> Result<()> {
        let options = Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some("127.0.0.1:7066".to_owned()),
            join: Some("127.0.0.1:7066,127.0.0.2:7066".to_owned()),
            ..Options::default()
        };
        let settings = Settings::from_options(options, false)?;
        let Start::Join(asked) = start_mode(&settings)? else {
            anyhow::bail!("it does not join");
        };
        assert_eq!(asked, ["127.0.0.2:7066"]);
        Ok(())
    }

    #[test]
    fn node_that_names_itself_alone_waits_to_be_added() -> Result<()> {
        let options = Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some("127.0.0.1:7066".to_owned()),
            join: Some("127.0.0.1:7066".to_owned()),
            ..Options::default()
        };
        let settings = Settings::from_options(options, false)?;
        assert!(matches!(start_mode(&settings)?, Start::Wait));
        Ok(())
    }
}
