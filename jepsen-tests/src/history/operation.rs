//! One line of a history.
//!
//! ```text
//! {:index 12, :time 1234567, :process 3, :type :ok, :f :acquire, :value {…}, :node "n1"}
//! ```
//!
//! `:time` is nanoseconds since the run began. `:process` is a number for a client or an operator,
//! one operation at a time; `:nemesis` for faults; `:observer` for what was merely seen (packets,
//! tables, rules), which never completes anything. `:node` is the node that was asked or seen, if it
//! was one. `:error` is `[:kind "text"]`.
//!
//! | `:f` | `:value` | `:ok` means | `:fail` means |
//! |---|---|---|---|
//! | `:acquire` `:renew` `:rebind` `:reboot` | [`Exchange`](super::Exchange); on `:ok` with its grant | an ACK was received | a NAK was received (`:nak`), or nothing was ever sent (`:not-sent`) |
//! | `:confirm` | the same: the client reboots at the end, and asks `:node` alone for the address that it holds | as above | as above |
//! | `:release` | `Exchange`, address set | it was sent. The hold ends at its `:invoke` | it was not sent |
//! | `:decline` | `Exchange`, address set | a node's table showed the quarantine | it was not sent |
//! | `:reply` | [`Reply`](super::Reply): a packet that a client's socket received, wanted or not | (`:info`, `:observer`) | |
//! | `:discover` | [`Asked`](super::Asked): a client sends a DHCPDISCOVER, or a copy of it | (`:info`, `:observer`) | |
//! | `:status` | [`Shown`](super::Shown): what a node says of itself, about once a second | (`:info`, `:observer`) | |
//! | `:stall` | [`Stall`](super::Stall): the disk or the processors of the machine stood still until now | (`:info`, `:observer`) | |
//! | `:reservation-add` `:reservation-remove` | [`Reservation`](super::Reservation) | committed | refused: `:exists`, `:not-found`, `:refused`; or `:not-sent` |
//! | `:reservation-list` | nil; on `:ok` a map of client to address | the answer of one node's own table | nothing was read |
//! | `:forward-add` `:forward-remove` | [`Forward`](super::Forward) | committed | as above |
//! | `:forward-list` | nil; on `:ok` a map of `"tcp/8080"` to `"10.0.0.1:80"` | as above | |
//! | `:lease-revoke` | an address | committed | as above |
//! | `:node-add` `:node-remove` | [`Member`](super::Member) | the change of members is over | as above |
//! | `:node-list` | nil; on `:ok` the voters that one node knows, `["n1" "n2"]` | the answer of one node's own state | nothing was read |
//! | `:start-X`, `:stop-X` | [`Fault`](super::Fault), two `:info` lines of `:nemesis` each: before and after it was done | | |
//! | `:setup` | [`Setup`](super::Setup), the first line | (`:info`, `:observer`) | |
//! | `:state` | [`NodeState`](super::NodeState): one node's table at some moment; it may lag | (`:info`, `:observer`) | |
//! | `:final` | `NodeState`, after all faults are healed and all nodes are level | (`:info`, `:observer`) | |
//! | `:ruleset` | [`RulesetSeen`](super::RulesetSeen): the kernel's rules beside the plan | (`:info`, `:observer`) | |
//! | `:nat` | [`NatStatus`](super::NatStatus): what a node says of NAT | (`:info`, `:observer`) | |
//! | `:flow` | [`Flow`](super::Flow): a moment of a long-lived flow | (`:info`, `:observer`) | |
//! | `:tenant` | [`Tenant`](super::Tenant): who has an address that flows lead to | (`:info`, `:observer`) | |
//! | `:probe` | [`Probe`](super::Probe): somebody tried a port of a host's own | (`:info`, `:observer`) | |
//!
//! `:info` of a client or operator: silence, a lost connection, a deadline. It may have happened, and
//! may still happen later. Such a process takes a new number, as Jepsen's do.

use std::fmt;

use super::value::Value;

/// One line of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its place in the history; strictly growing.
    pub index: u64,
    /// Nanoseconds since the run began.
    pub time: u64,
    /// Who.
    pub process: Process,
    /// Begun, or how it ended (`:type`).
    pub kind: Kind,
    /// What (`:f`).
    pub function: Function,
    /// Of or with what.
    pub value: Value,
    /// The node that was asked or seen.
    pub node: Option<String>,
    /// Why not.
    pub error: Option<Failure>,
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Process {
    /// A client or an operator: one operation at a time.
    Client(u64),
    /// The one who breaks things.
    Nemesis,
    /// The one who looks.
    Observer,
}

/// `:type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It begins.
    Invoke,
    /// It happened.
    Ok,
    /// It did not happen, and never will.
    Fail,
    /// Unknown; or an event that is not an operation.
    Info,
}

