//! A port forward.

use api::proto::admin::Forward;
use api::proto::admin::forward::Target;
use serde::Serialize;

/// One forward; either `address` or `client` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForwardView {
    /// tcp or udp.
    pub protocol: String,
    /// The port on the uplink.
    pub port: u32,
    /// The address it leads to.
    pub address: Option<String>,
    /// The client it leads to, wherever its lease is.
    pub client: Option<String>,
    /// The port there.
    pub target_port: u32,
    /// Where it leads now; null while the client has no lease.
    pub resolved: Option<String>,
}

impl From<Forward> for ForwardView {
    fn from(forward: Forward) -> Self {
        let Forward {
            protocol,
            port,
            target,
            target_port,
            resolved,
        } = forward;
        let (address, client) = match target {
            Some(Target::Address(address)) => (Some(address), None),
            Some(Target::Client(client)) => (None, Some(client)),
            None => (None, None),
        };
        Self {
            protocol,
            port,
            address,
            client,
            target_port,
            resolved,
        }
    }
}
