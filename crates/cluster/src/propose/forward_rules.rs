//! Which commands a member may forward to the leader (S12).
//!
//! A member speaks for itself: what its clients ask, its own listen IPs, and what operators asked at its own
//! admin port; who those are is not proven yet, so every member can do that. What the cluster does of its
//! own, the leader proposes itself, and takes from nobody.

use ipam::{ClusterCommand, Command, LeaseCommand, NodeId};

/// Why `sender` may not forward this command, if so.
pub(crate) fn refusal(command: &Command, sender: NodeId) -> Option<String> {
    let Some(named) = speaker(command, sender) else {
        return Some(format!("only the leader itself proposes {}", name(command)));
    };
    (named != sender).then(|| {
        format!(
            "node {sender} speaks for node {named} in {}: each node speaks for itself",
            name(command)
        )
    })
}

/// The node that the command is of; `None` if only a leader proposes it.
const fn speaker(command: &Command, sender: NodeId) -> Option<NodeId> {
    match command {
        Command::Lease(command) => match command.node() {
            Some(node) => Some(node),
            None => Some(sender),
        },
        Command::Object(command) if command.change.kind().is_leaders() => None,
        Command::Object(command) => Some(command.operator.node),
        Command::Cluster(command) => match command {
            ClusterCommand::RegisterNode(registration) => Some(registration.node),
            ClusterCommand::RevokeLease { operator, .. }
            | ClusterCommand::SetProfile { operator, .. } => Some(operator.node),
            ClusterCommand::Bootstrap(_)
            | ClusterCommand::RemoveNode(_)
            | ClusterCommand::SetForwardPolicy { .. }
            | ClusterCommand::Tick => None,
        },
    }
}

/// What it is called in refusals and logs.
pub(super) fn name(command: &Command) -> String {
    match command {
        Command::Lease(command) => match command {
            LeaseCommand::Offer(_) => "OfferLease",
            LeaseCommand::Grant(_) => "GrantLease",
            LeaseCommand::Release(_) => "ReleaseLease",
            LeaseCommand::Decline(_) => "DeclineAddress",
            LeaseCommand::Quarantine(_) => "QuarantineAddress",
            LeaseCommand::LiftQuarantine(_) => "LiftQuarantine",
        }
        .to_owned(),
        Command::Object(command) => {
            format!("a change of a {}", command.change.kind().singular())
        }
        Command::Cluster(command) => match command {
            ClusterCommand::Bootstrap(_) => "Bootstrap",
            ClusterCommand::RegisterNode(_) => "RegisterNode",
            ClusterCommand::RemoveNode(_) => "RemoveNode",
            ClusterCommand::RevokeLease { .. } => "RevokeLease",
            ClusterCommand::SetForwardPolicy { .. } => "SetForwardPolicy",
            ClusterCommand::SetProfile { .. } => "SetProfile",
            ClusterCommand::Tick => "Tick",
        }
        .to_owned(),
    }
}
