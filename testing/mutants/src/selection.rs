//! Which of the deliberate bugs is on.

use crate::ALL;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Names the bug that is on unless [`select`] says otherwise.
const VARIABLE: &str = "GATEWAYD_MUTATION";
/// Whether the comments have been made code in this build.
const BUILT_IN: bool = cfg!(feature = "built-in");

const NOT_ASKED: usize = usize::MAX;
const NONE: usize = usize::MAX - 1;
/// Where it stands in [`ALL`].
static SELECTED: AtomicUsize = AtomicUsize::new(NOT_ASKED);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Why a mutation cannot be turned on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// No mutation of this name.
    #[error("there is no mutation {0:?}: see the list of them in docs/testing/mutations.md")]
    Unknown(String),
    /// An ordinary build.
    #[error(
        "this build has no mutations in it: play {0:?} with `./x sim --mutation {0}` or `./x mutants {0}`"
    )]
    NotBuiltIn(String),
}

/// Turns one mutation on, and every other off; `None` turns all off.
pub fn select(name: Option<&str>) -> Result<(), SelectError> {
    let index = match name {
        None => NONE,
        Some(name) => {
            let index = ALL.iter().position(|mutation| mutation.name == name);
            let index = index.ok_or_else(|| SelectError::Unknown(name.to_owned()))?;
            if !BUILT_IN {
                return Err(SelectError::NotBuiltIn(name.to_owned()));
            }
            index
        }
    };
    SELECTED.store(index, Ordering::SeqCst);
    COUNT.store(0, Ordering::SeqCst);
    Ok(())
}

/// Whether the mutation of this name is on.
///
/// # Panics
/// If nothing was selected and `GATEWAYD_MUTATION` names a mutation that cannot be.
#[must_use]
pub fn on(name: &str) -> bool {
    if SELECTED.load(Ordering::Relaxed) == NOT_ASKED {
        let variable = std::env::var(VARIABLE).ok();
        if let Err(error) = select(variable.as_deref()) {
            panic!("{VARIABLE}: {error}");
        }
    }
    let selected = ALL.get(SELECTED.load(Ordering::Relaxed));
    selected.is_some_and(|mutation| mutation.name == name)
}

/// True every fourth time, by a count of this process: something that no log knows, for a mutation that makes
/// states differ.
#[must_use]
pub fn every_fourth_time() -> bool {
    COUNT.fetch_add(1, Ordering::Relaxed) % 4 == 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_an_error() {
        let unknown = SelectError::Unknown("s0_nonsense".to_owned());
        assert_eq!(select(Some("s0_nonsense")), Err(unknown));
    }

    #[test]
    #[cfg(not(feature = "built-in"))]
    fn an_ordinary_build_has_none() {
        let refused = select(Some("s1_holder_ignored"));
        assert!(refused.is_err_and(|error| error.to_string().contains("./x sim --mutation")));
        assert!(!on("s1_holder_ignored"));
    }

    #[test]
    #[cfg(feature = "built-in")]
    fn one_is_on_at_a_time() {
        select(Some("s1_holder_ignored")).expect("it is in the list");
        assert!(on("s1_holder_ignored") && !on("s3_two_addresses"));
        select(None).expect("none can always be selected");
        assert!(!on("s1_holder_ignored"));
    }
}
