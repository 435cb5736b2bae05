//! S1, exclusive: at no instant do two clients hold the same address.
//!
//! By interval overlap on the clients' own counting, in true time. Two holdings overlap if and only if
//! one is alive when the other begins, so it is enough to look at every beginning.

use super::holdings::Holdings;
use super::violation::{Verdict, Violation};
use crate::client::{Event, What};

/// Judges a client's event, before `holdings` has taken it up.
pub(super) fn client(event: &Event, holdings: &Holdings) -> Verdict {
    let What::Bound { address, until, .. } = event.what else {
        return Ok(());
    };
    let Some((other, hold)) = holdings.other_holder(event.at, address, &event.client) else {
        return Ok(());
    };
    Err(Violation::new(
        "S1",
        event.at,
        format!("{address} is held by {} and by {other}", event.client),
        [
            format!("{other} holds it from {} until {}", hold.from, hold.until),
            format!(
                "{} was granted it at {} and holds it until {until}",
                event.client, event.at
            ),
        ],
    ))
}
