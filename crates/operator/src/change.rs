//! Objects: an operator creates, replaces and deletes them, of every kind alike.

use crate::audit::AuditLine;
use crate::{Caller, Operations, OperatorError, before};
use ipam::{Change, ObjectCommand, State};

impl Operations {
    /// Changes an object. Out: what may surprise of it, a sentence each. `force`: although it is refused otherwise,
    /// where that can make sense.
    pub async fn change(
        &self,
        caller: &Caller,
        change: Change,
        force: bool,
    ) -> Result<Vec<String>, OperatorError> {
        check_kind(&change)?;
        let (line, notices) =
            self.read(|state| (audit_line(state, &change, force), notices(state, &change)));
        let command = ObjectCommand {
            operator: caller.at(self.id()),
            change,
            force,
        };
        self.propose(caller, line, command).await?;
        Ok(notices)
    }
}

/// Refuses a change of what the cluster was bootstrapped with: nodes do not follow one yet.
fn check_kind(change: &Change) -> Result<(), OperatorError> {
    let kind = change.kind();
    if kind.is_leaders() {
        return Err(OperatorError::Refused(format!(
            "a {} cannot be changed yet: it is as the cluster was bootstrapped",
            kind.singular()
        )));
    }
    Ok(())
}

/// What an operator should know besides, which is no error.
fn notices(state: &State, change: &Change) -> Vec<String> {
    let object = change.object();
    let before = state.objects().get(&change.key());
    let gone = before.filter(|before| Some(&before.object) != object);
    let left = gone.filter(|_| !matches!(change, Change::Create(_)));
    let left = left.map(|before| before.object.notices_when_gone(state));
    let made = object.map(|object| object.notices(state));
    left.into_iter().chain(made).flatten().collect()
}

/// What is asked, for the audit log.
fn audit_line(state: &State, change: &Change, force: bool) -> AuditLine {
    let key = change.key();
    let verb = match change {
        Change::Create(_) => "add",
        Change::Replace { .. } => "set",
        Change::Delete { .. } => "remove",
    };
    let forced = if force { ", by force" } else { "" };
    let after = change.object();
    AuditLine {
        verb: format!("{} {verb}", key.kind().noun()),
        object: key.to_string(),
        before: before::object(state, &key),
        after: after.map_or_else(|| "none".to_owned(), |object| format!("{object}{forced}")),
    }
}
