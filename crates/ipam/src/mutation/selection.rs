//! Which of the deliberate bugs is on. Only in a build that has them, and so the one file of this
//! crate that may use std. The choice is the process's, not a state's.

extern crate std;

use super::ALL;
use crate::Span;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::string::String;

const NOT_ASKED: usize = usize::MAX;
const NONE: usize = usize::MAX - 1;
static SELECTED: AtomicUsize = AtomicUsize::new(NOT_ASKED);
static ASKED: AtomicU64 = AtomicU64::new(0);

/// No mutation of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no mutation {0:?}: see the list of them in docs/testing/mutations.md")]
pub struct UnknownMutation(pub String);

/// Turns one mutation on, and every other off; `None` turns all off.
pub fn select(name: Option<&str>) -> Result<(), UnknownMutation> {
    let index = match name {
        Some(name) => ALL
            .iter()
            .position(|mutation| mutation.name == name)
            .ok_or_else(|| UnknownMutation(name.into()))?,
        None => NONE,
    };
    SELECTED.store(index, Ordering::SeqCst);
    ASKED.store(0, Ordering::SeqCst);
    Ok(())
}

/// The duration that a grant gets: another one now and then, by a count that no log knows, if
/// states are to differ.
#[must_use]
pub fn differing(duration: Span) -> Span {
    let differs = crate::mutated!("s8_apply_differs") || crate::mutated!("s8_digests_not_compared");
    if differs && ASKED.fetch_add(1, Ordering::Relaxed) % 4 == 3 {
        return Span(duration.0 + 1000);
    }
    duration
}

/// Whether the mutation at this place in [`ALL`] is on.
///
/// # Panics
/// If nothing was selected and `GATEWAYD_MUTATION` names no mutation.
#[must_use]
pub fn is_selected(index: usize) -> bool {
    if SELECTED.load(Ordering::Relaxed) == NOT_ASKED {
        let name = std::env::var("GATEWAYD_MUTATION").ok();
        if let Err(unknown) = select(name.as_deref()) {
            panic!("{unknown}");
        }
    }
    SELECTED.load(Ordering::Relaxed) == index
}
