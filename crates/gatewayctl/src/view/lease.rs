//! A lease.

use api::proto::admin::Lease;
use serde::Serialize;

/// One lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseView {
    /// The leased address.
    pub address: String,
    /// Whose it is.
    pub client: String,
    /// The client's hardware address.
    pub hardware: String,
    /// offered, bound, released, expired or quarantined.
    pub state: String,
    /// At least this long, by the cluster clock; null where nothing runs out.
    pub expires_in_seconds: Option<u64>,
    /// What the client calls itself. It is the client's word, not ours.
    pub hostname: String,
    /// The node that granted it.
    pub node_id: u64,
    /// The subnet it is in.
    pub subnet_id: u32,
}

impl From<Lease> for LeaseView {
    fn from(lease: Lease) -> Self {
        let Lease {
            address,
            client,
            hardware,
            state,
            expires_in_seconds,
            hostname,
            node_id,
            subnet_id,
        } = lease;
        Self {
            address,
            client,
            hardware,
            state,
            expires_in_seconds,
            hostname,
            node_id,
            subnet_id,
        }
    }
}
