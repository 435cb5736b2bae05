//! The DHCP server, kept up for as long as the node runs.
//!
//! What cannot be bound at the start is an error. Later, a lost interface (a bridge that is made
//! anew, say) must not end the daemon: its node still has a vote, and its peers need it. It is out of
//! service meanwhile, whether the interface is missing (see `listen_ip_watch`) or the server cannot be bound for
//! another reason, and serves again when it can.

use crate::explainer::explainer;
use crate::node::Node;
use anyhow::{Context, Result};
use dhcpd::{DhcpServer, ServerError};
use std::time::Duration;

/// How often a lost interface is looked for.
const REBIND_RETRY: Duration = Duration::from_secs(1);

/// The part of the node that is out of service while there is no server.
const PART: &str = "DHCP";

/// Serves until dropped; `bind` makes a server. An error if the first one cannot be bound.
pub async fn serve(
    node: &Node,
    mut bind: impl FnMut() -> Result<DhcpServer, ServerError>,
) -> Result<()> {
    let cluster = node.cluster();
    let mut server = bind().context("starting the DHCP server")?;
    loop {
        node.set_dhcp(server.counters());
        cluster.set_explainer(explainer(server.packet_log()));
        let ended = server.run(std::future::pending()).await;
        let why = ended.map_or_else(explain, |()| "it has ended".to_owned());
        let reason = format!("its DHCP server has stopped: {why}");
        tracing::warn!("{reason}");
        cluster.set_blocker(PART, Some(reason));
        server = rebind(&mut bind, |reason| cluster.set_blocker(PART, reason)).await;
        tracing::info!("the DHCP server is bound again");
    }
}

/// Tries until it succeeds. Meanwhile the node is silent, and says why; each new reason once.
async fn rebind<T, E: Into<anyhow::Error>>(
    mut bind: impl FnMut() -> Result<T, E>,
    set_blocker: impl Fn(Option<String>),
) -> T {
    let mut said = None;
    loop {
        tokio::time::sleep(REBIND_RETRY).await;
        match bind() {
            Ok(server) => {
                set_blocker(None);
                return server;
            }
            Err(error) => {
                let reason = format!("its DHCP server cannot be bound: {}", explain(error));
                if said.as_ref() != Some(&reason) {
                    tracing::warn!("{reason}");
                    set_blocker(Some(reason.clone()));
                    said = Some(reason);
                }
            }
        }
    }
}

/// The error with its causes.
fn explain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;
    use std::cell::RefCell;

    #[tokio::test(start_paused = true)]
    async fn an_unbound_node_is_silent_and_each_new_reason_is_said_once() {
        let told = RefCell::new(Vec::new());
        let no_device = || Err(anyhow!("no such device"));
        let mut attempts = [no_device(), no_device(), Err(anyhow!("in use")), Ok(7)].into_iter();
        let attempt = || attempts.next().expect("it must stop when it is bound");
        let server = rebind(attempt, |reason| told.borrow_mut().push(reason)).await;
        assert_eq!(server, 7);
        let reason = |why| Some(format!("its DHCP server cannot be bound: {why}"));
        let expected = [reason("no such device"), reason("in use"), None];
        assert_eq!(told.into_inner(), expected);
    }
}
