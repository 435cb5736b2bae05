//! The same seed means the same run, byte for byte, in this process and in another.
//!
//! Only in a build whose randomness is seeded: `RUSTFLAGS="--cfg tokio_unstable" cargo test -p sim
//! --profile sim --target-dir target/sim`. Any other build refuses to play (`a_build_that…`).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sim::run::{Manner, play};

#[cfg(tokio_unstable)]
mod reproducible {
    use super::*;
    use std::process::Command;

    fn manner(nodes: u64, keeps_trace: bool) -> Manner {
        Manner {
            nodes: Some(nodes),
            keeps_trace,
            ..Manner::default()
        }
    }

    /// Seeds of three and of five nodes.
    const SEEDS: [(u64, u64); 2] = [(11, 3), (12, 5)];

    #[test]
    fn the_same_seed_gives_the_same_trace() {
        for (seed, nodes) in SEEDS {
            let first = play(seed, manner(nodes, true)).unwrap();
            let second = play(seed, manner(nodes, true)).unwrap();
            assert!(first.lines.len() > 1000, "it did something");
            for (one, other) in first.lines.iter().zip(&second.lines) {
                assert_eq!(one, other);
            }
            assert_eq!(first.lines.len(), second.lines.len());
            assert_eq!(first.digest, second.digest);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_trace_in_another_process() {
        let (seed, nodes) = SEEDS[0];
        let here = play(seed, manner(nodes, false)).unwrap().digest;
        let arguments = ["--trace", "--seed", &seed.to_string()];
        let there = Command::new(env!("CARGO_BIN_EXE_sim"))
            .args(arguments)
            .args(["--nodes", &nodes.to_string()])
            .output()
            .unwrap();
        let there = String::from_utf8(there.stdout).unwrap();
        let digest = there.lines().find_map(|line| line.strip_prefix("trace "));
        assert_eq!(digest, Some(here.as_str()));
    }

    #[test]
    fn another_seed_gives_another_trace() {
        let [(one, nodes), _] = SEEDS;
        let traces = [one, one + 100].map(|seed| play(seed, manner(nodes, false)).unwrap().digest);
        assert_ne!(traces[0], traces[1]);
    }
}

#[cfg(not(tokio_unstable))]
#[test]
fn a_build_that_cannot_repeat_itself_refuses_to_play() {
    let refused = play(1, Manner::default()).err().unwrap().to_string();
    assert!(refused.contains("tokio_unstable"), "{refused}");
}
