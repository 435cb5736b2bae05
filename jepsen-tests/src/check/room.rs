//! When there was an address for everybody.

use super::Case;
use super::holds::{exchange, surely_not};
use super::spans::Span;
use crate::history::{Call, Function};

/// The spans in which every client can have an address, though each declined one rests. Only a DECLINE
/// by its holder can put an address to rest (S7).
pub(super) fn room_for_all(case: &Case<'_>) -> Vec<Span> {
    let Some(setup) = case.history.setup() else {
        return Vec::new();
    };
    let Some(spare) = setup.pool_size().checked_sub(setup.clients) else {
        return Vec::new();
    };
    let quarantine = setup.quarantine_ms.saturating_mul(1_000_000);
    let declines = case.history.calls().filter(|call| may_rest(case, call));
    // In the order of their beginnings, and so of their ends.
    let rests: Vec<Span> = declines
        .map(|call| {
            // When a DECLINE that nobody answers took effect is not known.
            let latest = call.invoke.time.saturating_add(super::LONGEST_FLIGHT);
            (call.invoke.time, latest.saturating_add(quarantine))
        })
        .collect();
    roomy(&rests, spare, case.history.end().saturating_add(1))
}

fn may_rest(case: &Case<'_>, call: &Call<'_>) -> bool {
    if call.invoke.function != Function::Decline || surely_not(call) {
        return false;
    }
    let Some((client, address)) =
        exchange(call.invoke).and_then(|it| Some((&it.client, it.address?)))
    else {
        return false;
    };
    let begun = call.invoke.time;
    let holds = case.holds.of_address(address).iter();
    let mut own = holds.filter(|hold| hold.client == client);
    own.any(|hold| hold.from() <= begun && begun < hold.grant.expiry())
}

/// The parts of 0 to `end` in which no more than `spare` of `rests` are on.
fn roomy(rests: &[Span], spare: u64, end: u64) -> Vec<Span> {
    let mut moments: Vec<u64> = rests
        .iter()
        .flat_map(|(from, until)| [*from, *until])
        .collect();
    moments.extend([0, end]);
    moments.retain(|moment| *moment <= end);
    moments.sort_unstable();
    moments.dedup();
    let resting = |at: u64| {
        let begun = rests.partition_point(|rest| rest.0 <= at);
        let over = rests.partition_point(|rest| rest.1 <= at);
        (begun - over) as u64
    };
    let parts = moments.windows(2).map(|pair| (pair[0], pair[1]));
    super::spans::merged(parts.filter(|part| resting(part.0) <= spare), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ends_with_one_decline_too_many_and_comes_back() {
        let rests = [(10, 110), (20, 120), (30, 130)];
        assert_eq!(roomy(&rests, 2, 200), [(0, 30), (110, 200)]);
        assert_eq!(roomy(&rests, 3, 200), [(0, 200)]);
        assert_eq!(roomy(&rests, 0, 115), [(0, 10)]);
    }
}
