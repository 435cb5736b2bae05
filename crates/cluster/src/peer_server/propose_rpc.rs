//! Commands that a peer forwards to the leader.

use super::{Answer, PeerService};
use crate::propose::forward_rules;
use crate::propose::{Committed, Origin, ProposeError};
use api::proto::peer as wire;
use futures::future::join_all;
use ipam::RequestedCommand;
use ipam::budget::MAX_BATCH_COMMANDS;
use std::time::Duration;
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_propose(
        &self,
        request: Request<wire::ProposeRequest>,
    ) -> Answer<wire::ProposeResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_route(&caller, "Propose", request.route.as_ref())?;
        self.check_member(sender)?;
        if request.commands.len() > MAX_BATCH_COMMANDS {
            return Err(Status::invalid_argument(format!(
                "{} commands at once: at most {MAX_BATCH_COMMANDS} are accepted",
                request.commands.len()
            )));
        }
        let commands: Result<Vec<RequestedCommand>, _> = request
            .commands
            .into_iter()
            .map(RequestedCommand::try_from)
            .collect();
        let commands = commands.map_err(|error| Status::invalid_argument(error.to_string()))?;
        if let Some(reason) = commands
            .iter()
            .find_map(|command| forward_rules::refusal(&command.command, sender))
        {
            return Err(self.refuse(sender, "Propose", "command", reason));
        }
        let within = Duration::from_millis(request.timeout_millis);
        let origin = Origin::Peer(sender);
        let queue = |command| self.handles.proposer.queue(command, origin, within);
        let result = match gather(join_all(commands.into_iter().map(queue)).await) {
            Ok(committed) => wire::propose_response::Result::Outcomes(outcomes_of(&committed)),
            Err(ProposeError::Unavailable(_)) => {
                wire::propose_response::Result::NotLeader(self.not_leader())
            }
            Err(error @ ProposeError::Unknown(_)) => {
                return Err(Status::unknown(error.to_string()));
            }
        };
        Ok(Response::new(wire::ProposeResponse {
            result: Some(result),
        }))
    }
}

fn outcomes_of(committed: &[Committed]) -> wire::propose_response::Outcomes {
    wire::propose_response::Outcomes {
        outcomes: committed.iter().map(|one| (&one.outcome).into()).collect(),
        index: committed
            .iter()
            .map(|one| one.index)
            .max()
            .unwrap_or_default(),
    }
}

/// One answer for commands that may have gone into several batches: "not done" only if that is
/// true of all of them.
fn gather(results: Vec<Result<Committed, ProposeError>>) -> Result<Vec<Committed>, ProposeError> {
    let none_done = results
        .iter()
        .all(|result| matches!(result, Err(ProposeError::Unavailable(_))));
    let outcomes: Result<Vec<_>, _> = results.into_iter().collect();
    outcomes.map_err(|error| match error {
        ProposeError::Unavailable(reason) if !none_done => ProposeError::Unknown(reason),
        error => error,
    })
}
