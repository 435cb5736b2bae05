//! What the world tells the checkers, as plain data.

use super::states::Change;
use crate::client::{Reply, Request, TrueTime};
use ipam::{LogPosition, NodeId, State};
use natd::NodeContext;
use natd::image::TableImage;
use std::net::Ipv4Addr;

/// The cluster's state went from one to the next, as the first node showed it.
#[derive(Clone, Debug)]
pub(super) struct Step<'a> {
    /// When the first node had applied it.
    pub(super) at: TrueTime,
    /// Up to which entry.
    pub(super) position: LogPosition,
    /// What it was.
    pub(super) before: &'a State,
    /// What it is.
    pub(super) after: &'a State,
    /// The addresses whose record changed.
    pub(super) changes: Vec<Change<'a>>,
}

/// A node sent a reply to a client.
#[derive(Clone, Copy, Debug)]
pub struct Replied<'a> {
    /// When.
    pub at: TrueTime,
    /// Which node.
    pub node: NodeId,
    /// Its server identifier.
    pub listen_ip: Ipv4Addr,
    /// The UDP payload.
    pub bytes: &'a [u8],
    /// What the node had applied then.
    pub state: &'a State,
    /// Since when no majority has been in its reach; nothing while one is.
    pub without_quorum_since: Option<TrueTime>,
}

/// The same, read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<'a> {
    pub(super) sent: &'a Replied<'a>,
    pub(super) reply: &'a Reply,
    /// The newest request of that client and transaction that any client sent.
    pub(super) request: Option<&'a Request>,
    /// When the node heard that request last.
    pub(super) heard: Option<TrueTime>,
    /// Whether the node has applied anything since it heard it.
    pub(super) advanced: bool,
    /// When the client sent that request first.
    pub(super) asked: Option<TrueTime>,
}

/// A node at the end, with every fault healed.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// Which.
    pub node: NodeId,
    /// What it has applied.
    pub position: LogPosition,
    /// The state after that.
    pub state: &'a State,
    /// Our table in its kernel.
    pub ruleset: Option<&'a TableImage>,
    /// Its interfaces and addresses.
    pub context: &'a NodeContext,
}
