//! A connection to one node, and what becomes of the calls made on it.
//!
//! * **Why two kinds of call.** A question that got no answer changed nothing; a change that got no
//!   answer may have been committed all the same. So the same broken connection is "unreachable"
//!   for one and "unknown" for the other (house rule: unknown is a value).
//! * **What a status from the node means.** `UNAVAILABLE` said by the node itself is a promise that
//!   nothing was proposed; the same code made up by the transport (it has a source) is not.
//! * **Blocks** never longer than the timeout, which covers connecting and the answer together.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};

use crate::cli::{Global, NodeAddress};
use crate::exit::Exit;
use crate::failure::Failure;

/// How long an answer may take, unless the operator says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a call is for.
#[derive(Clone, Debug)]
pub struct Action {
    /// What we are doing, with the values.
    pub doing: String,
    /// Set for a change: the command that shows whether it was done.
    pub check_with: Option<String>,
}

/// A connection with a deadline.
#[derive(Clone, Debug)]
pub struct Session {
    node: NodeAddress,
    channel: Channel,
    timeout: Duration,
    deadline: Instant,
    action: Action,
}

impl Action {
    /// A question: it changes nothing.
    #[must_use]
    pub fn question(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            check_with: None,
        }
    }

    /// A change; `check_with` is the command that shows whether it was done.
    #[must_use]
    pub fn change(doing: impl Into<String>, check_with: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            check_with: Some(check_with.into()),
        }
    }
}

impl Session {
    /// Connects to the node for one action.
    pub async fn open(
        global: &Global,
        action: Action,
        default_timeout: Duration,
    ) -> Result<Self, Failure> {
        let timeout = global.timeout_or(default_timeout);
        let deadline = Instant::now() + timeout;
        let node = global.node.clone();
        let failure = |reason: String| {
            Failure::unreachable(
                &action.doing,
                format!("node {node} is not reachable: {reason}"),
            )
        };
        let endpoint = Endpoint::from_shared(format!("http://{node}"))
            .map_err(|error| failure(chain(&error)))?;
        let channel = timeout_at(deadline, endpoint.connect())
            .await
            .map_err(|_| failure(format!("no connection within {} s", timeout.as_secs())))?
            .map_err(|error| failure(chain(&error)))?;
        Ok(Self {
            node,
            channel,
            timeout,
            deadline,
            action,
        })
    }

    /// The connection, for a generated client.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Awaits an answer until the deadline.
    pub async fn answer<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        match timeout_at(self.deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(self.failure(&status)),
            Err(_) => Err(self.no_answer(format!(
                "no answer from node {} within {} s",
                self.node,
                self.timeout.as_secs()
            ))),
        }
    }

    /// What a status that is not OK means for this action.
    #[must_use]
    pub fn failure(&self, status: &Status) -> Failure {
        let from_transport = status.source().is_some();
        match status.code() {
            _ if from_transport => self.no_answer(format!(
                "the connection to node {} broke: {}",
                self.node,
                chain(status)
            )),
            Code::FailedPrecondition
            | Code::AlreadyExists
            | Code::NotFound
            | Code::InvalidArgument
            | Code::OutOfRange
            | Code::ResourceExhausted
            | Code::PermissionDenied
            | Code::Aborted
            | Code::Unauthenticated => self.refused(status),
            Code::Unimplemented => self.not_understood(),
            Code::Unavailable => self.cannot_serve(status),
            code => self.no_answer(format!(
                "node {} says {code:?}: {}",
                self.node,
                said(status)
            )),
        }
    }

    /// The node said no.
    fn refused(&self, status: &Status) -> Failure {
        Failure {
            exit: Exit::Refused,
            doing: self.action.doing.clone(),
            reason: format!("refused by node {}: {}", self.node, said(status)),
            next: self.next_after_refusal(status.code()),
        }
    }

    /// Refusals carry their remedy in their message; for two codes there is a usual one.
    fn next_after_refusal(&self, code: Code) -> Option<String> {
        let command = self.action.check_with.as_deref()?;
        match code {
            Code::NotFound | Code::AlreadyExists => {
                Some(format!("`{command}` shows what there is"))
            }
            _ => None,
        }
    }

    fn not_understood(&self) -> Failure {
        self.other_version(format!("node {} does not know this request", self.node))
    }

    /// The node answered, and the answer is not what was asked for. For questions only: nothing changed.
    #[must_use]
    pub fn unreadable(&self, error: &dyn Error) -> Failure {
        self.other_version(format!(
            "the answer of node {} cannot be read: {}",
            self.node,
            chain(error)
        ))
    }

    fn other_version(&self, reason: String) -> Failure {
        Failure {
            exit: Exit::Refused,
            doing: self.action.doing.clone(),
            reason,
            next: Some("gatewayctl and gatewayd are of different versions, or another program listens there: use the gatewayctl installed with that node".to_owned()),
        }
    }

    fn cannot_serve(&self, status: &Status) -> Failure {
        Failure {
            exit: Exit::Unreachable,
            doing: self.action.doing.clone(),
            reason: format!(
                "node {} cannot serve this now, nothing was changed: {}",
                self.node,
                said(status)
            ),
            next: Some(
                "`gatewayctl status` shows who is missing; try again when there is a leader"
                    .to_owned(),
            ),
        }
    }

    fn no_answer(&self, reason: String) -> Failure {
        let Some(command) = &self.action.check_with else {
            return Failure::unreachable(&self.action.doing, reason);
        };
        Failure {
            exit: Exit::Unknown,
            doing: self.action.doing.clone(),
            reason: format!("{reason}; it is unknown whether it was done"),
            next: Some(format!(
                "check with `{command}`, and repeat it if it was not done"
            )),
        }
    }
}

fn said(status: &Status) -> &str {
    match status.message() {
        "" => "no reason given",
        message => message,
    }
}

/// An error and its sources, each once.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = error.source();
    }
    text
}
