//! `gatewayctl bootstrap`.

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Start gatewayd on all nodes first; they wait. Then run this on one of them, and the others join it.
It may be repeated: on a node of a cluster it changes nothing.

Example:
  gatewayctl bootstrap";

/// How.
#[derive(Clone, Copy, Debug, Args)]
pub struct BootstrapArguments {
    /// Do not ask the nodes in GATEWAY_JOIN whether one has a cluster: only if there is none for certain
    #[arg(long)]
    pub alone: bool,
}
