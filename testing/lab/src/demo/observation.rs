//! What the demonstration must have shown, all of it, to end well.

/// One thing to be seen, in the order of the play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// Three nodes, one leader, all in service.
    ClusterForms,
    /// Clients of different gateways have addresses of their own.
    AddressesArrive,
    /// Machines reach the internet as their hosts.
    WayOut,
    /// The internet reaches a machine through a port forward.
    WayIn,
    /// The leader is gone, at once.
    LeaderKilled,
    /// A new machine is served without it.
    NewMachineServed,
    /// An old machine's lease goes on.
    OldMachineRenews,
    /// The machines' connections work as before.
    ConnectionsStay,
    /// The killed node is back and has everything.
    NodeCatchesUp,
    /// No acknowledged lease is lost.
    LeasesKept,
}

impl Observation {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ClusterForms,
        Self::AddressesArrive,
        Self::WayOut,
        Self::WayIn,
        Self::LeaderKilled,
        Self::NewMachineServed,
        Self::OldMachineRenews,
        Self::ConnectionsStay,
        Self::NodeCatchesUp,
        Self::LeasesKept,
    ];

    /// What is to be seen, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClusterForms => "Three gateways form one cluster",
            Self::AddressesArrive => "Addresses arrive from different gateways",
            Self::WayOut => "Machines reach the internet through NAT",
            Self::WayIn => "A port forward leads in",
            Self::LeaderKilled => "The leader dies (SIGKILL)",
            Self::NewMachineServed => "A new machine gets an address",
            Self::OldMachineRenews => "An old machine renews its lease",
            Self::ConnectionsStay => "Connections work as before",
            Self::NodeCatchesUp => "The killed node catches up",
            Self::LeasesKept => "Every acknowledged lease is still there",
        }
    }
}
