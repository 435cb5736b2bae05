//! Which commands a member may forward to the leader (S12).
//!
//! A member speaks for itself: what its clients ask, its own listen IP. What operators ask at its admin
//! port it forwards as well; who they are is not proven yet, so every member can do that. What the
//! cluster does of its own, the leader proposes itself, and takes from nobody.

use ipam::{Command, NodeId};

/// Why `sender` may not forward this command, if so.
pub(crate) fn refusal(command: &Command, sender: NodeId) -> Option<String> {
    let named = match command {
        Command::OfferLease(offer) => offer.node,
        Command::GrantLease(grant) => grant.node,
        Command::QuarantineAddress(found) => found.node,
        Command::LiftQuarantine(lift) => lift.node,
        Command::RegisterNode(registration) => registration.node,
        // They name the node that made the grant, which may be another.
        Command::ReleaseLease(_) | Command::DeclineAddress(_) => sender,
        // What operators ask at any node.
        Command::RevokeLease { .. }
        | Command::AddReservation { .. }
        | Command::RemoveReservation { .. }
        | Command::AddForward { .. }
        | Command::RemoveForward(_)
        | Command::SetProfile(_) => sender,
        // A new command has to be put here or above.
        Command::Bootstrap(_)
        | Command::RemoveNode(_)
        | Command::Tick
        | Command::PutSubnet(_)
        | Command::SetSourceNat { .. }
        | Command::SetForwardPolicy(_) => {
            return Some(format!("only the leader itself proposes {}", name(command)));
        }
    };
    (named != sender).then(|| {
        format!(
            "node {sender} speaks for node {named} in {}: each node speaks for itself",
            name(command)
        )
    })
}

const fn name(command: &Command) -> &'static str {
    match command {
        Command::Bootstrap(_) => "Bootstrap",
        Command::RegisterNode(_) => "RegisterNode",
        Command::RemoveNode(_) => "RemoveNode",
        Command::PutSubnet(_) => "PutSubnet",
        Command::OfferLease(_) => "OfferLease",
        Command::GrantLease(_) => "GrantLease",
        Command::QuarantineAddress(_) => "QuarantineAddress",
        Command::LiftQuarantine(_) => "LiftQuarantine",
        Command::SetSourceNat { .. } => "SetSourceNat",
        Command::SetForwardPolicy(_) => "SetForwardPolicy",
        Command::Tick => "Tick",
        _ => "a command",
    }
}
