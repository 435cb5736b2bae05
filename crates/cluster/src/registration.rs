//! What this node announces of itself to the cluster.

use crate::identity::Identity;
use crate::lock::lock;
use ipam::{DEFAULT_SUBNET, ForwardKey, Listener, NodeRegistration};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

/// What this node announces of itself.
pub(crate) struct Registration {
    identity: Arc<Identity>,
    /// On which ports the host listens.
    listeners: Mutex<BTreeMap<ForwardKey, Listener>>,
    /// The host's addresses.
    host_addresses: Mutex<BTreeSet<IpAddr>>,
}

impl Registration {
    /// Of a host of which nothing is known yet.
    pub(crate) fn new(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            listeners: Mutex::default(),
            host_addresses: Mutex::default(),
        }
    }

    /// On which ports the host listens.
    pub(crate) fn set_listeners(&self, listeners: BTreeMap<ForwardKey, Listener>) {
        *lock(&self.listeners) = listeners;
    }

    /// The host's addresses.
    pub(crate) fn set_host_addresses(&self, addresses: BTreeSet<IpAddr>) {
        *lock(&self.host_addresses) = addresses;
    }

    /// As it is now.
    pub(crate) fn now(&self) -> NodeRegistration {
        NodeRegistration {
            node: self.identity.node,
            listen: [(DEFAULT_SUBNET, self.identity.listen_ip)].into(),
            peer_address: self.identity.peer_address.clone(),
            listeners: lock(&self.listeners).clone(),
            addresses: lock(&self.host_addresses).clone(),
        }
    }
}
