//! `gatewayctl profile …`.

use clap::{Subcommand, ValueEnum};

const SET_EXAMPLES: &str = "\
lan: one site. metro: round trips up to some 150 ms. wan: up to 400 ms; a new leader takes about 5 s.
The nodes take it over one after the other.

Where the wrong profile leaves the cluster without a quorum, run on each host:
  gatewayctl profile set wan --local
and then, on one of them:
  gatewayctl profile set wan";

/// What can be done with the profile.
#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// Show the profile, the round trips to the other nodes, and what would fit them
    Show,
    /// Set the cluster's profile
    #[command(after_help = SET_EXAMPLES)]
    Set {
        /// How far apart the nodes are
        profile: ProfileName,
        /// This node alone, until the cluster's profile is next set; works without a quorum
        #[arg(long)]
        local: bool,
    },
}

/// A profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// One site
    Lan,
    /// Round trips up to some 150 ms
    Metro,
    /// Round trips up to 400 ms
    Wan,
}

impl ProfileName {
    /// As the protocol has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lan => "lan",
            Self::Metro => "metro",
            Self::Wan => "wan",
        }
    }
}
