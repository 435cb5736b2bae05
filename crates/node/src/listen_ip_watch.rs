//! Watches the listen IP: a node without it does not serve, and says so.
//!
//! Clients are told to reach this node at its listen IP. When the address or the interface goes
//! away, answers would name a server that is not there; so the node goes out of service, its peers
//! take over its clients, and it comes back when the address does.

use crate::config::LanInterface;
use cluster::Cluster;
use natd::netlink::{AddressPresence, AddressWatch, LinkError};
use tokio::sync::watch;

/// The part of the node that is out of service then.
pub(crate) const PART: &str = "listen IP";

/// Takes the node out of service while its listen IP is missing, until dropped.
pub(crate) async fn watch(cluster: Cluster, lan: LanInterface) {
    if let Err(error) = follow(&cluster, &lan).await {
        let reason = format!(
            "its listen IP {} can no longer be watched: {error}",
            lan.listen_ip
        );
        tracing::error!("{reason}");
        cluster.set_blocker(PART, Some(reason));
        // The reason stands until a restart.
        std::future::pending().await
    }
}

async fn follow(cluster: &Cluster, lan: &LanInterface) -> Result<(), LinkError> {
    let addresses = AddressWatch::open(&lan.interface, lan.listen_ip)?;
    let (sender, mut presence) = watch::channel(AddressPresence::Present);
    let act = async {
        while presence.changed().await.is_ok() {
            cluster.set_blocker(PART, reason(*presence.borrow_and_update(), lan));
        }
    };
    tokio::select! {
        outcome = addresses.run(sender) => outcome,
        () = act => Ok(()),
    }
}

fn reason(presence: AddressPresence, lan: &LanInterface) -> Option<String> {
    let LanInterface {
        interface,
        listen_ip,
    } = lan;
    match presence {
        AddressPresence::Present => None,
        AddressPresence::Down => Some(format!(
            "its interface {interface} is down: `ip link set {interface} up`"
        )),
        AddressPresence::Absent => Some(format!(
            "its listen IP {listen_ip} is gone from {interface}: `ip addr add {listen_ip}/PREFIX dev {interface}`"
        )),
        AddressPresence::NoInterface => Some(format!("its interface {interface} is gone")),
    }
}
