//! How long each layer of `./x test` may take, on two processors that build the next ones meanwhile: about twice
//! what it takes. A layer that outgrows its budget fails, and so does the whole: what CI costs is decided here, and
//! not by chance.

use std::time::Duration;

/// What is not named here.
const ANY: u64 = 4;
/// In minutes.
const BUDGETS: [(&str, u64); 8] = [
    // From nothing: some 400 crates.
    ("building the programs and the tests", 14),
    ("tests: cluster", 8),
    ("tests: lab", 16),
    // What is not built by the time the tests have ended.
    ("what was built meanwhile", 14),
    ("building the simulation", 6),
    ("simulation: seeds", 8),
    ("fault tests: the short matrix", 7),
    // Half an hour is the goal; the rest is for a machine on a bad day.
    ("total", 50),
];

/// The budget of the step of this name.
pub fn of(step: &str) -> Duration {
    let named = BUDGETS.iter().find(|(name, _)| *name == step);
    Duration::from_secs(60 * named.map_or(ANY, |(_, minutes)| *minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_has_a_budget() {
        assert_eq!(of("tests: lab"), Duration::from_secs(16 * 60));
        assert_eq!(of("tests: ipam"), Duration::from_secs(4 * 60));
    }
}
