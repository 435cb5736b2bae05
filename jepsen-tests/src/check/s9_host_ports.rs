//! S9: no forward takes a port that nodes live on, whoever asks for it and through whichever node.

use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind, Value};

/// A port that nodes live on, and whether an operator may force it: what ends the cluster may not be. In a run nobody
/// forces those that may.
pub const HOST_PORTS: [((&str, u16), bool); 8] = [
    (("tcp", 22), true),
    (("tcp", 7066), false),
    (("tcp", 7067), false),
    (("udp", 67), false),
    (("udp", 68), true),
    (("udp", 4789), false),
    (("udp", 6081), false),
    (("udp", 8472), false),
];

pub fn check(case: &Case<'_>) -> Verdict {
    let asked = case
        .history
        .calls()
        .filter(|call| wanted_port(call).is_some());
    let (done, refused): (Vec<Call<'_>>, Vec<Call<'_>>) = asked
        .filter(|call| call.kind() != Kind::Info)
        .partition(|call| call.kind() == Kind::Ok);
    let judged = done.len() + refused.len();
    let evidence = done.iter().map(forwarded).collect();
    Verdict::of(
        "S9",
        "ports of the hosts are not forwarded",
        judged,
        evidence,
    )
}

/// The port of a host that a call wants forwarded.
fn wanted_port<'a>(call: &Call<'a>) -> Option<&'a str> {
    let (Function::ForwardAdd, Value::Forward(forward)) =
        (&call.invoke.function, &call.invoke.value)
    else {
        return None;
    };
    let own = |((protocol, port), _): &((&str, u16), bool)| {
        forward.public == format!("{protocol}/{port}")
    };
    let is_own = HOST_PORTS.iter().any(own);
    is_own.then_some(forward.public.as_str())
}

fn forwarded(call: &Call<'_>) -> Evidence {
    let text = format!(
        "{}, which nodes live on, was forwarded at {}",
        wanted_port(call).unwrap_or_default(),
        seconds(call.invoke.time)
    );
    Evidence::new(text, vec![call.invoke.index])
}
