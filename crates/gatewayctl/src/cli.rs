//! The command line. One file per noun, and those of objects in `objects`; what a word means to the
//! cluster is not decided here.

mod bootstrap;
mod global;
mod lease;
mod node;
mod node_address;
mod pki;
mod profile;
mod status;

pub use bootstrap::BootstrapArguments;
pub use global::Global;
pub use lease::LeaseCommand;
pub use node::NodeCommand;
pub use node_address::NodeAddress;
pub use pki::PkiCommand;
pub use profile::{ProfileCommand, ProfileName};
pub use status::StatusArgs;

use clap::{Parser, Subcommand};
use ipam::ClientKey;

use crate::exit;
use crate::objects::Nouns;

/// Ask a gateway cluster and change it, through any of its nodes.
#[derive(Debug, Parser)]
#[command(
    name = "gatewayctl",
    version,
    after_help = exit::HELP,
    arg_required_else_help = true,
    infer_subcommands = false
)]
pub struct Cli {
    /// The options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How a node sees the cluster: members, quorum, pools, NAT
    #[command(after_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
    /// Make a waiting node the first of a new cluster; once for a cluster
    #[command(after_help = bootstrap::EXAMPLES)]
    Bootstrap(BootstrapArguments),
    /// Why a client gets no answer: its last packets on every node
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain {
        /// The client: a hardware address in any notation, or id: and a client identifier
        client: ClientKey,
    },
    /// Leases: which client has which address
    #[command(subcommand)]
    Lease(LeaseCommand),
    /// What operators agree on: a noun for each kind of object.
    #[command(flatten)]
    Object(Nouns),
    /// The cluster's members
    #[command(subcommand)]
    Node(NodeCommand),
    /// How patient the nodes are with each other, by the round trips between them
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// The CA and certificates that the nodes know each other by; asks no node
    #[command(subcommand)]
    Pki(PkiCommand),
    /// Print committed changes as they happen, until interrupted
    #[command(after_help = WATCH_EXAMPLES)]
    Watch,
}

const STATUS_EXAMPLES: &str = "\
The first line is the verdict, and the exit status follows it: 0 HEALTHY, 7 DEGRADED, 5 NOT SERVING.
3: the node could not be asked.

Examples:
  gatewayctl status
  gatewayctl status --wait        after a start: until all is well, at most 60 s
  gatewayctl status --node 127.0.0.1:7068        through: ssh -L 7068:127.0.0.1:7067 HOST
  gatewayctl status --json | jq '.members[] | select(.reachable | not)'";

const EXPLAIN_EXAMPLES: &str = "\
Every node keeps a client's last 16 packets in memory, since its DHCP server started. A node of a
cluster leaves most clients to another node: \"not ours\" is how it should be, as long as one node
answers.

Examples:
  gatewayctl explain 02:aa:00:00:00:01
  gatewayctl explain id:ff:00:01 --node 127.0.0.1:7068
  gatewayctl explain 02aa.0000.0001 --json | jq -r '.packets[] | select(.reason != \"\") | .outcome'";

const WATCH_EXAMPLES: &str = "\
Examples:
  gatewayctl watch
  gatewayctl watch --json | jq -r 'select(.kind == \"LeaseGranted\") | .address'";
