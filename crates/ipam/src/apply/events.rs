//! The events of one batch, each with who made it.

use crate::{Actor, AnyKey, ClusterCommand, Command, Event, EventKind, ObjectChange};
use alloc::vec::Vec;

/// Events so far, and who makes the next one.
pub(super) struct Events {
    actor: Actor,
    events: Vec<Event>,
}

impl Events {
    /// None, and time makes the first ones.
    pub(super) const fn new() -> Self {
        Self {
            actor: Actor::Cluster,
            events: Vec::new(),
        }
    }

    /// Whatever comes next is made by whoever asked this.
    pub(super) fn asked_by(&mut self, command: &Command) {
        self.actor = match command {
            Command::Lease(command) => command.node().map_or(Actor::Client, Actor::Node),
            Command::Object(command) => Actor::Operator(command.operator.clone()),
            Command::Cluster(command) => match command {
                ClusterCommand::RegisterNode(registration) => Actor::Node(registration.node),
                ClusterCommand::RevokeLease { operator, .. }
                | ClusterCommand::SetForwardPolicy { operator, .. }
                | ClusterCommand::SetProfile { operator, .. } => Actor::Operator(operator.clone()),
                ClusterCommand::Bootstrap(_)
                | ClusterCommand::RemoveNode(_)
                | ClusterCommand::Tick => Actor::Cluster,
            },
        };
    }

    pub(super) fn push(&mut self, kind: EventKind) {
        let actor = self.actor.clone();
        self.events.push(Event { actor, kind });
    }

    /// An object changed, if it did.
    pub(super) fn changed(&mut self, key: AnyKey, change: Option<ObjectChange>) {
        if let Some(change) = change {
            self.push(EventKind::Object { key, change });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Event> {
        self.events
    }
}