/// `:f`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// DISCOVER to ACK.
    Acquire,
    /// REQUEST to the node that granted.
    Renew,
    /// REQUEST by broadcast, with a lease.
    Rebind,
    /// REQUEST by broadcast in the state INIT-REBOOT.
    Reboot,
    /// The same for the address that the client holds, of one node alone.
    Confirm,
    /// RELEASE.
    Release,
    /// DECLINE.
    Decline,
    /// A packet that came in.
    Reply,
    /// A DHCPDISCOVER, or a copy of it.
    Discover,
    /// What a node says of itself.
    Status,
    /// The machine that all of it runs on stood still.
    Stall,
    /// An operator adds a reservation.
    ReservationAdd,
    /// An operator removes a reservation.
    ReservationRemove,
    /// An operator lists reservations.
    ReservationList,
    /// An operator adds a port forward.
    ForwardAdd,
    /// An operator removes a port forward.
    ForwardRemove,
    /// An operator lists port forwards.
    ForwardList,
    /// An operator ends a lease.
    LeaseRevoke,
    /// An operator adds a node to the cluster.
    NodeAdd,
    /// An operator removes a node from the cluster.
    NodeRemove,
    /// A node is asked who the voters are.
    NodeList,
    /// A fault begins. Its name is a keyword without `start-`.
    Start(String),
    /// A fault ends.
    Stop(String),
    /// What the run was given.
    Setup,
    /// A node's table at some moment.
    State,
    /// A node's table at the end.
    Final,
    /// A node's rules beside the plan.
    Ruleset,
    /// What a node says of NAT.
    Nat,
    /// A moment of a flow.
    Flow,
    /// An address changes hands.
    Tenant,
    /// A port of a host's own is tried.
    Probe,
}

/// Why an operation failed or is unknown: `[:kind "text"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What a checker may rely on.
    pub kind: FailureKind,
    /// What a person reads.
    pub text: String,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureKind {
    /// A DHCPNAK.
    Nak,
    /// No answer.
    NoReply,
    /// It never left: surely without effect.
    NotSent,
    /// Refused, because the name, the address or the port is taken.
    Exists,
    /// Refused, because there is no such thing.
    NotFound,
    /// Refused for another reason.
    Refused,
    /// A deadline passed or the connection broke.
    Unknown,
}

/// The names of functions; faults have names of their own.
const FUNCTIONS: &[(&str, Function)] = &[
    ("acquire", Function::Acquire),
    ("renew", Function::Renew),
    ("rebind", Function::Rebind),
    ("reboot", Function::Reboot),
    ("confirm", Function::Confirm),
    ("release", Function::Release),
    ("decline", Function::Decline),
    ("reply", Function::Reply),
    ("discover", Function::Discover),
    ("status", Function::Status),
    ("stall", Function::Stall),
    ("reservation-add", Function::ReservationAdd),
    ("reservation-remove", Function::ReservationRemove),
    ("reservation-list", Function::ReservationList),
    ("forward-add", Function::ForwardAdd),
    ("forward-remove", Function::ForwardRemove),
    ("forward-list", Function::ForwardList),
    ("lease-revoke", Function::LeaseRevoke),
    ("node-add", Function::NodeAdd),
    ("node-remove", Function::NodeRemove),
    ("node-list", Function::NodeList),
    ("setup", Function::Setup),
    ("state", Function::State),
    ("final", Function::Final),
    ("ruleset", Function::Ruleset),
    ("nat", Function::Nat),
    ("flow", Function::Flow),
    ("tenant", Function::Tenant),
    ("probe", Function::Probe),
];

const KINDS: &[(&str, Kind)] = &[
    ("invoke", Kind::Invoke),
    ("ok", Kind::Ok),
    ("fail", Kind::Fail),
    ("info", Kind::Info),
];

const FAILURES: &[(&str, FailureKind)] = &[
    ("nak", FailureKind::Nak),
    ("no-reply", FailureKind::NoReply),
    ("not-sent", FailureKind::NotSent),
    ("exists", FailureKind::Exists),
    ("not-found", FailureKind::NotFound),
    ("refused", FailureKind::Refused),
    ("unknown", FailureKind::Unknown),
];

/// The name in a table of names.
pub(super) fn name_of<T: PartialEq>(
    table: &'static [(&'static str, T)],
    wanted: &T,
) -> &'static str {
    let row = table.iter().find(|(_, value)| value == wanted);
    row.map_or("", |(name, _)| name)
}

/// What a table of names has under `name`.
pub(super) fn named<T: Clone>(table: &[(&str, T)], name: &str) -> Option<T> {
    let row = table.iter().find(|(known, _)| *known == name);
    row.map(|(_, value)| value.clone())
}

impl Function {
    /// The function of that name.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(fault) = name.strip_prefix("start-") {
            return Some(Self::Start(fault.to_owned()));
        }
        if let Some(fault) = name.strip_prefix("stop-") {
            return Some(Self::Stop(fault.to_owned()));
        }
        named(FUNCTIONS, name)
    }

    /// Whether a client asks for, or asks to keep, an address.
    pub fn asks_for_lease(&self) -> bool {
        matches!(
            self,
            Self::Acquire | Self::Renew | Self::Rebind | Self::Reboot | Self::Confirm
        )
    }
}

impl Kind {
    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        named(KINDS, name)
    }
}

impl FailureKind {
    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        named(FAILURES, name)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(fault) => write!(f, "start-{fault}"),
            Self::Stop(fault) => write!(f, "stop-{fault}"),
            known => f.write_str(name_of(FUNCTIONS, known)),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(KINDS, self))
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(FAILURES, self))
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(number) => write!(f, "{number}"),
            Self::Nemesis => f.write_str(":nemesis"),
            Self::Observer => f.write_str(":observer"),
        }
    }
}
