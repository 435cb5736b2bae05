//! What peers' requests reach of this node.

use crate::admission::Admission;
use crate::bounds::voter_change::Voters;
use crate::explain::Explain;
use crate::identity::Identity;
use crate::membership::{AddMember, ChangeMember, Heir, RemovedMembers, SeenKeys};
use crate::notes::Notes;
use crate::peer_refusals::PeerRefusals;
use crate::propose::Proposer;
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use crate::serving::{Serving, Strangers};
use crate::timing::SharedLimits;
use crate::transport::Peers;
use raft_store::{SnapshotSpool, StateReader};
use std::net::SocketAddr;
use std::sync::Arc;

/// One handle for each kind of request, and what all of them are checked by.
pub(crate) struct PeerHandles {
    /// Where this node listens for peers.
    pub(crate) listen: SocketAddr,
    /// Whom requests must be for.
    pub(crate) identity: Arc<Identity>,
    /// Who is a member.
    pub(crate) view: RaftView,
    /// Whether a leader with a quorum is in sight.
    pub(crate) serving: Arc<Serving>,
    /// How long requests may take.
    pub(crate) limits: SharedLimits,
    /// Who was removed.
    pub(crate) removed: RemovedMembers,
    /// What members prove themselves by.
    pub(crate) seen_keys: Arc<SeenKeys>,
    /// What peers were refused.
    pub(crate) refusals: Arc<PeerRefusals>,
    /// Whether this node answers Raft, and which invitation it takes.
    pub(crate) admission: Arc<Admission>,
    /// Why nothing of what is on its disk may be used, if so.
    pub(crate) poisoned: Option<String>,
    /// Raft's own requests.
    pub(crate) raft: Arc<RaftHandle>,
    /// Who is believed that there is a higher term.
    pub(crate) peers: Peers,
    /// Whom a leader named to follow it.
    pub(crate) heir: Arc<Heir>,
    /// The two voters of which this node may be left alone, see `ClusterConfig::alone`.
    pub(crate) pair: Option<Voters>,
    /// Where snapshots are received.
    pub(crate) spool: SnapshotSpool,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// Commands that peers forward.
    pub(crate) proposer: Proposer,
    /// Nodes that ask to be added.
    pub(crate) add: Arc<AddMember>,
    /// What operators ask by way of other members.
    pub(crate) change_member: Arc<ChangeMember>,
    /// Notes of logs.
    pub(crate) notes: Arc<Notes>,
    /// Nodes of other clusters.
    pub(crate) strangers: Arc<Strangers>,
    /// What this node's DHCP server has seen.
    pub(crate) explain: Arc<Explain>,
}
