//! S2, and with it S1, by the clients: at the end every client that believes that it holds an address reboots
//! and asks each node for it in turn, and each confirms it. Nobody's tables are looked at. Silence counts for
//! nothing while some fault is on: then it is the machine's own. Nor does what a client could not send.

use super::faults::node_names;
use super::holds::exchange;
use super::l4_storm::not_sent;
use super::spans::common;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind};

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "at the end every node confirms every client's address";
    let names = node_names(case.history);
    let confirms = case.history.calls();
    let confirms = confirms.filter(|call| call.invoke.function == Function::Confirm);
    let mut judged = 0;
    let mut evidence = Vec::new();
    for call in confirms {
        let span = (call.invoke.time, call.ended().unwrap_or(case.history.end()));
        let is_troubled = || !common(&[span], &case.faults.troubled()).is_empty();
        if not_sent(&call) || call.kind() == Kind::Info && is_troubled() {
            continue;
        }
        judged += 1;
        let asked = exchange(call.invoke).and_then(|asked| asked.address);
        let end = call.completion.filter(|end| end.kind == Kind::Ok);
        let granted = end.and_then(exchange);
        let by = granted.and_then(|granted| names.get(&granted.grant?.server).copied());
        let is_confirmed = granted.is_some_and(|granted| granted.address == asked);
        if !is_confirmed || by != call.invoke.node.as_deref() {
            evidence.push(unconfirmed(&call, by));
        }
    }
    Verdict::of("S2", what, judged, evidence)
}

fn unconfirmed(call: &Call<'_>, by: Option<&str>) -> Evidence {
    let asked = exchange(call.invoke);
    let client = asked.map_or("a client", |asked| &asked.client);
    let address = asked.and_then(|asked| asked.address);
    let address = address.map_or("no address".to_owned(), |address| address.to_string());
    let answer = call.completion.map_or("nothing".to_owned(), |end| {
        let got = exchange(end).and_then(|exchange| exchange.address);
        let why = end.error.as_ref().map(|error| error.text.clone());
        format!(
            "{} {}{}",
            end.kind,
            got.map_or(String::new(), |got| got.to_string()),
            why.map_or(String::new(), |why| format!(" ({why})"))
        )
    });
    let text = format!(
        "{client} holds {address}, and asked {} for it at {}; what came{}: {answer}",
        call.invoke.node.as_deref().unwrap_or("no node"),
        seconds(call.invoke.time),
        by.map_or(String::new(), |by| format!(" from {by}"))
    );
    let end = call.completion.map(|end| end.index);
    Evidence::new(text, [call.invoke.index].into_iter().chain(end).collect())
}
